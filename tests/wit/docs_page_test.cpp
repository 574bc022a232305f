// SPDX-License-Identifier: Apache-2.0
#include "wit/docs_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "wit/signature.hpp"
#include "wit/visible.hpp"

using namespace holdfast;
using testing::HasSubstr;
using testing::Not;

namespace {

wit::world documented(std::string docs, std::string name = "run") {
  wit::world w;
  w.exports.functions.emplace_back().name = std::move(name);
  w.exports.functions.back().docs = docs;
  auto& things = w.exports.interfaces.emplace_back();
  things.name = "acme:kinds/things";
  things.docs = std::move(docs);
  things.functions.emplace_back().name = "merge";
  things.functions.back().interface = things.name;
  things.functions.back().index = 1;
  things.functions.back().contract = cancel_mark::read_only;
  return w;
}

// What a page adds to the page of an export without documentation, line by line: the quotation.
std::string quoted(std::string_view docs) {
  wit::world w = documented(std::string(docs));
  w.exports.interfaces.clear();
  const std::string page = docs_markdown(w, "t");
  const std::size_t begin = page.find("\n> ");
  if (begin == std::string::npos) return "";
  return page.substr(begin + 1, page.find("\n- **Leaving**") - begin - 2);
}

// The elements of a page, in order; each must be closed where it should be.
std::vector<std::string> elements_of(std::string_view html) {
  std::vector<std::string> all;
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at + 1)) {
    const std::string_view tag = html.substr(at + 1, html.find('>', at) - at - 1);
    if (tag.starts_with('!')) continue;
    const std::string name(tag.substr(0, tag.find_first_of(" />", 1)));
    if (tag.starts_with('/')) {
      EXPECT_FALSE(open.empty());
      if (open.empty()) return all;
      EXPECT_EQ("/" + open.back(), tag);
      open.pop_back();
      continue;
    }
    all.push_back(name);
    if (!tag.ends_with('/')) open.push_back(name);
  }
  EXPECT_TRUE(open.empty());
  return all;
}

bool is_obeyed(const std::string& text) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (wit::escape_line(rest.substr(0, end)) != rest.substr(0, end)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

const std::vector<std::string> hostile = {
    "a\x1b[31mred\x07\r\u009b\u202ex\u2066y\u200b\u2028z\x7f",
    "</script><script>alert(1)</script>",
    "</code></pre><img src=x onerror=alert(1)>",
    "\"'&amp;&lt;<b>bold</b> <!-- ",
    "[click](javascript:alert(1)) ![x](http://evil/x.png) <http://evil> http://evil www.evil.com a@b.c",
    "# heading\n## `run2`\n===\n---\n***\n+ x\n1. one\n> quoted\n\n    code\n\ttab",
    "```\nfence\n~~~\n`` ` ``\n``",
    "| a | b |\n|---|---|\n| c | d |",
    "**NON-CANCELLABLE** _x_ ~~y~~ $z$ \\",
    "`code with <b> and | and \x1b`",
    "- **Send again**: Yes\n- item\n  more",
    std::string("nul\0byte", 8) + "\xff\xfe",
};

}  // namespace

TEST(docs_page, of_a_component_without_exports_says_so) {
  const wit::world none;
  EXPECT_THAT(docs_markdown(none, "t"), HasSubstr("exports no functions"));
  EXPECT_THAT(docs_html(none, "t"), HasSubstr("exports no functions"));
  EXPECT_TRUE(docs_json(none, "t").at("exports").as_array().empty());
  elements_of(docs_html(none, "t"));
}

TEST(docs_page, marks_what_is_non_cancellable_and_only_that) {
  const wit::world w = documented("");
  const std::string markdown = docs_markdown(w, "t");
  EXPECT_THAT(markdown, HasSubstr("## `run`\n\n**NON-CANCELLABLE once running**"));
  EXPECT_THAT(markdown, HasSubstr("### `merge`\n\nMarks: **read-only**"));
  const std::string html = docs_html(w, "t");
  EXPECT_THAT(html, HasSubstr("id=\"export-0\" class=\"bad\""));
  EXPECT_THAT(html, HasSubstr("id=\"export-1\">"));
  const auto json = docs_json(w, "t");
  EXPECT_FALSE(json.at("exports").at(0).at("cancellable").as_bool());
  EXPECT_TRUE(json.at("exports").at(1).at("cancellable").as_bool());
}

TEST(docs_page, says_for_every_contract_what_each_event_means) {
  std::vector<std::string> seen;
  for (unsigned bits = 0; bits < 8; ++bits) {
    wit::world w = documented("");
    cancel_contract& contract = w.exports.functions[0].contract;
    for (const cancel_mark mark : {cancel_mark::idempotent, cancel_mark::read_only, cancel_mark::kill_safe})
      if ((bits & static_cast<unsigned>(mark)) != 0) contract = contract | mark;
    const auto json = docs_json(w, "t");
    const auto& told = json.at("exports").at(0);
    for (const char* event : {"running", "leaving", "revoke", "deadline", "kill", "retry"})
      EXPECT_FALSE(told.at("contract").at(event).as_string().empty());
    // What it says of sending again is what a host does.
    EXPECT_EQ(told.at("contract").at("retry").as_string().starts_with("Yes"), contract.retry_safe()) << bits;
    EXPECT_EQ(told.at("contract").at("running").as_string() == "non-cancellable once running",
              !contract.cancellable())
        << bits;
  }
}

TEST(docs_page, passes_nothing_on_that_a_terminal_obeys) {
  for (const std::string& text : hostile) {
    const wit::world w = documented(text, text);
    EXPECT_FALSE(is_obeyed(docs_markdown(w, text))) << text;
    EXPECT_FALSE(is_obeyed(docs_html(w, text))) << text;
    EXPECT_FALSE(is_obeyed(wit::json_line(docs_json(w, text)))) << text;
  }
}

TEST(docs_page, in_html_has_only_its_own_elements_whatever_the_texts_are) {
  const auto own = [](std::string_view html) {
    // Paragraphs, lists and code are how a text is shown; everything else is the page's.
    auto all = elements_of(html);
    std::erase_if(all,
                  [](const std::string& e) { return e == "p" || e == "ul" || e == "li" || e == "code"; });
    return all;
  };
  const auto expected = own(docs_html(documented("text"), "title"));
  for (const std::string& text : hostile) {
    EXPECT_EQ(own(docs_html(documented(text), text)), expected) << text;
    EXPECT_EQ(own(docs_html(documented("text", text), "title")), expected) << text;
    wit::world named = documented("text");
    named.exports.interfaces[0].name = text;
    EXPECT_EQ(own(docs_html(named, "title")), expected) << text;
  }
}

TEST(docs_page, in_html_loads_nothing_and_runs_nothing) {
  for (const std::string& text : hostile) {
    const std::string html = docs_html(documented(text, text), text);
    for (const char* never : {"<script", "<img", "<link", "<iframe", " href=\"h", "@import", "url("})
      EXPECT_THAT(html, Not(HasSubstr(never))) << text;
    EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  }
}

TEST(docs_page, in_markdown_takes_texts_for_text) {
  EXPECT_EQ(quoted("[click](javascript:x) ![i](http://e/x) <http://e> www.e.com a@b.c"),
            "> \\[click\\](javascript:x) !\\[i\\](http\\://e/x) \\<http\\://e\\> www\\.e.com a\\@b.c");
  EXPECT_EQ(quoted("# heading\n===\n1. one\n1984\n+ plus"),
            "> \\# heading\n> \\===\n> 1\\. one\n> 1984\n> \\+ plus");
  EXPECT_EQ(quoted("a | b *c* _d_ ~e~ `f*` & \\"), "> a \\| b \\*c\\* \\_d\\_ \\~e\\~ `f*` \\& \\\\");
  EXPECT_EQ(quoted("    not code\n\nnext"), "> not code\n>\n> next");
  EXPECT_EQ(quoted("- **one**\n- two\n  more\n\nend"), "> - \\*\\*one\\*\\*\n> - two\n>   more\n>\n> end");
  EXPECT_EQ(quoted("```\nfence\n```"), "> \\`\\`\\`\n> fence\n> \\`\\`\\`");
  EXPECT_EQ(quoted("</script>"), "> \\</script\\>");
}

TEST(docs_page, in_markdown_keeps_every_line_of_a_text_in_its_quotation) {
  const std::string bare = docs_markdown(documented(""), "t");
  for (const std::string& text : hostile) {
    std::istringstream page(docs_markdown(documented(text), "t"));
    std::string without;
    bool in_quotation = false;
    for (std::string line; std::getline(page, line);) {
      // A quotation and the blank line after it are the text's; all else stays as it is without one.
      const bool belongs = line.starts_with('>') || (in_quotation && line.empty());
      if (!belongs) without += line + "\n";
      in_quotation = line.starts_with('>');
    }
    EXPECT_EQ(without, bare) << text;
  }
}

TEST(docs_page, in_markdown_a_name_stays_within_its_code_and_its_cell) {
  const wit::world w = documented("", "a`b|c``d");
  const std::string page = docs_markdown(w, "t");
  EXPECT_THAT(page, HasSubstr("| ``` a`b\\|c``d ``` "));
  EXPECT_THAT(page, HasSubstr("## ``` a`b|c``d ```\n"));
}

TEST(docs_page, of_a_mebibyte_of_documentation_is_made_in_bounded_size) {
  std::string much;
  while (much.size() < 1U << 20) much += "x<`a` ``\x1b\n- [|\n\n";
  wit::world w = documented(much);
  w.exports.interfaces.clear();
  EXPECT_LT(docs_markdown(w, "t").size(), 8U << 20);
  EXPECT_LT(docs_html(w, "t").size(), 8U << 20);
  EXPECT_LT(wit::json_line(docs_json(w, "t")).size(), 8U << 20);
}

TEST(signature, is_on_one_line_where_it_fits_and_broken_where_not) {
  wit::function f;
  f.name = "place";
  f.params = {{"id", wit::kind::u64}, {"item", wit::kind::string}};
  f.result = wit::type::result(std::nullopt,
                               wit::type::variant({{"unknown", wit::type(wit::kind::string)}, {"full", {}}}));
  EXPECT_EQ(wrapped_signature(f, 100), f.to_string());
  EXPECT_EQ(wrapped_signature(f, 50),
            "place: func(id: u64, item: string) -> result<_, variant {\n  unknown(string),\n  full,\n}>");
  EXPECT_EQ(
      wrapped_signature(f, 20),
      "place: func(\n  id: u64,\n  item: string,\n) -> result<_, variant {\n  unknown(string),\n  full,\n}>");
}

TEST(signature, broken_or_not_is_the_same_wit) {
  wit::function f;
  f.name = "f";
  f.is_async = true;
  const wit::type record =
      wit::type::record({{"a", wit::type::list(wit::kind::u8)}, {"b", wit::type::option(wit::kind::f64)}});
  f.params = {{"r", wit::type::list(record)},
              {"t", wit::type::tuple({record, wit::kind::character})},
              {"e", wit::type::enumeration({"x", "y"})},
              {"g", wit::type::flags({"p", "q"})},
              {"n", wit::type::result(std::nullopt, std::nullopt)}};
  f.result = wit::type::result(record, wit::type(wit::kind::string));
  const auto squeezed = [](std::string text) {
    for (const auto& [from, to] :
         {std::pair<std::string, std::string>{",\n", "\n"}, {"\n", ""}, {" ", ""}, {",", ""}})
      for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at))
        text.replace(at, from.size(), to);
    return text;
  };
  for (const std::size_t width : {0, 10, 20, 40, 80, 200})
    EXPECT_EQ(squeezed(wrapped_signature(f, width)), squeezed(f.to_string())) << width;
}
