// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Where a message of HTTP/1.1 ends, read once more from RFC 9112 as plainly as can be: all bytes at hand, no
/// state, nothing forgiven. It knows nothing of what else a gateway refuses, so it may allow what that does
/// not, never the other way round.
namespace holdfast::fuzz {

struct message_reading {
  enum class how : std::uint8_t { whole, unfinished, wrong };
  how ended = how::unfinished;
  std::size_t head = 0;  ///< bytes, with the empty line
  std::size_t size = 0;  ///< bytes of all of it, where it is whole
  std::string body{};    ///< what there is of it
};

namespace reference {

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline int hex(char c) {
  const char small = lower(c);
  if (c >= '0' && c <= '9') return c - '0';
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

inline std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The value of the fields of that name, each in lower case.
inline std::vector<std::string> values(const std::vector<std::string_view>& lines, std::string_view name) {
  std::vector<std::string> found;
  for (const std::string_view line : lines) {
    std::string low;
    for (const char c : line) low.push_back(lower(c));
    const std::size_t colon = low.find(':');
    if (colon != std::string::npos && std::string_view(low).substr(0, colon) == name)
      found.emplace_back(trim(std::string_view(low).substr(colon + 1)));
  }
  return found;
}

/// Lines up to an empty one; where that ends, or npos.
inline std::size_t split(std::string_view bytes, std::vector<std::string_view>& lines) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = bytes.find("\r\n", at);
    if (end == std::string_view::npos) return end;
    if (end == at) return end + 2;
    lines.push_back(bytes.substr(at, end - at));
    at = end + 2;
  }
}

inline bool has_bare_ends(const std::vector<std::string_view>& lines) {
  for (const std::string_view line : lines)
    if (line.find_first_of("\r\n") != std::string_view::npos) return true;
  return false;
}

/// A field is a token, a colon right behind it, and a value; none goes on in the next line.
inline bool has_malformed_field(const std::vector<std::string_view>& lines) {
  for (const std::string_view line : lines) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return true;
    for (const char c : line.substr(0, colon))
      if (c <= ' ' || c == 0x7f || std::string_view("\"(),/:;<=>?@[\\]{}").find(c) != std::string_view::npos)
        return true;
  }
  return false;
}

inline void read_chunks(std::string_view bytes, message_reading& read) {
  std::size_t at = read.head;
  for (;;) {
    const std::size_t end = bytes.find("\r\n", at);
    if (end == std::string_view::npos) return;
    const std::string_view line = bytes.substr(at, end - at);
    std::size_t digits = 0;
    std::uint64_t size = 0;
    for (; digits < line.size() && hex(line[digits]) >= 0; ++digits) {
      if (size >> 60 != 0) return void(read.ended = message_reading::how::wrong);
      size = size << 4 | static_cast<std::uint64_t>(hex(line[digits]));
    }
    const std::string_view rest = trim(line.substr(digits));
    if (digits == 0 || (!rest.empty() && rest.front() != ';') ||
        line.find_first_of("\r\n") != std::string_view::npos)
      return void(read.ended = message_reading::how::wrong);
    at = end + 2;
    if (size == 0) break;
    read.body += bytes.substr(at, size);
    if (bytes.size() - at < size) return;
    at += size;
    const std::string_view mark = bytes.substr(at, 2);
    if (mark != std::string_view("\r\n").substr(0, mark.size()))
      return void(read.ended = message_reading::how::wrong);
    if (mark.size() < 2) return;
    at += 2;
  }
  std::vector<std::string_view> trailers;
  const std::size_t end = split(bytes.substr(at), trailers);
  if (end == std::string_view::npos) return;
  if (has_bare_ends(trailers) || has_malformed_field(trailers))
    return void(read.ended = message_reading::how::wrong);
  read.size = at + end;
  read.ended = message_reading::how::whole;
}

}  // namespace reference

inline message_reading read_message(std::string_view bytes) {
  using how = message_reading::how;
  message_reading read;
  std::vector<std::string_view> lines;
  const std::size_t head = reference::split(bytes, lines);
  if (head == std::string_view::npos) return read;
  read.head = head;
  read.ended = how::wrong;
  if (lines.empty() || reference::has_bare_ends(lines)) return read;
  const bool first_version = lines.front().ends_with(" HTTP/1.0");
  if (!first_version && !lines.front().ends_with(" HTTP/1.1")) return read;
  lines.erase(lines.begin());
  if (reference::has_malformed_field(lines)) return read;
  const auto encodings = reference::values(lines, "transfer-encoding");
  const auto lengths = reference::values(lines, "content-length");
  if (!encodings.empty()) {
    if (encodings.size() != 1 || encodings[0] != "chunked" || !lengths.empty() || first_version) return read;
    read.ended = how::unfinished;
    reference::read_chunks(bytes, read);
    return read;
  }
  std::uint64_t length = 0;
  if (lengths.size() > 1) return read;
  if (!lengths.empty()) {
    if (lengths[0].empty() || lengths[0].size() > 19) return read;
    for (const char c : lengths[0]) {
      if (c < '0' || c > '9') return read;
      length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
  }
  read.body = bytes.substr(head, length);
  read.ended = read.body.size() == length ? how::whole : how::unfinished;
  read.size = head + length;
  return read;
}

}  // namespace holdfast::fuzz
