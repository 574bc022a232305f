// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "serve/trace_context.hpp"

/// One thing that took time, as a trace shows it.
namespace holdfast::serve {

inline constexpr std::size_t longest_attribute = 1024;  // bytes of a text; what is more is cut

struct trace_span {
  enum class role : std::uint8_t { internal = 1, server = 2 };  // the numbers of OTLP
  using value = std::variant<std::string, std::int64_t, double>;

  trace_context here{};
  span_id parent = 0;           ///< 0: it begins the trace
  bool parent_is_afar = false;  ///< in another process
  role kind = role::internal;
  std::string name{};
  std::chrono::system_clock::time_point began{};
  std::chrono::system_clock::time_point ended{};
  std::vector<std::pair<const char*, value>> attributes{};
  bool failed = false;
  std::string why{};  ///< where it failed: a word
};

}  // namespace holdfast::serve
