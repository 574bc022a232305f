// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "engine/blueprint.hpp"

/// The mistake that Holdfast exists to prevent, for the demo to show: a call whose caller owns its future.
namespace holdfast::bridge {

/// One instance called directly. When the caller leaves a call half-way its future is dropped, the store
/// stays, and what became of it is what the next call says. Nothing else in Holdfast may be used like this.
///
/// @par Thread safety  one thread at a time
class direct {
 public:
  struct answer {
    bool left = false;            ///< the caller left before the end
    std::optional<error> failed;  ///< Wasmtime's own words
  };

  /// Instantiates, blocking.
  static result<std::unique_ptr<direct>> make(const blueprint& from);

  /// Calls and polls the future on this thread. Still pending after `leave_after_polls` polls (0: never), the
  /// caller leaves.
  answer call(std::uint32_t function, std::span<const std::byte> arguments, std::uint32_t leave_after_polls);

 private:
  explicit direct(direct_handle made) : handle_(std::move(made)) {}
  direct_handle handle_;
};

}  // namespace holdfast::bridge
