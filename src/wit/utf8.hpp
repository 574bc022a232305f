// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// Checks text that must be UTF-8, as WIT strings must.
namespace holdfast::wit {

/// Whether a number is a Unicode scalar value, as a WIT char must be.
constexpr bool is_unicode_scalar(std::uint32_t c) noexcept {
  return c < 0xD800 || (c > 0xDFFF && c <= 0x10FFFF);
}

/// The length of the longest prefix that is UTF-8: the whole size when all of it is.
inline std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t size = text.size();
  const auto continues = [bytes, size](std::size_t at) { return at < size && (bytes[at] & 0xC0) == 0x80; };
  std::size_t i = 0;
  while (i < size) {
    // Most text is ASCII: eight bytes a step while it is.
    std::uint64_t word = 0;
    while (size - i >= sizeof word) {
      std::memcpy(&word, bytes + i, sizeof word);
      if ((word & 0x8080808080808080u) != 0) break;
      i += sizeof word;
    }
    if (i == size) break;
    const unsigned char lead = bytes[i];
    if (lead < 0x80) {
      i += 1;
    } else if (lead >= 0xC2 && lead <= 0xDF && continues(i + 1)) {
      i += 2;
    } else if ((lead & 0xF0) == 0xE0 && continues(i + 1) && continues(i + 2)) {
      const std::uint32_t c = (lead & 0x0Fu) << 12 | (bytes[i + 1] & 0x3Fu) << 6;
      if (c < 0x800 || !is_unicode_scalar(c)) return i;
      i += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4 && continues(i + 1) && continues(i + 2) && continues(i + 3)) {
      const std::uint32_t c = (lead & 0x07u) << 18 | (bytes[i + 1] & 0x3Fu) << 12;
      if (c < 0x10000 || c > 0x10FFFF) return i;
      i += 4;
    } else {
      return i;
    }
  }
  return size;
}

/// One scalar value as UTF-8.
inline std::string encode_utf8(char32_t c) {
  const auto tail = [c](unsigned shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
}

/// Reads text that is exactly one scalar value; false for anything else.
inline bool decode_one_utf8(std::string_view text, char32_t& into) {
  if (text.empty() || text.size() > 4 || valid_utf8_prefix(text) != text.size()) return false;
  const auto lead = static_cast<unsigned char>(text.front());
  char32_t c = text.size() == 1 ? lead : lead & (0x3Fu >> (text.size() - 1));
  for (const char each : text.substr(1)) c = c << 6 | (static_cast<unsigned char>(each) & 0x3Fu);
  into = c;
  return encode_utf8(c).size() == text.size() && encode_utf8(c) == text;
}

}  // namespace holdfast::wit
