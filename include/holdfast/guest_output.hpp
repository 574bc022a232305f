// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <holdfast/call_id.hpp>
#include <holdfast/value_parts.hpp>
#include <string_view>

/// What guests print, and who is told.
namespace holdfast {

/// Which of its output streams a guest wrote to.
enum class guest_stream : std::uint8_t { out = 1, err = 2 };

/// What a guest printed. The text is untrusted; it may be cut anywhere, within a character too.
struct guest_text {
  guest_stream stream = guest_stream::out;  ///< of `wasi:cli/stdout` or `stderr`
  std::string_view untrusted{};             ///< for the length of the call that tells it
  wit::handle::home from{};                 ///< the instance
  /// It was printed for; unset: calls of async functions share the instance, or it is between calls.
  call_id call{};
};

/// Takes it. Called by several threads at once, inside a guest's slice: be quick. What it throws is dropped.
using guest_output = std::function<void(const guest_text&)>;

}  // namespace holdfast
