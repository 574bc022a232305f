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
packer_ptr take_packer();

class call_arguments {
 public:
  call_arguments() = default;
  explicit call_arguments(packer_ptr typed) noexcept : typed_(std::move(typed)) {}
  explicit call_arguments(wit::packed_args dynamic) noexcept : dynamic_(std::move(dynamic)) {}

  std::span<const std::byte> bytes() const noexcept { return typed_ ? typed_->bytes() : dynamic_.bytes(); }
  /// With what the bytes refer to.
  std::size_t size() const noexcept { return typed_ ? typed_->size() : dynamic_.size(); }
  void forget() noexcept {
    typed_.reset();
    dynamic_ = {};
  }

 private:
  packer_ptr typed_;
  wit::packed_args dynamic_;  // where there is no packer
};

}  // namespace holdfast::detail
