// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a request is answered with.
namespace holdfast::serve {

struct http_answer {
  // No aggregate, as `http_refusal` is none.
  explicit http_answer(unsigned code = 200, std::string_view kept_type = {}, std::string content = {})
      : status(code), type(kept_type), body(std::move(content)) {}

  unsigned status;
  /// Kept: `Content-Type`. Empty: it has none, or it is among the fields.
  std::string_view type;
  /// Nobody is to guess another type (`X-Content-Type-Options`).
  bool no_sniffing = false;
  /// Besides those of the connection (`Date`, `Content-Length`, `Connection` and the like), which are not to
  /// be given. Values that no field may have are dropped with their fields.
  std::vector<std::pair<std::string, std::string>> fields{};
  std::string body;
  /// Kept, and sent in place of `body`: pages that the program has.
  std::string_view fixed_body{};

  std::string_view content() const noexcept { return fixed_body.empty() ? body : fixed_body; }
};

/// Whether an answer of that status has a content at all.
constexpr bool has_content(unsigned status) noexcept {
  return status != 204 && status != 304 && status >= 200;
}

/// The phrase beside a status.
std::string_view reason_of(unsigned status) noexcept;

/// How the length of an answer is told.
enum class answer_framing : std::uint8_t { none, length, chunked, until_close };

/// Appends the head of an answer. `connection`: the value of that field; empty: it has none.
void write_head(std::string& to, const http_answer& of, answer_framing framing, std::uint64_t length,
                std::string_view connection, std::string_view date);

/// The time as HTTP has it; one text a second and thread.
std::string_view http_date();

}  // namespace holdfast::serve
