// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/duration.hpp>
#include <holdfast/error.hpp>
#include <optional>
#include <string>

#include "serve/http_request.hpp"

/// What the fields of a request say about its call.
namespace holdfast::serve {

struct call_wish {
  std::string key{};                   ///< `Idempotency-Key`; empty: none
  std::optional<duration> wait{};      ///< `Prefer: wait=N`: the call is kept, and waited for so long
  bool respond_async = false;          ///< `Prefer: respond-async`: kept, and not waited for
  std::optional<duration> deadline{};  ///< `Holdfast-Deadline`
};

/// @par Errors  `bad_arguments`: a field is malformed; the detail names it. RFC 7240 has preferences that are
/// not understood ignored; one that is and makes no sense is told
result<call_wish> read_call_wish(const http_request& from);

/// Seconds, as `Prefer: wait` and the query of an attach have them: `10`, `0.5`.
/// @par Errors  `bad_arguments`
result<duration> parse_seconds(std::string_view text);

}  // namespace holdfast::serve
