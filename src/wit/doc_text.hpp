// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Documentation text, taken apart into what a page may show of it.
///
/// Doc comments are written as light Markdown. They come from strangers, so none of their markup is passed
/// on: what is understood (paragraphs, simple lists, code) is rendered anew, all else is text.
namespace holdfast::wit {

struct doc_span {
  bool is_code = false;  ///< stood between backticks
  std::string text{};    ///< made visible: no control characters, no line breaks
};

/// A paragraph, or an item of a list.
struct doc_block {
  enum class kind { paragraph, item } is = kind::paragraph;
  std::vector<std::vector<doc_span>> lines{};
};

std::vector<doc_block> read_doc_text(std::string_view untrusted);

/// The spans of one line.
std::vector<doc_span> read_doc_line(std::string_view untrusted);

/// A line without the blanks around it.
std::string_view trimmed(std::string_view line);

}  // namespace holdfast::wit
