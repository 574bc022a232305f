// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "wit/doc_text.hpp"
#include "wit/docs_page.hpp"
#include "wit/promises.hpp"
#include "wit/signature.hpp"
#include "wit/visible.hpp"

namespace holdfast::wit {

namespace {

constexpr std::size_t widest_line = 100;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Text that Markdown takes for nothing but text, wherever it stands in a line.
std::string plain(std::string_view visible) {
  constexpr std::string_view special = "\\`*_[]<>&~|$@";
  std::string out;
  for (std::size_t i = 0; i < visible.size(); ++i) {
    const char c = visible[i];
    // Forges make links of bare addresses too.
    const bool address = (c == ':' && visible.substr(i).starts_with("://")) ||
                         (c == '.' && i >= 3 && visible.substr(i - 3, 3) == "www");
    if (special.find(c) != std::string_view::npos || address) out += '\\';
    out += c;
  }
  return out;
}

// The same for text that begins a line, where headings, rules and numbered lists would.
std::string plain_line(std::string_view visible) {
  std::string out = plain(visible);
  if (out.empty()) return out;
  if (std::string_view("#+-=").find(out.front()) != std::string_view::npos) return "\\" + out;
  const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(out, is_digit) - out.begin());
  if (digits > 0 && digits < out.size() && (out[digits] == '.' || out[digits] == ')'))
    out.insert(digits, "\\");
  return out;
}

std::size_t longest_run_of_backticks(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

std::string code(std::string_view visible) {
  const std::string fence(longest_run_of_backticks(visible) + 1, '`');
  const bool padded = fence.size() > 1 || visible.starts_with(' ') || visible.ends_with(' ');
  return fence + (padded ? " " : "") + std::string(visible) + (padded ? " " : "") + fence;
}

std::string cell(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
    text.insert(at, "\\");
  return text;
}

std::string line_of(const std::vector<doc_span>& spans) {
  std::string out;
  for (const doc_span& each : spans)
    out += each.is_code ? code(each.text) : out.empty() ? plain_line(each.text) : plain(each.text);
  return out;
}

// Somebody else's words, as a quotation.
void quote(std::string& out, std::string_view untrusted) {
  const auto blocks = read_doc_text(untrusted);
  const doc_block* before = nullptr;
  for (const doc_block& each : blocks) {
    const bool item = each.is == doc_block::kind::item;
    if (before != nullptr && !(item && before->is == doc_block::kind::item)) out += ">\n";
    for (std::size_t i = 0; i < each.lines.size(); ++i)
      out += (item ? i == 0 ? "> - " : ">   " : "> ") + line_of(each.lines[i]) + '\n';
    before = &each;
  }
  if (!blocks.empty()) out += '\n';
}

// Our own sentence as an item of a list, broken into lines.
void item(std::string& out, std::string_view name, std::string_view sentence) {
  std::string line = "- **" + std::string(name) + "**:";
  while (!sentence.empty()) {
    const std::size_t end = std::min(sentence.find(' '), sentence.size());
    if (line.size() + 1 + end > widest_line) {
      out += line + '\n';
      line = " ";
    }
    line += ' ';
    line += sentence.substr(0, end);
    sentence.remove_prefix(std::min(end + 1, sentence.size()));
  }
  out += line + '\n';
}

void add_table(std::string& out, const std::vector<const function*>& exports) {
  using row = std::array<std::string, 4>;
  std::vector<row> rows{{"export", "marks", "once running", "send again"}};
  for (const function* each : exports) {
    rows.push_back({cell(code(escape_line(each->qualified_name()))), to_string(each->contract),
                    each->contract.cancellable() ? std::string(promises_of(each->contract).running)
                                                 : "**NON-CANCELLABLE**",
                    each->contract.retry_safe() ? "yes" : "only if not executed"});
  }
  row::size_type widths[4] = {};
  for (const row& each : rows)
    for (std::size_t i = 0; i < each.size(); ++i)
      // One very long name does not push the other columns off the screen.
      if (each[i].size() <= widest_line / 2) widths[i] = std::max(widths[i], each[i].size());
  for (std::size_t n = 0; n < rows.size(); ++n) {
    out += '|';
    for (std::size_t i = 0; i < rows[n].size(); ++i) {
      out += ' ' + rows[n][i];
      if (rows[n][i].size() < widths[i]) out.append(widths[i] - rows[n][i].size(), ' ');
      out += " |";
    }
    out += '\n';
    if (n != 0) continue;
    out += '|';
    for (const std::size_t width : widths) out += std::string(width + 2, '-') + '|';
    out += '\n';
  }
  out += '\n';
}

void add_function(std::string& out, const function& of, std::string_view heading) {
  const promises told = promises_of(of.contract);
  out += std::string(heading) + ' ' + code(escape_line(of.name)) + "\n\n";
  out += of.contract.cancellable() ? "Marks: **" + to_string(of.contract) + "**\n\n"
                                   : "**NON-CANCELLABLE once running** (no marks)\n\n";

  const std::string signature = wrapped_signature(of);
  const std::string fence(std::max<std::size_t>(3, longest_run_of_backticks(signature) + 1), '`');
  out += fence + "wit\n";
  for (std::string_view rest = signature; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out += escape_line(rest.substr(0, end)) + '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  out += fence + "\n\n";
  quote(out, of.docs);
  item(out, "Leaving", told.leaving);
  item(out, "Revoke", told.revoke);
  item(out, "Deadline", told.deadline);
  item(out, "Kill", told.kill);
  item(out, "Send again", told.retry);
  out += '\n';
}

void add_interface(std::string& out, const interface& of) {
  const bool named = !of.name.empty();
  if (named && !of.functions.empty()) {
    out += "## " + code(escape_line(of.name)) + "\n\n";
    quote(out, of.docs);
  }
  for (const function& each : of.functions) add_function(out, each, named ? "###" : "##");
  for (const interface& inner : of.interfaces) add_interface(out, inner);
}

}  // namespace

std::string docs_markdown(const world& of, std::string_view title) {
  const auto exports = of.exported_functions();
  std::string out = "# " + plain_line(escape_line(title)) + "\n\n";
  if (exports.empty()) return out + "It exports no functions.\n";
  out +=
      "What its exports promise to those who call them. A caller who leaves never stops a call.\n"
      "The component's own words stand in quotations.\n\n";
  add_table(out, exports);
  add_interface(out, of.exports);
  out.pop_back();
  return out;
}

}  // namespace holdfast::wit
