// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http_request.hpp"

/// Where a request stands in a trace that others may have begun: `traceparent` and `tracestate` of W3C Trace
/// Context.
namespace holdfast::serve {

/// 128 bits, never all zero.
struct trace_id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// 32 lower-case hexadecimal digits.
  std::string to_string() const;

  friend bool operator==(const trace_id&, const trace_id&) = default;
};

/// Never zero; zero stands for none.
using span_id = std::uint64_t;

/// 16 lower-case hexadecimal digits.
std::string to_string_of_span(span_id which);

struct trace_context {
  trace_id trace{};
  span_id span = 0;
  bool sampled = false;
  std::string state{};  ///< what vendors add, passed on as it came; empty: nothing

  /// Of version 00, as it is passed on.
  std::string traceparent() const;
};

/// A request's own place in it.
struct request_trace {
  trace_context here{};
  span_id parent = 0;  ///< the sender's; 0: it begins the trace
  std::chrono::steady_clock::time_point began{};
  std::chrono::system_clock::time_point began_at{};  ///< the same

  std::chrono::system_clock::time_point wall(std::chrono::steady_clock::time_point when) const {
    return began_at + std::chrono::duration_cast<std::chrono::system_clock::duration>(when - began);
  }
};

/// Reads version 00, and of later ones what they have in common with it. Nothing: it is malformed.
std::optional<trace_context> parse_traceparent(std::string_view text);

/// `tracestate`, of several fields one. Empty: there is none, or it is malformed.
std::string parse_tracestate(const std::vector<http_field>& fields);

/// Where the one who sent the request stood. Nothing: it says nothing that can be read.
std::optional<trace_context> sender_of(const http_request& request);

}  // namespace holdfast::serve
