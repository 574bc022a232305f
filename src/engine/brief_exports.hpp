// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/duration.hpp>
#include <holdfast/error.hpp>
#include <holdfast/world.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/handle.hpp"

/// The exports of a pool whose calls have one slice (`pool_options::brief`).
namespace holdfast::bridge {

/// @par Thread safety  immutable
class brief_exports {
 public:
  /// Declares them to the linker, which tells at its end whether they can be. Null: there are none.
  /// @par Errors  `no_such_export`
  static result<std::shared_ptr<const brief_exports>> declare(hfb_linker* linker, const wit::world& of,
                                                              std::span<const std::string> names,
                                                              duration tick);

  bool has(std::uint32_t function) const noexcept { return function < which_.size() && which_[function]; }

  /// What each of their calls may count on.
  duration slice() const noexcept { return slice_; }

 private:
  brief_exports(std::vector<bool> which, duration slice) noexcept : which_(std::move(which)), slice_(slice) {}

  std::vector<bool> which_;
  duration slice_;
};

}  // namespace holdfast::bridge
