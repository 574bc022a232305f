// SPDX-License-Identifier: Apache-2.0
#include "wit/visible.hpp"

#include <boost/json/serialize.hpp>
#include <cstdint>
#include <cstdio>

namespace holdfast::wit {
namespace {

struct character {
  std::uint32_t code = 0;
  std::size_t size = 0;  // 0: no UTF-8 here
};

// Reads one character, strictly: no overlong forms, no surrogates.
character next_character(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = at(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xf0 && first < 0xf5   ? 4
                           : first >= 0xe0 && first < 0xf0 ? 3
                           : first >= 0xc2 && first < 0xe0 ? 2
                                                           : 0;
  if (size == 0 || text.size() < size) return {};
  std::uint32_t code = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (at(i) & 0x3fU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {code, size};
}

bool obeyed_by_terminals(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
         (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x206f) || code == 0x180e || code == 0xfeff;
}

template <class Escape>
std::string escaped(std::string_view text, Escape&& escape) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const character next = next_character(text);
    if (next.size == 0) {
      escape(safe, static_cast<std::uint8_t>(text[0]), true);
      text.remove_prefix(1);
      continue;
    }
    if (obeyed_by_terminals(next.code)) {
      escape(safe, next.code, false);
    } else {
      safe.append(text.substr(0, next.size));
    }
    text.remove_prefix(next.size);
  }
  return safe;
}

void visible(std::string& safe, std::uint32_t code, bool byte) {
  char form[16];
  if (code == '\n' || code == '\t' || code == '\r') {
    safe += code == '\n' ? "\\n" : code == '\t' ? "\\t" : "\\r";
    return;
  }
  std::snprintf(form, sizeof form, byte || code < 0x80 ? "\\x%02x" : "\\u{%x}", code);
  safe += form;
}

}  // namespace

std::string escape_line(std::string_view untrusted) { return escaped(untrusted, visible); }

std::string json_line(const boost::json::value& what) {
  return escaped(boost::json::serialize(what), [](std::string& safe, std::uint32_t code, bool) {
    char form[8];
    std::snprintf(form, sizeof form, "\\u%04x",
                  code & 0xffffU);  // every character obeyed by terminals is in the BMP
    safe += form;
  });
}

}  // namespace holdfast::wit
