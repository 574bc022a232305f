// SPDX-License-Identifier: Apache-2.0
#include "wit/wave.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace holdfast;
using testing::HasSubstr;
using wit::kind;
using wit::type;
using wit::value;

namespace {

wit::function function(std::vector<wit::field> params) {
  wit::function f;
  f.name = "greet";
  f.params = std::move(params);
  return f;
}

result<wit::arguments> parse(const wit::function& f, std::string_view text) {
  const auto call = wit::parse_call(text);
  if (!call) return call.error();
  return wit::parse_wave_args(f, *call);
}

std::string refused(const wit::function& f, std::string_view text) {
  const auto parsed = parse(f, text);
  EXPECT_FALSE(parsed.has_value()) << text;
  if (parsed) return "";
  EXPECT_EQ(parsed.error(), errc::bad_arguments);
  return parsed.error().detail;
}

std::string refused(const type& t, std::string_view text) {
  const auto parsed = wit::parse_wave(t, text);
  EXPECT_FALSE(parsed.has_value()) << text;
  return parsed ? "" : parsed.error().detail;
}

value parsed(const type& t, std::string_view text) {
  const auto v = wit::parse_wave(t, text);
  EXPECT_TRUE(v.has_value()) << text << ": " << v.error().detail;
  return v ? *v : value();
}

std::string printed(const type& t, const value& v) {
  const auto text = wit::to_wave(t, v);
  EXPECT_TRUE(text.has_value()) << text.error().detail;
  return text ? *text : "";
}

}  // namespace

TEST(wave, splits_a_call_at_its_parenthesis) {
  for (const std::string_view name :
       {"greet", "ns:pkg/iface@1.0.0#greet", "iface.greet", "ns:pkg/iface#[method]cart.add"}) {
    const std::string text = "  " + std::string(name) + " (\"a(b\", 2)";
    const auto call = wit::parse_call(text);
    ASSERT_TRUE(call.has_value()) << call.error().detail;
    EXPECT_EQ(call->name, name);
    EXPECT_EQ(call->arguments, "(\"a(b\", 2)");
    EXPECT_EQ(call->offset, name.size() + 3);
  }
  EXPECT_THAT(wit::parse_call("greet").error().detail, HasSubstr("`name(arguments)`"));
  EXPECT_THAT(wit::parse_call("\"greet(\"").error().detail, HasSubstr("`name(arguments)`"));
  EXPECT_THAT(wit::parse_call("(1)").error().detail, HasSubstr("name of a function"));
  EXPECT_THAT(wit::parse_call("two words(1)").error().detail, HasSubstr("no spaces"));
}

TEST(wave, parses_the_arguments_of_a_call) {
  const wit::function f = function({{"who", kind::string}, {"times", kind::u8}});
  EXPECT_EQ(*parse(f, "greet(\"ada\", 3)"), args("ada", std::uint8_t{3}));
  EXPECT_EQ(*parse(f, "greet( \"a\\u{20ac}\" , 3 , ) // twice"), args("a\u20ac", std::uint8_t{3}));
  EXPECT_EQ(*parse(function({}), "greet()"), args());
  EXPECT_EQ(*parse(function({}), "greet ( ) "), args());
}

TEST(wave, says_how_many_arguments_there_should_be) {
  const wit::function f = function({{"who", kind::string}});
  EXPECT_THAT(refused(f, "greet(\"a\", \"b\")"), HasSubstr("`greet` takes 1 argument, got 2"));
  EXPECT_THAT(refused(f, "greet()"), HasSubstr("`greet` takes 1 argument, got 0"));
  EXPECT_THAT(refused(function({}), "greet(1)"), HasSubstr("`greet` takes 0 arguments, got 1"));
}

TEST(wave, lets_options_be_left_out_at_the_end) {
  const wit::function f = function({{"who", kind::string}, {"title", type::option(kind::string)}});
  EXPECT_EQ(*parse(f, "greet(\"a\")"), args("a", value::none()));
  EXPECT_EQ(*parse(f, "greet(\"a\", \"dr\")"), args("a", value::some("dr")));
  EXPECT_EQ(*parse(function({{"title", type::option(kind::string)}}), "greet()"), args(value::none()));
}

TEST(wave, names_the_argument_the_path_and_the_byte) {
  const wit::function f = function({{"who", kind::string}, {"count", kind::u8}});
  EXPECT_EQ(refused(f, "greet(\"ada\", 300)"),
            "argument 2 (count): 300 does not fit u8, at byte 13 of the text");
  EXPECT_EQ(refused(f, "greet(5, 3)"),
            "argument 1 (who): expected string, got a number, at byte 6 of the text");
  EXPECT_EQ(refused(f, "greet(\"ada\", 1.5)"),
            "argument 2 (count): 1.5 is no integer, expected u8, at byte 13 of the text");
  const type order = type::record({{"lines", type::list(type::record({{"price", kind::f64}}))}});
  EXPECT_EQ(refused(order, "{lines: [{price: 1}, {price: true}]}"),
            "value.lines[1].price: expected f64, got a bool, at byte 29 of the text");
  EXPECT_EQ(refused(order, "{lines: [], extra: 1}"), "there is no field `extra`, at byte 12 of the text");
  EXPECT_EQ(refused(order, "{}"), "the field `lines` is missing, at byte 0 of the text");
  EXPECT_THAT(refused(f, "greet(\"ada\", 3"), HasSubstr("unexpected end"));
  EXPECT_THAT(refused(f, "greet(\"ada\", 3) 4"), HasSubstr("unexpected `4` after the value, at byte 16"));
  EXPECT_THAT(refused(f, "greet() 4"), HasSubstr("at byte 8"));
  EXPECT_THAT(refused(f, "greet(\"ada\" 3)"), HasSubstr("unexpected `3`, at byte 12"));
  EXPECT_THAT(refused(type(kind::f32), "1e39"), HasSubstr("1e39 does not fit f32"));
}

TEST(wave, refuses_endless_nesting_without_ending_the_stack) {
  const type lists = type::list(type::list(kind::u8));
  EXPECT_THAT(refused(lists, std::string(1 << 20, '[')), HasSubstr("deeper than 100"));
  EXPECT_THAT(refused(lists, std::string(1 << 20, '(')), HasSubstr("deeper than 100"));
  std::string options;
  for (int i = 0; i < 100000; ++i) options += "some(";
  EXPECT_THAT(refused(lists, options), HasSubstr("deeper than 100"));
  EXPECT_THAT(refused(function({{"x", lists}}), "greet(" + options), HasSubstr("deeper than 100"));
}

TEST(wave, refuses_a_text_over_its_limit) {
  EXPECT_THAT(refused(type(kind::string), std::string((64 << 20) + 1, ' ')),
              HasSubstr("67108865 bytes long"));
}

TEST(wave, writes_cases_that_look_like_keywords_with_a_mark) {
  const type t = type::enumeration({"none", "red"});
  EXPECT_EQ(printed(t, value::enumeration("none")), "%none");
  EXPECT_EQ(parsed(t, "%none"), value::enumeration("none"));
  EXPECT_THAT(refused(t, "none"), HasSubstr("a case of that name is written `%none`"));
  EXPECT_THAT(refused(t, "blue"), HasSubstr("there is no case `blue`"));
}

TEST(wave, leaves_some_and_ok_to_be_understood) {
  EXPECT_EQ(parsed(type::option(kind::u8), "5"), value::some(std::uint8_t{5}));
  EXPECT_EQ(parsed(type::result(kind::u8, std::nullopt), "5"), value::ok(std::uint8_t{5}));
  EXPECT_EQ(parsed(type::result(kind::u8, std::nullopt), "err"), value::err());
  EXPECT_THAT(refused(type::option(type::option(kind::u8)), "5"), HasSubstr("expected option<option<u8>>"));
}

TEST(wave, prints_as_wave_prints) {
  EXPECT_EQ(printed(kind::string, "a\"b\n\x1b"), "\"a\\\"b\\n\\u{1b}\"")
      << "nothing reaches a terminal as control";
  EXPECT_EQ(printed(type::list(kind::u8), wit::bytes{1, 2}), "[1, 2]");
  EXPECT_EQ(printed(type::record({{"a", kind::f64}, {"b", type::option(kind::u8)}}),
                    value::record(wit::field_value("a", 1.5), wit::field_value("b", value::none()))),
            "{a: 1.5}");
  EXPECT_EQ(printed(type::flags({"a", "b"}), value::flags("b")), "{b}");
  EXPECT_EQ(printed(type::result(std::nullopt, kind::string), value::err("no")), "err(\"no\")");
}

TEST(wave, shows_handles_but_does_not_read_them) {
  const value mine = wit::handle(7, wit::handle::ownership::own);
  EXPECT_EQ(printed(type::own("cart", 0), mine), "own<cart>(7)");
  EXPECT_EQ(printed(type::borrow("", 0), mine), "borrow<resource>(7)");
  EXPECT_THAT(refused(type::own("cart", 0), "7"), HasSubstr("a resource handle cannot be written as text"));
}
