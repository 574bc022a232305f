// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/error.hpp>
#include <holdfast/reply.hpp>
#include <holdfast/type.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http_answer.hpp"
#include "serve/http_request.hpp"

/// What a caller over HTTP is told: of a call's outcome, or as a problem document (RFC 9457).
namespace holdfast::serve {

/// The status that stands for an error, as the table of outcomes has it.
unsigned status_of(errc code) noexcept;

/// A call's answer: 200 with the value, 202 where the caller's wait was over first, else a problem.
http_answer answer_of(const reply& told, const std::optional<wit::type>& result);

/// What became of a call, in a word that is kept: its outcome, or `detached` where the wait was over first.
std::string_view word_of(const reply& told) noexcept;

/// Of a request that did not become a call. The guest was not entered.
http_answer problem_of(const error& why);

/// Of a request that is wrong as HTTP, or not allowed. `code`: its short name, such as `bad_request`.
http_answer problem_of(const http_refusal& why, std::string_view code);
http_answer problem_of(const http_refusal& why);

/// Of what went wrong where a guest has run, or may have.
http_answer problem_of(const http_refusal& why, outcome what, effect ran);

/// JSON that nobody is to keep.
http_answer json_answer(unsigned status, const boost::json::value& body);

/// With `Retry-After`, in whole seconds, at least one.
http_answer too_many(const std::string& why, duration wait);

}  // namespace holdfast::serve
