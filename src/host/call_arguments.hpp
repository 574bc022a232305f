// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <holdfast/packer.hpp>
#include <memory>
#include <span>
#include <utility>

#include "wit/packed.hpp"

/// The packed arguments of one call, from wherever they were packed. Moving them leaves their bytes in place.
namespace holdfast::detail {

/// A packer of this thread, empty. Given back, it serves the next call: neither is made for each.
struct give_packer_back {
  void operator()(wit::packer* used) const noexcept;
};
using packer_ptr = std::unique_ptr<wit::packer, give_packer_back>;
packer_ptr take_packer(wit::placement where = wit::placement::by_reference);

class call_arguments {
 public:
  call_arguments() = default;
  explicit call_arguments(packer_ptr typed) noexcept : typed_(std::move(typed)) {}
  explicit call_arguments(wit::packed_args dynamic)
      : dynamic_(std::make_unique<wit::packed_args>(std::move(dynamic))) {}

  std::span<const std::byte> bytes() const noexcept {
    if (typed_ != nullptr) return typed_->bytes();
    return dynamic_ != nullptr ? dynamic_->bytes() : std::span<const std::byte>();
  }
  /// With what the bytes refer to.
  std::size_t size() const noexcept {
    if (typed_ != nullptr) return typed_->size();
    return dynamic_ != nullptr ? dynamic_->size() : 0;
  }
  void forget() noexcept {
    typed_.reset();
    dynamic_.reset();
  }

 private:
  packer_ptr typed_;
  std::unique_ptr<wit::packed_args> dynamic_;  // where there is no packer; a call holds one of the two
};

}  // namespace holdfast::detail
