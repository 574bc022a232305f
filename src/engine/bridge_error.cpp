// SPDX-License-Identifier: Apache-2.0
#include "engine/bridge_error.hpp"

#include <string>

namespace holdfast::bridge {
namespace {

// A guest's trap text and backtrace may be as long as the guest likes.
constexpr std::size_t longest_text = 64U << 10;

std::string bounded(hfb_slice slice) {
  std::string_view text = text_of(slice);
  if (text.size() <= longest_text) return std::string(text);
  return std::string(text.substr(0, longest_text)) + " [...]";
}

// Exhaustive over the bridge's kinds: a new one does not compile until someone has decided.
errc code_of(hfb_kind kind) noexcept {
  switch (kind) {
    case HFB_KIND_NOT_WASM:
      return errc::not_wasm;
    case HFB_KIND_CORE_MODULE:
      return errc::core_module;
    case HFB_KIND_MALFORMED:
      return errc::malformed_component;
    case HFB_KIND_UNSUPPORTED:
      return errc::unsupported_component;
    case HFB_KIND_UNKNOWN_IMPORT:
      return errc::unknown_import;
    case HFB_KIND_TYPE_MISMATCH:
      return errc::type_mismatch;
    case HFB_KIND_TOO_LARGE:
      return errc::limit;
    case HFB_KIND_CACHE:
      return errc::internal;
    case HFB_KIND_INSTANTIATION:
      return errc::cannot_instantiate;
    case HFB_KIND_TRAP:
      return errc::trapped;
    case HFB_KIND_HOST_FAILED:
      return errc::host_failed;
    case HFB_KIND_INTERRUPTED:
      return errc::killed;  // the cell knows the reason
    case HFB_KIND_MEMORY_LIMIT:
      return errc::trapped;
    case HFB_KIND_BAD_VALUE:
      return errc::host_failed;
    case HFB_KIND_NO_RESOURCES:
      return errc::no_resources;
    case HFB_KIND_INTERNAL:
      return errc::internal;
  }
  return errc::internal;
}

}  // namespace

error to_error(hfb_error* owned) {
  const error_handle held(owned);
  return {code_of(hfb_error_kind(held.get())), bounded(hfb_error_message(held.get()))};
}

core::fault to_fault(hfb_error* owned) {
  const error_handle held(owned);
  return {.code = code_of(hfb_error_kind(held.get())),
          .message = bounded(hfb_error_message(held.get())),
          .backtrace = bounded(hfb_error_detail(held.get()))};
}

}  // namespace holdfast::bridge
