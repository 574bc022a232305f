// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "cli/run_command.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using testing::HasSubstr;

namespace {

// A colour, a bell, a carriage return, C1, overrides, isolates and what hides, as WAVE escapes.
constexpr const char* hostile =
    R"(a\u{1b}[31mred\u{7}\r\u{9b}\u{202e}x\u{2066}y\u{2069}\u{200b}\u{200f}\u{2028}\u{2060}\u{7f}z)";

}  // namespace

class hostile_text : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(untrusted_text, hostile_text, testing::Values("greet-js.wasm", "greet-py.wasm"),
                         [](const auto& of) { return std::string(of.param).substr(6, 2); });

TEST_P(hostile_text, that_a_guest_prints_reaches_the_terminal_as_visible_escapes) {
  const ended told = run_holdfast({"call", guest(GetParam()), "say(\"" + std::string(hostile) + "\")"});
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err,
            "guest stdout: "
            "a\\x1b[31mred\\x07\\r\\u{9b}\\u{202e}x\\u{2066}y\\u{2069}\\u{200b}\\u{200f}\\u{2028}\\u{2060}"
            "\\x7fz\n");
}

TEST(untrusted_text, in_a_result_is_shown_as_wave_that_can_be_read_back) {
  const std::string text = "greet(\"" + std::string(hostile) + "\")";
  const ended told = run_holdfast({"call", guest("hello.wat"), text});
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(lines_in(told.out), 1);
  EXPECT_EQ(obeyed_in(told.out), "");
  // What was printed is an argument that gives the same again, after the greeting.
  const ended again = run_holdfast({"call", guest("kinds.wasm"), "echo-string(" + told.out + ")"});
  EXPECT_EQ(again.out, told.out);
}

TEST(untrusted_text, in_json_is_escaped_and_still_the_same_text) {
  const ended told =
      run_holdfast({"call", guest("hello.wat"), "greet(\"" + std::string(hostile) + "\")", "--json"});
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(obeyed_in(told.out), "");
  EXPECT_EQ(lines_in(told.out), 1);
  const auto json = boost::json::parse(told.out);
  EXPECT_EQ(json.at("value"),
            "hello a\x1b[31mred\x07\r\u009b\u202ex\u2066y\u2069\u200b\u200f\u2028\u2060\x7fz");
}

TEST(untrusted_text, in_the_names_of_frames_cannot_make_lines_of_its_own) {
  const scratch_folder folder;
  const std::string path = folder.write("trap.wat", R"((component
    (core module $"m\1b[2J\0aholdfast: completed" (func $"f\0aholdfast: all is well\e2\80\ae\c2\9b" (export "f") unreachable))
    (core instance $i (instantiate 0))
    (func (export "f") (canon lift (core func $i "f")))))");
  const ended told = run_holdfast({"call", path, "f()"});
  EXPECT_EQ(told.code, 1);
  EXPECT_EQ(obeyed_in(told.err), "");
  EXPECT_EQ(lines_in(told.err), 2) << told.err;
  EXPECT_THAT(told.err, HasSubstr("all is well"));
  EXPECT_THAT(told.err, HasSubstr("\n  0: m"));
  const ended json = run_holdfast({"call", path, "f()", "--json"});
  EXPECT_EQ(obeyed_in(json.out), "");
  EXPECT_EQ(lines_in(json.out), 1);
}

TEST(untrusted_text, in_the_names_of_imports_is_escaped_wherever_it_is_quoted) {
  const scratch_folder folder;
  for (const char* import :
       {R"("relative-url=<\1b[31m\e2\80\ae>" (core module))", R"("url=<a\0ab>" (component))",
        R"("integrity=<sha256-\1b>" (component))", R"("unlocked-dep=<a:b\1b>" (component))",
        R"("a\1b:b/c" (instance))", R"("\e2\80\ae" (func))"}) {
    const std::string path = folder.write("hostile.wat", "(component (import " + std::string(import) + "))");
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"call", path, "f()"}, {"inspect", path}, {"inspect", path, "--json"}}) {
      const ended told = run_holdfast(command);
      SCOPED_TRACE(command.front() + " " + import);
      EXPECT_EQ(told.signal, 0);
      EXPECT_NE(told.code, 70) << told.err;
      EXPECT_EQ(obeyed_in(told.out), "");
      EXPECT_EQ(obeyed_in(told.err), "");
      EXPECT_LE(lines_in(told.err), 1);
    }
  }
}

TEST(untrusted_text, in_a_path_or_an_argument_is_escaped_when_it_is_quoted_back) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"call", "/no/\x1b[31m\u202e/file", "f()"},
        {"inspect", "/no/\x1b]0;title\x07"},
        {"\x1b[31m"},
        {"call", guest("orders.wasm"), "add(1, 2)", "--env", "\x1b[31m"},
        {"call", guest("orders.wasm"), "add(1, \"\x1b[31m\")"},
        {"demo", "--guests", "/no/\x1b[31m"}}) {
    const ended told = run_holdfast(command);
    EXPECT_EQ(told.code, 2);
    EXPECT_EQ(obeyed_in(told.err), "");
    EXPECT_EQ(lines_in(told.err), 1);
  }
}
