// SPDX-License-Identifier: Apache-2.0
#include "serve/head_finder.hpp"

#include <algorithm>

namespace holdfast::serve {
namespace {

constexpr std::size_t around_target = 64;  // the longest method and the version, with their blanks

http_refusal malformed(std::string why) { return {400, std::move(why)}; }

}  // namespace

std::optional<http_refusal> head_finder::check_line(std::string_view line) const {
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\r') return malformed("a line of the head has a carriage return in it");
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
      return malformed("a line of the head has a control character in it");
    if (lines_ == 0 && byte >= 0x80) return malformed("the request line has a byte in it that is not ASCII");
  }
  if (lines_ == 0) return std::nullopt;
  if (line.front() == ' ' || line.front() == '\t')
    return malformed("a field goes on in the next line, which HTTP/1.1 does not allow any more");
  if (lines_ > limits_.get().fields)
    return http_refusal{431, "the head has more than " + std::to_string(limits_.get().fields) + " fields"};
  return std::nullopt;
}

std::optional<http_refusal> head_finder::check_length(std::size_t size) const {
  const http_limits& limits = limits_;
  if (lines_ == 0 && size > limits.target_bytes + around_target)
    return http_refusal{414,
                        "the request line is longer than " + std::to_string(limits.target_bytes) + " bytes"};
  if (size > limits.head_bytes)
    return http_refusal{431, "the head is longer than " + std::to_string(limits.head_bytes) + " bytes"};
  return std::nullopt;
}

head_finder::found head_finder::look(std::string_view bytes) {
  if (lines_ == 0 && !bytes.empty() && bytes.front() == '\x16')
    return {.wrong = malformed("the client speaks TLS, and this address is plain HTTP")};
  for (;;) {
    const std::size_t end = bytes.find('\n', line_);
    if (end == std::string_view::npos) {
      if (auto wrong = check_length(bytes.size())) return {.wrong = std::move(wrong)};
      return {};
    }
    if (auto wrong = check_length(end + 1)) return {.wrong = std::move(wrong)};
    if (end == line_ || bytes[end - 1] != '\r')
      return {.wrong = malformed("a line of the head ends without a carriage return")};
    const std::string_view line = bytes.substr(line_, end - 1 - line_);
    if (line.empty()) {
      if (lines_ == 0) return {.wrong = malformed("the request begins with an empty line")};
      return {.size = end + 1};
    }
    if (auto wrong = check_line(line)) return {.wrong = std::move(wrong)};
    line_ = end + 1;
    ++lines_;
  }
}

}  // namespace holdfast::serve
