// SPDX-License-Identifier: Apache-2.0
#include "serve/json_schema.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "serve/schema_check.hpp"
#include "wit/generate.hpp"
#include "wit/json.hpp"

namespace holdfast::serve {
namespace {

namespace json = boost::json;
using testing_support::validates;
using wit::kind;
using wit::type;
using wit::testing::below;
using wit::testing::random_type;
using wit::testing::random_value;

constexpr unsigned depth = 4;

json::value parsed(std::string_view text) { return wit::parse_json(text).value(); }

// Whether a schema allows it; the reader has to be of the same mind.
bool taken(const type& of, std::string_view text) {
  const json::value v = parsed(text);
  const bool allowed = validates(schema_of(of, json_side::taken), v);
  EXPECT_EQ(allowed, wit::from_json(of, v).has_value()) << of.to_string() << " from " << text;
  return allowed;
}
bool written(const type& of, std::string_view text) {
  return validates(schema_of(of, json_side::written), parsed(text));
}

wit::function function(std::vector<wit::field> params) {
  wit::function made;
  made.name = "place";
  made.params = std::move(params);
  return made;
}
bool taken(const wit::function& of, std::string_view text) {
  const json::value v = parsed(text);
  const bool allowed = validates(arguments_schema(of), v);
  EXPECT_EQ(allowed, wit::arguments_from_json(of, v).has_value()) << text;
  return allowed;
}

TEST(json_schema, has_the_bounds_of_each_integer) {
  const std::vector<std::pair<kind, std::vector<const char*>>> edges = {
      {kind::s8, {"-128", "127", "-129", "128"}},
      {kind::u8, {"0", "255", "-1", "256"}},
      {kind::s16, {"-32768", "32767", "-32769", "32768"}},
      {kind::u16, {"0", "65535", "-1", "65536"}},
      {kind::s32, {"-2147483648", "2147483647", "-2147483649", "2147483648"}},
      {kind::u32, {"0", "4294967295", "-1", "4294967296"}}};
  for (const auto& [of, edge] : edges) {
    EXPECT_TRUE(taken(of, edge[0]) && taken(of, edge[1])) << to_string(of);
    EXPECT_FALSE(taken(of, edge[2]) || taken(of, edge[3])) << to_string(of);
    EXPECT_TRUE(taken(of, "2.0") && taken(of, "1e1"));
    EXPECT_FALSE(taken(of, "1.5") || taken(of, "\"1\"") || taken(of, "null"));
  }
}

TEST(json_schema, takes_wide_integers_as_text_and_as_exact_numbers) {
  for (const char* each :
       {"0", "9007199254740992", "\"0\"", "\"007\"", "\"9223372036854775807\"", "\"1000000000000000000\""})
    EXPECT_TRUE(taken(kind::s64, each) && taken(kind::u64, each)) << each;
  for (const char* each : {"1.5", "1e18", "\"\"", "\"+1\"", "\" 1\"", "\"1.0\"", "\"x\"",
                           "\"18446744073709551616\"", "\"99999999999999999999\"", "true"})
    EXPECT_FALSE(taken(kind::s64, each) || taken(kind::u64, each)) << each;
  EXPECT_TRUE(taken(kind::s64, "\"-9223372036854775808\"") && taken(kind::u64, "\"18446744073709551615\""));
  EXPECT_TRUE(taken(kind::u64, "\"0000000000000000000000000018446744073709551615\""));
  EXPECT_FALSE(taken(kind::s64, "\"-9223372036854775809\"") || taken(kind::s64, "\"9223372036854775808\""));
  EXPECT_FALSE(taken(kind::u64, "\"-1\"") || taken(kind::u64, "-1"));
}

TEST(json_schema, takes_floats_and_the_words_for_what_is_no_number) {
  for (const kind of : {kind::f32, kind::f64}) {
    for (const char* each : {"0", "-1.5", "3.4e38", "\"nan\"", "\"inf\"", "\"-inf\"", "1e-400"})
      EXPECT_TRUE(taken(of, each)) << each;
    for (const char* each : {"\"NaN\"", "\"1\"", "null"}) EXPECT_FALSE(taken(of, each)) << each;
  }
  EXPECT_TRUE(taken(kind::f32, "3.4028235e38") && taken(kind::f64, "1.7976931348623157e308"));
  EXPECT_FALSE(taken(kind::f32, "3.4028236e38") || taken(kind::f32, "-1e39"));
}

TEST(json_schema, takes_one_character_and_any_text) {
  EXPECT_TRUE(taken(kind::character, "\"a\"") && taken(kind::character, "\"\\ud83d\\ude00\""));
  EXPECT_FALSE(taken(kind::character, "\"\"") || taken(kind::character, "\"ab\"") ||
               taken(kind::character, "1"));
  EXPECT_TRUE(taken(kind::string, "\"\"") && taken(kind::string, "\"a\\nb\\u0000\""));
  EXPECT_FALSE(taken(kind::string, "1"));
  EXPECT_TRUE(taken(kind::boolean, "true"));
  EXPECT_FALSE(taken(kind::boolean, "0"));
}

TEST(json_schema, takes_bytes_as_base64_and_as_numbers_and_shows_base64) {
  const type bytes = type::list(kind::u8);
  for (const char* each : {"\"\"", "\"AA==\"", "\"AAA=\"", "\"+/+/\"", "[]", "[0, 255]"})
    EXPECT_TRUE(taken(bytes, each)) << each;
  for (const char* each : {"\"A\"", "\"AB==\"", "\"AAB=\"", "\"====\"", "\"A===\"", "\"AA==AA==\"",
                           "\"AA-_\"", "[256]", "[\"1\"]"})
    EXPECT_FALSE(taken(bytes, each)) << each;
  EXPECT_TRUE(written(bytes, "\"AA==\""));
  EXPECT_FALSE(written(bytes, "[0]"));
}

TEST(json_schema, wants_the_fields_of_a_record_but_options_and_shows_all) {
  const type record = type::record({{"a", kind::u8}, {"b", type::option(kind::u8)}});
  EXPECT_TRUE(taken(record, R"({"a": 1})") && taken(record, R"({"b": null, "a": 1})") &&
              taken(record, R"({"b": 2, "a": 1})"));
  EXPECT_FALSE(taken(record, R"({"b": 1})") || taken(record, R"({"a": 1, "c": 1})") || taken(record, "[1]"));
  EXPECT_TRUE(written(record, R"({"a": 1, "b": null})"));
  EXPECT_FALSE(written(record, R"({"a": 1})"));
}

TEST(json_schema, counts_the_elements_of_a_tuple) {
  const type tuple = type::tuple({kind::u8, kind::string});
  EXPECT_TRUE(taken(tuple, R"([1, "a"])"));
  EXPECT_FALSE(taken(tuple, R"([1])") || taken(tuple, R"([1, "a", 2])") || taken(tuple, R"(["a", 1])"));
}

TEST(json_schema, takes_a_bare_case_by_its_name_too_and_shows_it_as_the_others) {
  const type variant = type::variant({{"a", kind::u8}, {"b", std::nullopt}});
  EXPECT_TRUE(taken(variant, R"({"a": 1})") && taken(variant, R"({"b": null})") && taken(variant, R"("b")"));
  EXPECT_FALSE(taken(variant, R"("a")") || taken(variant, R"({"b": 1})") ||
               taken(variant, R"({"a": null})") || taken(variant, R"({"c": 1})") ||
               taken(variant, R"({"a": 1, "b": null})") || taken(variant, "{}"));
  EXPECT_TRUE(written(variant, R"({"b": null})"));
  EXPECT_FALSE(written(variant, R"("b")"));
}

TEST(json_schema, names_the_cases_of_an_enum_and_the_flags) {
  const type color = type::enumeration({"red", "green"});
  EXPECT_TRUE(taken(color, R"("red")"));
  EXPECT_FALSE(taken(color, R"("blue")") || taken(color, "0"));
  const type rights = type::flags({"read", "write"});
  EXPECT_TRUE(taken(rights, "[]") && taken(rights, R"(["write", "read", "read"])"));
  EXPECT_FALSE(taken(rights, R"(["run"])") || taken(rights, R"("read")"));
  EXPECT_FALSE(written(rights, R"(["read", "read"])"));
}

TEST(json_schema, tells_an_option_in_an_option_from_none) {
  EXPECT_TRUE(taken(type::option(kind::u8), "null") && taken(type::option(kind::u8), "1"));
  EXPECT_FALSE(taken(type::option(kind::u8), R"({"some": 1})"));
  const type twice = type::option(type::option(kind::u8));
  EXPECT_TRUE(taken(twice, "null") && taken(twice, R"({"some": null})") && taken(twice, R"({"some": 1})"));
  EXPECT_FALSE(taken(twice, "1") || taken(twice, R"({"none": null})"));
}

TEST(json_schema, has_both_sides_of_a_result) {
  const type both = type::result(kind::u8, kind::string);
  EXPECT_TRUE(taken(both, R"({"ok": 1})") && taken(both, R"({"err": "a"})"));
  EXPECT_FALSE(taken(both, R"({"ok": "a"})") || taken(both, R"({"ok": 1, "err": "a"})") ||
               taken(both, "null"));
  const type neither = type::result(std::nullopt, std::nullopt);
  EXPECT_TRUE(taken(neither, R"({"ok": null})") && taken(neither, R"({"err": null})"));
  EXPECT_FALSE(taken(neither, R"({"ok": 1})") || taken(neither, R"("ok")"));
}

TEST(json_schema, says_what_has_no_json) {
  EXPECT_TRUE(crosses(type::list(type::option(kind::u8))));
  EXPECT_FALSE(crosses(type::list(type::own("cart", 0))));
  EXPECT_FALSE(crosses(type::record({{"a", type::borrow("cart", 0)}})));
  EXPECT_FALSE(crosses(type::stream(kind::u8)) || crosses(type::future(std::nullopt)));
  EXPECT_FALSE(crosses(type::unsupported("error-context")));
  wit::function of = function({{"a", kind::u8}});
  EXPECT_TRUE(crosses(of));
  of.result = type::own("cart", 0);
  EXPECT_FALSE(crosses(of));
  EXPECT_FALSE(crosses(function({{"a", type::stream(kind::u8)}})));
}

TEST(json_schema, takes_arguments_in_order_or_by_name) {
  const wit::function place = function(
      {{"a", kind::u8}, {"b", type::option(kind::u8)}, {"c", kind::u8}, {"d", type::option(kind::u8)}});
  for (const char* each :
       {"[1, null, 3]", "[1, 2, 3, 4]", R"({"a": 1, "c": 3})", R"({"a": 1, "b": 2, "c": 3, "d": null})"})
    EXPECT_TRUE(taken(place, each)) << each;
  for (const char* each :
       {"[]", "[1, 2]", "[1, 2, 3, 4, 5]", "{}", R"({"a": 1, "c": 3, "e": 1})", "null", "1", "[1, 2, \"3\"]"})
    EXPECT_FALSE(taken(place, each)) << each;
  const wit::function bare = function({});
  EXPECT_TRUE(taken(bare, "[]") && taken(bare, "{}"));
  EXPECT_FALSE(taken(bare, "[1]") || taken(bare, R"({"a": 1})") || taken(bare, "null"));
}

// A wide number beyond 2^53 with all its digits is read, though its schema wants text.
bool has_wide_number(const json::value& v) {
  constexpr std::int64_t limit = std::int64_t{1} << 53;
  if (v.is_int64()) return v.get_int64() > limit || v.get_int64() < -limit;
  if (v.is_array()) return std::ranges::any_of(v.get_array(), has_wide_number);
  if (v.is_object())
    return std::ranges::any_of(v.get_object(),
                               [](const auto& each) { return has_wide_number(each.value()); });
  return v.is_uint64();
}

json::value something_else() {
  static const json::array all =
      parsed(R"([null, true, 0, -1, 200, 70000, 1.5, 1e300, 9007199254740993, "", "a", "1",
    "none", "inf", "AA==", "AB==", [], [0], [null], ["a", "a"], {}, {"a": 1}, {"some": null}, {"ok": null}, {"none": 0}])")
          .as_array();
  return all[below(all.size())];
}

// Puts something else in the place of a part, or takes a part away.
void disturb(json::value& v) {
  const std::size_t parts = v.is_array() ? v.get_array().size() : v.is_object() ? v.get_object().size() : 0;
  if (parts == 0 || below(4) == 0) {
    v = something_else();
  } else if (v.is_array()) {
    json::array& elements = v.get_array();
    const auto at = elements.begin() + below(parts);
    if (below(4) == 0)
      elements.erase(at);
    else
      disturb(*at);
  } else {
    json::object& members = v.get_object();
    const auto at = members.begin() + below(parts);
    if (below(4) == 0)
      members.erase(at);
    else
      disturb(at->value());
  }
}

RC_GTEST_PROP(json_schema, allows_what_is_written_and_reads_what_it_allows, ()) {
  for (int i = 0; i < 10; ++i) {
    const type t = random_type(depth);
    json::value v = wit::to_json(t, random_value(t)).value();
    const json::object in = schema_of(t, json_side::taken);
    RC_ASSERT(validates(schema_of(t, json_side::written), v));
    RC_ASSERT(validates(in, v));
    for (int j = 0; j < 5; ++j) {
      disturb(v);
      RC_LOG(t.to_string() + " from " + std::string(json::serialize(v).c_str()));
      const bool reads = wit::from_json(t, v).has_value();
      const bool allowed = validates(in, v);
      RC_ASSERT(allowed == reads || (reads && has_wide_number(v)));
    }
  }
}

}  // namespace
}  // namespace holdfast::serve
