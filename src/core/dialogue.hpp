// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

/// What a call and its caller tell each other while the call runs, in place of arguments and a result.
///
/// The engine makes it and knows what it is. The call keeps it; whoever is at its other end may leave at any
/// time, and nothing comes of that for the call.
namespace holdfast::core {

class dialogue {
 public:
  virtual ~dialogue() = default;

  /// What it weighs in a queue's byte bound.
  virtual std::size_t bytes() const noexcept = 0;

  /// The call is done, or never became one: no guest comes to it any more, and its other end learns why.
  /// Without locks, any thread.
  virtual void over(std::string_view why) noexcept = 0;
};

}  // namespace holdfast::core
