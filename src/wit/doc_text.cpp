// SPDX-License-Identifier: Apache-2.0
#include "wit/doc_text.hpp"

#include <algorithm>

#include "wit/visible.hpp"

namespace holdfast::wit {

namespace {

// `- item` and `* item`.
bool is_item(std::string_view line) {
  return line.size() > 2 && (line[0] == '-' || line[0] == '*') && line[1] == ' ';
}

}  // namespace

std::string_view trimmed(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<doc_span> read_doc_line(std::string_view untrusted) {
  std::vector<doc_span> spans;
  const auto add = [&](bool is_code, std::string_view text) {
    if (!text.empty()) spans.push_back({is_code, escape_line(text)});
  };
  while (!untrusted.empty()) {
    const std::size_t open = untrusted.find('`');
    const std::size_t close = open == std::string_view::npos ? open : untrusted.find('`', open + 1);
    // One backtick each side with something between them; any other backtick is a character.
    if (close == std::string_view::npos || close == open + 1) {
      const std::size_t end = close == std::string_view::npos ? untrusted.size() : close + 1;
      add(false, untrusted.substr(0, end));
      untrusted.remove_prefix(end);
      continue;
    }
    add(false, untrusted.substr(0, open));
    add(true, untrusted.substr(open + 1, close - open - 1));
    untrusted.remove_prefix(close + 1);
  }
  return spans;
}

std::vector<doc_block> read_doc_text(std::string_view untrusted) {
  std::vector<doc_block> blocks;
  bool open = false;
  while (!untrusted.empty()) {
    const std::size_t end = std::min(untrusted.find('\n'), untrusted.size());
    std::string_view line = trimmed(untrusted.substr(0, end));
    untrusted.remove_prefix(std::min(end + 1, untrusted.size()));
    if (line.empty()) {
      open = false;
      continue;
    }
    const bool item = is_item(line);
    if (item) line = trimmed(line.substr(2));
    if (item || !open) {
      blocks.push_back({item ? doc_block::kind::item : doc_block::kind::paragraph, {}});
      open = true;
    }
    blocks.back().lines.push_back(read_doc_line(line));
  }
  return blocks;
}

}  // namespace holdfast::wit
