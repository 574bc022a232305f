// SPDX-License-Identifier: Apache-2.0
#include "wit/marks.hpp"

#include <cstddef>

#include "wit/doc_text.hpp"
#include "wit/nearest.hpp"
#include "wit/utf8.hpp"

namespace holdfast::wit {

namespace {

constexpr std::string_view tag = "@holdfast";
constexpr std::string_view no_marks = "none";

bool goes_on(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// `@holdfast` as a word of its own at the beginning: `@holdfasting` is somebody else's.
bool is_tagged(std::string_view line) {
  return line.starts_with(tag) && (line.size() == tag.size() || !goes_on(line[tag.size()]));
}

result<void> read_marks(std::string_view line, mark_list& into) {
  std::string_view rest = line.substr(tag.size());
  if (!rest.starts_with(':')) {
    return error(errc::bad_contract,
                 "a line of marks is written `@holdfast: MARK, MARK`, with a colon after `@holdfast`");
  }
  rest.remove_prefix(1);
  while (true) {
    const std::size_t comma = rest.find(',');
    if (auto added = into.add(trimmed(rest.substr(0, comma))); !added) return added;
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

result<void> mark_list::add(std::string_view spelling) {
  const auto refuse = [](std::string why) { return error(errc::bad_contract, std::move(why)); };
  if (spelling.empty()) {
    return refuse("a mark is missing; there are `idempotent`, `read-only`, `kill-safe` and `none`");
  }
  if (spelling == no_marks) {
    if (none_ || !contract_.empty()) return refuse("`none` stands alone");
    none_ = true;
    return {};
  }
  for (const cancel_mark mark : all_marks) {
    if (to_string(mark) != spelling) continue;
    if (none_) return refuse("`none` stands alone");
    if (contract_.has(mark)) return refuse("`" + std::string(spelling) + "` is given twice");
    contract_ = contract_ | mark;
    return {};
  }
  std::string_view nearest = no_marks;
  std::size_t least = bounded_distance(spelling, no_marks);
  for (const cancel_mark mark : all_marks) {
    const std::size_t distance = bounded_distance(spelling, to_string(mark));
    if (distance < least) {
      least = distance;
      nearest = to_string(mark);
    }
  }
  return refuse("no mark `" + shortened(spelling) + "`; the nearest is `" + std::string(nearest) + "`");
}

result<comment> read_comment(std::string_view docs) {
  comment read;
  mark_list marks;
  bool marked = false;
  while (!docs.empty()) {
    const std::size_t end = std::min(docs.find('\n'), docs.size());
    std::string_view line = docs.substr(0, end);
    docs.remove_prefix(std::min(end + 1, docs.size()));
    if (is_tagged(trimmed(line))) {
      if (auto added = read_marks(trimmed(line), marks); !added) return added.error();
      marked = true;
      continue;
    }
    // Marks are read to the end, text is kept only as far as anybody would read.
    if (read.text.size() > longest_comment) continue;
    if (line.ends_with('\r')) line.remove_suffix(1);
    read.text.append(line.substr(0, longest_comment + 1)) += '\n';
  }
  if (read.text.size() > longest_comment) {
    read.text.resize(valid_utf8_prefix(std::string_view(read.text).substr(0, longest_comment)));
    read.text += " [...]";
  }
  // The blank lines that stood around the marks.
  const std::size_t begin = read.text.find_first_not_of("\n");
  read.text.erase(0, begin == std::string::npos ? read.text.size() : begin);
  while (!read.text.empty() && (read.text.back() == '\n' || read.text.back() == ' ')) read.text.pop_back();
  if (marked) read.marks = marks.contract();
  return read;
}

}  // namespace holdfast::wit
