// SPDX-License-Identifier: Apache-2.0
#include "serve/toml_depth.hpp"

#include <algorithm>

namespace holdfast::serve {
namespace {

// Past a string that begins at `at`; where it has no end, past the text. What is no TOML may be misread here:
// the parser has stopped before it.
std::size_t past_string(std::string_view text, std::size_t at) noexcept {
  const char quote = text[at];
  const bool lines = text.substr(at, 3) == (quote == '"' ? "\"\"\"" : "'''");
  std::size_t next = at + (lines ? 3 : 1);
  for (; next < text.size(); ++next) {
    if (quote == '"' && text[next] == '\\') {
      ++next;
    } else if (!lines && text[next] == '\n') {
      return next;
    } else if (text[next] == quote) {
      if (!lines) return next + 1;
      std::size_t end = next;
      while (end < text.size() && text[end] == quote) ++end;
      // Up to two quotes may stand before the three that end it.
      if (end - next >= 3) return std::min(end, next + 5);
      next = end - 1;
    }
  }
  return text.size();
}

}  // namespace

std::optional<std::uint32_t> nests_too_deep(std::string_view toml) noexcept {
  std::uint32_t line = 1;
  std::size_t dots = 0;
  for (std::size_t at = 0; at < toml.size();) {
    const char c = toml[at];
    if (c == '"' || c == '\'') {
      const std::size_t next = std::min(past_string(toml, at), toml.size());
      line += static_cast<std::uint32_t>(std::ranges::count(toml.substr(at, next - at), '\n'));
      at = next;
      continue;
    }
    if (c == '#') {
      at = std::min(toml.find('\n', at), toml.size());
      continue;
    }
    if (c == '.') {
      if (++dots >= deepest_key) return line;
    } else if (c == '\n' || c == '=' || c == ',' || c == '[' || c == '{') {
      dots = 0;
    }
    if (c == '\n') ++line;
    ++at;
  }
  return std::nullopt;
}

}  // namespace holdfast::serve
