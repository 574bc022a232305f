// SPDX-License-Identifier: Apache-2.0
#include "wit/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <limits>

#include "wit/packed.hpp"

using namespace holdfast;
using testing::HasSubstr;
using wit::kind;
using wit::type;
using wit::value;

namespace {

std::string written(const type& t, const value& v) {
  const auto json = wit::to_json(t, v);
  EXPECT_TRUE(json.has_value()) << json.error().detail;
  return json ? boost::json::serialize(*json) : "";
}

value read(const type& t, std::string_view text) {
  const auto json = wit::parse_json(text);
  EXPECT_TRUE(json.has_value()) << json.error().detail;
  const auto v = wit::from_json(t, *json);
  EXPECT_TRUE(v.has_value()) << v.error().detail;
  return v ? *v : value();
}

std::string refused(const type& t, std::string_view text) {
  const auto json = wit::parse_json(text);
  EXPECT_TRUE(json.has_value()) << json.error().detail;
  const auto v = wit::from_json(t, *json);
  EXPECT_FALSE(v.has_value());
  if (v) return "";
  EXPECT_EQ(v.error(), errc::bad_arguments);
  return v.error().detail;
}

wit::function function(std::vector<wit::field> params) {
  wit::function f;
  f.name = "place";
  f.params = std::move(params);
  return f;
}

}  // namespace

TEST(json, writes_each_type_as_the_wire_has_it) {
  EXPECT_EQ(written(type::record({{"a", kind::u8}, {"b", type::option(kind::u8)}}),
                    value::record(wit::field_value("a", 1))),
            R"({"a":1,"b":null})");
  EXPECT_EQ(written(type::variant({{"a", kind::u8}, {"b", std::nullopt}}), value::variant("a", 1)),
            R"({"a":1})");
  EXPECT_EQ(written(type::variant({{"a", kind::u8}, {"b", std::nullopt}}), value::variant("b")),
            R"({"b":null})");
  EXPECT_EQ(written(type::enumeration({"red"}), "red"), R"("red")");
  EXPECT_EQ(written(type::result(std::nullopt, kind::string), value::ok()), R"({"ok":null})");
  EXPECT_EQ(written(type::result(std::nullopt, kind::string), value::err("no")), R"({"err":"no"})");
  EXPECT_EQ(written(type::list(kind::u8), wit::bytes{'a', 'b', 'c', 'd'}), R"("YWJjZA==")");
  EXPECT_EQ(written(type::list(kind::u16), std::vector<std::uint16_t>{1, 2}), "[1,2]");
  EXPECT_EQ(written(type::tuple({kind::u8, kind::string}), value::tuple(1, "x")), R"([1,"x"])");
  EXPECT_EQ(written(type::flags({"a", "b"}), value::flags("b", "a")), R"(["a","b"])");
  EXPECT_EQ(written(kind::character, U'\u20AC'), "\"\u20AC\"");
  EXPECT_EQ(written(kind::f32, 0.1f), "1E-1") << "the float's own digits";
  EXPECT_EQ(written(kind::f64, -std::numeric_limits<double>::infinity()), R"("-inf")");
  EXPECT_EQ(written(type::own("r", 0), wit::handle(7, wit::handle::ownership::own)), R"({"own":7})");
}

TEST(json, writes_as_text_what_a_double_cannot_tell_apart) {
  const std::int64_t limit = std::int64_t{1} << 53;
  EXPECT_EQ(written(kind::u64, limit), "9007199254740992");
  EXPECT_EQ(written(kind::u64, limit + 1), R"("9007199254740993")");
  EXPECT_EQ(written(kind::s64, -limit - 1), R"("-9007199254740993")");
  EXPECT_EQ(read(kind::u64, R"("18446744073709551615")"), value(~0ull));
  EXPECT_EQ(read(kind::u64, "18446744073709551615"), value(~0ull));
  EXPECT_EQ(read(kind::s64, R"("5")"), value(5LL));
  EXPECT_THAT(refused(kind::u64, R"("18446744073709551616")"), HasSubstr("the text is no u64"));
  EXPECT_THAT(refused(kind::u64, R"("5x")"), HasSubstr("the text is no u64"));
  EXPECT_THAT(refused(kind::u64, "18446744073709551616"), HasSubstr("does not fit u64"));
  EXPECT_THAT(refused(kind::u32, R"("5")"), HasSubstr("expected u32, got text"));
}

TEST(json, keeps_an_option_of_an_option_unambiguous) {
  const type t = type::option(type::option(kind::u8));
  const value five = std::uint8_t{5};
  for (const auto& [v, text] : {std::pair<value, std::string>{value::none(), "null"},
                                {value::some(value::none()), R"({"some":null})"},
                                {value::some(value::some(five)), R"({"some":5})"}}) {
    EXPECT_EQ(written(t, v), text);
    EXPECT_EQ(read(t, text), v);
  }
  EXPECT_THAT(refused(t, "5"), HasSubstr("expected option<option<u8>>, got a number"));
}

TEST(json, reads_bytes_from_base64_or_numbers) {
  const type t = type::list(kind::u8);
  EXPECT_EQ(read(t, R"("YWJj")"), value(wit::bytes{'a', 'b', 'c'}));
  EXPECT_EQ(read(t, R"("")"), value(wit::bytes{}));
  EXPECT_EQ(read(t, "[1, 255]"), value(wit::bytes{1, 255}));
  for (const std::string_view bad : {"YWJ", "YW=j", "YW*j", "YWJjZB==", "===="}) {
    EXPECT_THAT(refused(t, "\"" + std::string(bad) + "\""), HasSubstr("not base64")) << bad;
  }
  EXPECT_THAT(refused(t, "[1, 256]"), HasSubstr("value[1]: 256 does not fit u8"));
}

TEST(json, names_the_path_to_what_is_wrong) {
  const type line = type::record({{"price", kind::f64}});
  const type order = type::record({{"lines", type::list(line)}, {"note", type::option(kind::string)}});
  EXPECT_EQ(refused(order, R"({"lines": [{"price": 1}, {"price": "dear"}]})"),
            "value.lines[1].price: expected f64, got text");
  EXPECT_THAT(refused(order, R"({})"), HasSubstr("value: the field `lines` is missing"));
  EXPECT_THAT(refused(order, R"({"lines": [], "nota": 1})"), HasSubstr("there is no field `nota`"));
  EXPECT_THAT(refused(type::result(kind::u8, std::nullopt), R"({"okay": 1})"), HasSubstr("`ok` or `err`"));
  EXPECT_THAT(refused(type::result(kind::u8, std::nullopt), R"({"ok": 1, "err": null})"),
              HasSubstr("one member"));
  EXPECT_THAT(refused(type::variant({{"a", kind::u8}}), R"("a")"), HasSubstr("needs a payload"));
  EXPECT_THAT(refused(kind::character, R"("ab")"), HasSubstr("one character"));
  EXPECT_THAT(refused(kind::f32, "1e39"), HasSubstr("does not fit f32"));
  EXPECT_THAT(refused(kind::u8, "1.5"), HasSubstr("1.5 does not fit u8"));
  EXPECT_THAT(refused(type::own("r", 0), R"({"own":7})"), HasSubstr("resource handle"));
}

TEST(json, reads_an_integer_however_it_is_written) {
  EXPECT_EQ(read(kind::u8, "2.0"), value(std::uint8_t{2}));
  EXPECT_EQ(read(kind::u32, "1e3"), value(1000u));
  EXPECT_EQ(read(kind::f64, "3"), value(3.0));
  EXPECT_THAT(refused(kind::u64, "1e16"), HasSubstr("does not fit u64"))
      << "a double past 2^53 tells too little";
}

TEST(json, reads_doubles_as_they_are_written) {
  // Boost 1.81's own parser reads some of these one place off.
  for (const double d : {0.1, 1.7976931348623157e308, 5e-324, 123456789.123456789, 9007199254740993e5,
                         2.2250738585072014e-308}) {
    std::array<char, 32> digits{};
    std::snprintf(digits.data(), digits.size(), "%.17g", d);
    EXPECT_EQ(read(kind::f64, digits.data()), value(d)) << digits.data();
  }
  EXPECT_TRUE(wit::parse_json("1e400").has_error());
  EXPECT_EQ(read(kind::f64, "1e-400"), value(0.0));
}

TEST(json, takes_arguments_in_order_or_by_name) {
  const wit::function f =
      function({{"title", kind::string}, {"count", kind::u8}, {"note", type::option(kind::u8)}});
  const auto take = [&f](std::string_view text) {
    return wit::arguments_from_json(f, *wit::parse_json(text));
  };
  const wit::arguments wanted = args("book", std::uint8_t{2}, value::none());
  EXPECT_EQ(*take(R"(["book", 2])"), wanted);
  EXPECT_EQ(*take(R"(["book", 2, null])"), wanted);
  EXPECT_EQ(*take(R"({"count": 2, "title": "book"})"), wanted);
  EXPECT_EQ(take(R"(["book"])").error().detail, "`place` takes 3 arguments, got 1");
  EXPECT_EQ(take(R"(["book", 300])").error().detail, "argument 2 (count): 300 does not fit u8");
  EXPECT_EQ(take(R"({"title": "book"})").error().detail, "argument 2 (count) is missing");
  EXPECT_EQ(take(R"({"titel": "book"})").error().detail, "`place` has no parameter `titel`");
  EXPECT_THAT(take("5").error().detail, HasSubstr("expected an array of arguments or an object"));
}

TEST(parse_json, is_strict_and_says_where) {
  for (const std::string_view bad : {"", "[1,]", "{'a': 1}", "[1] 2", "// c\n1", "nul", "\"\xff\"", "01"}) {
    const auto parsed = wit::parse_json(bad);
    ASSERT_TRUE(parsed.has_error()) << bad;
    EXPECT_EQ(parsed.error(), errc::bad_arguments);
    EXPECT_THAT(parsed.error().detail, HasSubstr("at byte"));
  }
  EXPECT_TRUE(wit::parse_json(std::string(1 << 20, '[')).has_error()) << "without ending the stack";
}
