// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/error.hpp>
#include <span>
#include <string>
#include <string_view>

#include "serve/trace_span.hpp"

/// OTLP over HTTP in its JSON encoding: what a collector is sent, and what it answers.
namespace holdfast::serve {

/// Where a collector takes spans.
struct otlp_endpoint {
  std::string host;       ///< a name or an address, without brackets
  std::string port;       ///< a number
  std::string authority;  ///< as a `Host` field has it
  std::string target;     ///< `/v1/traces` below whatever the address says
};

/// Reads `http://127.0.0.1:4318`.
/// @par Errors  `errc::bad_arguments`
result<otlp_endpoint> parse_otlp_endpoint(std::string_view text);

/// The body of a request. `service`: whose the spans are.
std::string otlp_body(std::span<const trace_span> spans, std::string_view service, std::string_view version);

/// How many spans a collector that answered 200 says it has not taken. 0 where it answers anything else.
std::uint64_t otlp_rejected(std::string_view answer);

}  // namespace holdfast::serve
