// SPDX-License-Identifier: Apache-2.0
#include "engine/direct.hpp"

#include "engine/bridge_error.hpp"

namespace holdfast::bridge {

result<std::unique_ptr<direct>> direct::make(const blueprint& from) {
  hfb_direct* raw = nullptr;
  if (hfb_error* failed = hfb_direct_new(from.raw(), nullptr, &raw)) return to_error(failed);
  return std::unique_ptr<direct>(new direct(direct_handle(raw)));
}

direct::answer direct::call(std::uint32_t function, std::span<const std::byte> arguments,
                            std::uint32_t leave_after_polls) {
  answer told;
  hfb_bytes value{};
  hfb_error* failed =
      hfb_direct_call(handle_.get(), function, slice_of(arguments), leave_after_polls, &value, &told.left);
  const core::buffer held = buffer_of(value);
  if (failed != nullptr) told.failed = to_error(failed);
  return told;
}

}  // namespace holdfast::bridge
