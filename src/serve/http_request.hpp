// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The head of a request as it came, checked so that no proxy in front can have read it as another one.
namespace holdfast::serve {

enum class http_method : std::uint8_t { get, head, post, put, del, options, patch, other };

/// A field as it was sent, but for the blanks around its value. Names are compared without regard to case.
struct http_field {
  std::string_view name;  ///< in lower case
  std::string_view value;
};

/// How the body of a request is delimited.
enum class body_framing : std::uint8_t { none, length, chunked };

/// Its texts are parts of `bytes`, or kept by whoever made it; so it stays where it is.
struct http_request {
  http_request() = default;
  http_request(const http_request&) = delete;
  http_request& operator=(const http_request&) = delete;
  ~http_request() = default;

  http_method method = http_method::other;
  std::string_view method_name;
  /// As it was sent, in origin form: `/v1/call/shop/price?x=1`; `*` for OPTIONS alone.
  std::string_view target;
  std::string_view path() const noexcept;   ///< of the target, still percent-encoded
  std::string_view query() const noexcept;  ///< without the question mark
  unsigned version = 11;                    ///< 10 or 11
  std::string host;                         ///< with its port; empty where HTTP/1.0 names none
  std::vector<http_field> fields;
  body_framing framing = body_framing::none;
  std::uint64_t length = 0;  ///< of the body, where it is delimited by its length
  bool keep_alive = true;    ///< whether the client would send another on this connection
  bool expects_continue = false;

  std::string bytes;  ///< the head as it came, but for the names of its fields
  std::string moved;  ///< a target that was sent in another form

  /// As a new one, with the memory that it has.
  void clear() noexcept;
  /// The value of a field by its name in lower case; nothing: there is none. Of several the first.
  std::optional<std::string_view> field(std::string_view name) const noexcept;
};

/// Why a request is not taken: a status and a sentence.
struct http_refusal {
  // No aggregate: g++ 12 destroys one twice that a `co_await` has in its expression.
  http_refusal() = default;
  http_refusal(unsigned code, std::string because) : status(code), why(std::move(because)) {}
  unsigned status = 400;
  std::string why{};
};

/// `%2F` and the like as the bytes that they stand for; nothing: a percent sign that is none, or a byte NUL.
std::optional<std::string> percent_decoded(std::string_view text);

/// Whether `percent_decoded` gives something.
bool is_percent_encoded(std::string_view text) noexcept;

/// The parts of a path between its slashes, decoded: a slash within one is written `%2F`.
using path_list = boost::container::small_vector<std::string, 6>;
path_list path_parts(std::string_view path);

/// The pairs of a query, decoded; what has no `=` has an empty value. Nothing: a wrong encoding.
std::optional<std::vector<std::pair<std::string, std::string>>> query_pairs(std::string_view query);

/// Whether a comma-separated list has that word, whatever its case.
bool has_token(std::string_view list, std::string_view word) noexcept;

}  // namespace holdfast::serve
