// SPDX-License-Identifier: Apache-2.0
#include "wit/packed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

using namespace holdfast;
using testing::HasSubstr;
using wit::kind;
using wit::type;
using wit::value;

namespace {

wit::function function(std::vector<wit::field> params, std::optional<type> result = std::nullopt) {
  wit::function f;
  f.name = "place";
  f.params = std::move(params);
  f.result = std::move(result);
  return f;
}

std::vector<std::byte> bytes(std::vector<int> numbers) {
  std::vector<std::byte> out;
  for (const int n : numbers) out.push_back(static_cast<std::byte>(n));
  return out;
}

std::string refused(const wit::function& f, wit::arguments arguments) {
  const auto packed = wit::encode(f, std::move(arguments));
  EXPECT_FALSE(packed.has_value());
  if (packed) return "";
  EXPECT_EQ(packed.error(), errc::bad_arguments);
  EXPECT_EQ(packed.error(), effect::not_executed);
  return packed.error().detail;
}

std::string refused(const type& t, value v) { return refused(function({{"x", t}}), args(std::move(v))); }

std::vector<std::byte> packed(const type& t, const value& v) {
  auto made = wit::encode_value(t, v);
  EXPECT_TRUE(made.has_value()) << made.error().detail;
  return made ? *std::move(made) : std::vector<std::byte>();
}

std::string malformed(const type& t, std::vector<int> numbers) {
  const auto decoded = wit::decode(t, bytes(std::move(numbers)));
  EXPECT_FALSE(decoded.has_value());
  return decoded ? "" : decoded.error().detail;
}

type order() {
  const type line = type::record({{"title", kind::string}, {"price", kind::f64}});
  return type::record({{"lines", type::list(line)}, {"note", type::option(kind::string)}});
}

value line(value price) {
  return value::record(wit::field_value("title", "a book"), wit::field_value("price", std::move(price)));
}

}  // namespace

TEST(encode, writes_what_packed_md_says) {
  EXPECT_EQ(packed(kind::boolean, true), bytes({1}));
  EXPECT_EQ(packed(kind::s16, std::int16_t{-2}), bytes({0xFE, 0xFF}));
  EXPECT_EQ(packed(kind::u32, 0x01020304u), bytes({4, 3, 2, 1}));
  EXPECT_EQ(packed(kind::f32, 1.0f), bytes({0, 0, 0x80, 0x3F}));
  EXPECT_EQ(packed(kind::character, U'\u20AC'), bytes({0xAC, 0x20, 0, 0}));
  EXPECT_EQ(packed(kind::string, "ab"), bytes({2, 0, 0, 0, 'a', 'b'}));
  EXPECT_EQ(packed(type::list(kind::u16), std::vector<std::uint16_t>{1, 2}), bytes({2, 0, 0, 0, 1, 0, 2, 0}));
  EXPECT_EQ(packed(type::list(kind::boolean), std::vector<bool>{true, false}), bytes({2, 0, 0, 0, 1, 0}));
  EXPECT_EQ(packed(type::tuple({kind::u8, kind::boolean}), value::tuple(std::uint8_t{7}, true)),
            bytes({7, 1}));
  EXPECT_EQ(
      packed(type::variant({{"a", std::nullopt}, {"b", kind::u8}}), value::variant("b", std::uint8_t{9})),
      bytes({1, 0, 0, 0, 9}));
  EXPECT_EQ(packed(type::enumeration({"a", "b"}), value::enumeration("b")), bytes({1, 0, 0, 0}));
  EXPECT_EQ(packed(type::option(kind::u8), value::none()), bytes({0, 0, 0, 0}));
  EXPECT_EQ(packed(type::option(kind::u8), value::some(std::uint8_t{5})), bytes({1, 0, 0, 0, 5}));
  EXPECT_EQ(packed(type::result(std::nullopt, kind::u8), value::err(std::uint8_t{5})),
            bytes({1, 0, 0, 0, 5}));
  EXPECT_EQ(packed(type::result(std::nullopt, kind::u8), value::ok()), bytes({0, 0, 0, 0}));
  EXPECT_EQ(packed(type::flags({"a", "b", "c"}), value::flags("c", "a")), bytes({5, 0, 0, 0}));
  EXPECT_EQ(packed(type::own("r", 0), wit::handle(258, wit::handle::ownership::own)),
            bytes({2, 1, 0, 0, 0, 0, 0, 0}));
}

TEST(encode, writes_the_thirty_third_flag_into_a_second_word) {
  std::vector<std::string> names;
  for (int i = 0; i < 33; ++i) names.push_back("f" + std::to_string(i));
  EXPECT_EQ(packed(type::flags(names), value::flags("f32", "f0")), bytes({1, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(encode, keeps_large_runs_where_they_are) {
  wit::bytes payload(1 << 20, 7);
  const std::uint8_t* const address = payload.data();
  auto made = wit::encode(function({{"payload", type::list(kind::u8)}}), args(std::move(payload)));
  ASSERT_TRUE(made.has_value());
  const wit::packed_args moved = *std::move(made);
  ASSERT_EQ(moved.bytes().size(), 12u);
  std::uint32_t length = 0;
  std::uint64_t referred = 0;
  std::memcpy(&length, moved.bytes().data(), 4);
  std::memcpy(&referred, moved.bytes().data() + 4, 8);
  EXPECT_EQ(length, (1u << 20) | (1u << 31));
  EXPECT_EQ(referred, reinterpret_cast<std::uintptr_t>(address)) << "not copied";
  EXPECT_EQ(address[12345], 7) << "still alive";
  EXPECT_GE(moved.size(), std::size_t{1} << 20) << "and counted";
}

TEST(encode, refers_from_the_threshold_on_and_never_in_the_canonical_form) {
  const wit::function f = function({{"text", kind::string}});
  const auto size = [&f](std::size_t length, wit::placement where) {
    return wit::encode(f, args(std::string(length, 'x')), where)->bytes().size();
  };
  EXPECT_EQ(size(wit::reference_threshold - 1, wit::placement::by_reference),
            4 + wit::reference_threshold - 1);
  EXPECT_EQ(size(wit::reference_threshold, wit::placement::by_reference), 12u);
  EXPECT_EQ(size(wit::reference_threshold, wit::placement::in_line), 4 + wit::reference_threshold);
}

TEST(encode, converts_a_number_that_fits) {
  EXPECT_EQ(packed(kind::u8, 255), bytes({255}));
  EXPECT_EQ(packed(kind::s8, -128L), bytes({128}));
  EXPECT_EQ(packed(kind::f32, 1), bytes({0, 0, 0x80, 0x3F}));
  EXPECT_EQ(packed(kind::f32, 1.0), bytes({0, 0, 0x80, 0x3F}));
  EXPECT_EQ(packed(type::list(kind::u8), std::vector<int>{1, 2}), bytes({2, 0, 0, 0, 1, 2}));
  EXPECT_EQ(packed(type::list(kind::u8), wit::list{1, 2u}), bytes({2, 0, 0, 0, 1, 2}));
}

TEST(encode, refuses_a_number_that_does_not_fit) {
  EXPECT_EQ(refused(kind::u8, 256), "argument 1 (x): 256 does not fit u8");
  EXPECT_EQ(refused(kind::u8, -1), "argument 1 (x): -1 does not fit u8");
  EXPECT_EQ(refused(kind::s64, ~0ull), "argument 1 (x): 18446744073709551615 does not fit s64");
  EXPECT_THAT(refused(kind::f32, 0.1), HasSubstr("does not fit f32"));
  EXPECT_THAT(refused(kind::f32, 1e300), HasSubstr("does not fit f32"));
  EXPECT_THAT(refused(kind::f64, (1LL << 53) + 1), HasSubstr("does not fit f64"));
  EXPECT_EQ(refused(kind::u32, true), "argument 1 (x): expected u32, got bool");
  EXPECT_EQ(refused(kind::u32, 1.0), "argument 1 (x): expected u32, got f64");
  EXPECT_EQ(refused(type::list(kind::u8), std::vector<int>{1, 300}),
            "argument 1 (x)[1]: 300 does not fit u8");
}

TEST(encode, names_the_path_to_what_is_wrong) {
  const wit::function f = function({{"order", order()}, {"count", kind::u8}});
  EXPECT_EQ(refused(f, args("no order", 1)), "argument 1 (order): expected record, got string");
  EXPECT_EQ(refused(f, args(value::record(wit::field_value("lines", wit::list{line(1.0), line("dear")})), 1)),
            "argument 1 (order).lines[1].price: expected f64, got string");
  EXPECT_EQ(refused(f, args(value::record(wit::field_value("lines", wit::list{})), 300)),
            "argument 2 (count): 300 does not fit u8");
  EXPECT_EQ(refused(type::result(kind::u8, kind::u8), value::err("x")),
            "argument 1 (x).err: expected u8, got string");
  EXPECT_EQ(refused(type::tuple({kind::u8, kind::u8}), value::tuple(1, "x")),
            "argument 1 (x).1: expected u8, got string");
}

TEST(encode, says_how_many_arguments_there_should_be) {
  EXPECT_EQ(refused(function({{"a", kind::u8}}), args()), "`place` takes 1 argument, got 0");
  EXPECT_EQ(refused(function({}), args(1, 2)), "`place` takes 0 arguments, got 2");
}

TEST(encode, takes_fields_in_any_order_and_options_left_out) {
  const type t = type::record({{"a", kind::u8}, {"b", type::option(kind::u8)}, {"c", kind::u8}});
  EXPECT_EQ(packed(t, value::record(wit::field_value("c", 3), wit::field_value("a", 1))),
            bytes({1, 0, 0, 0, 0, 3}));
  EXPECT_EQ(
      packed(t, value::record(wit::field_value("a", 1), wit::field_value("b", 2), wit::field_value("c", 3))),
      bytes({1, 1, 0, 0, 0, 2, 3}))
      << "a value stands for the option that holds it";
  EXPECT_THAT(refused(t, value::record(wit::field_value("a", 1))), HasSubstr("the field `c` is missing"));
  EXPECT_THAT(
      refused(t, value::record(wit::field_value("a", 1), wit::field_value("c", 1), wit::field_value("d", 1))),
      HasSubstr("there is no field `d`"));
  EXPECT_THAT(
      refused(t, value::record(wit::field_value("a", 1), wit::field_value("c", 1), wit::field_value("c", 1))),
      HasSubstr("the field `c` is given twice"));
}

TEST(encode, refuses_what_no_guest_may_see) {
  EXPECT_THAT(refused(kind::string, "ab\xff"), HasSubstr("not UTF-8 at byte 2"));
  EXPECT_THAT(refused(kind::string, "\xed\xa0\x80"), HasSubstr("not UTF-8 at byte 0")) << "a surrogate";
  EXPECT_THAT(refused(kind::string, "\xc0\x80"), HasSubstr("not UTF-8")) << "longer than need be";
  EXPECT_THAT(refused(kind::character, char32_t{0xD800}), HasSubstr("not a Unicode scalar value"));
  EXPECT_THAT(refused(type::list(kind::character), std::vector<char32_t>(300, 0x110000)), HasSubstr("[0]"));
  EXPECT_THAT(refused(type::enumeration({"a"}), "b"), HasSubstr("there is no case `b`"));
  EXPECT_THAT(refused(type::flags({"a"}), value::flags("b")), HasSubstr("there is no flag `b`"));
  EXPECT_THAT(refused(type::variant({{"a", kind::u8}}), "a"), HasSubstr("`a` needs a payload of type u8"));
  EXPECT_THAT(refused(type::variant({{"a", std::nullopt}}), value::variant("a", 1)),
              HasSubstr("has no payload"));
  EXPECT_THAT(refused(type::own("r", 0), wit::handle(1, wit::handle::ownership::borrow)), HasSubstr("owned"));
  EXPECT_THAT(refused(type::unsupported("future<u8>"), 1), HasSubstr("future<u8> cannot be passed"));
}

TEST(encode_result, wants_a_value_exactly_where_the_function_has_one) {
  const value five = 5;
  EXPECT_EQ(*wit::encode_result(function({}, kind::u8), &five), bytes({5}));
  EXPECT_TRUE(wit::encode_result(function({}), nullptr)->empty());
  EXPECT_THAT(wit::encode_result(function({}), &five).error().detail, HasSubstr("returns nothing"));
  EXPECT_THAT(wit::encode_result(function({}, kind::u8), nullptr).error().detail,
              HasSubstr("must return u8"));
}

TEST(decode, refuses_malformed_bytes) {
  EXPECT_THAT(malformed(kind::boolean, {2}), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(malformed(kind::u32, {1, 2, 3}), HasSubstr("ends too early"));
  EXPECT_THAT(malformed(kind::u8, {1, 2}), HasSubstr("left over at byte 1"));
  EXPECT_THAT(malformed(kind::character, {0, 0xD8, 0, 0}), HasSubstr("scalar value"));
  EXPECT_THAT(malformed(kind::string, {1, 0, 0, 0, 0xFF}), HasSubstr("not UTF-8"));
  EXPECT_THAT(malformed(type::enumeration({"a"}), {1, 0, 0, 0}), HasSubstr("no such case"));
  EXPECT_THAT(malformed(type::option(kind::u8), {2, 0, 0, 0, 1}), HasSubstr("neither none nor some"));
  EXPECT_THAT(malformed(type::flags({"a"}), {2, 0, 0, 0}), HasSubstr("do not exist"));
}

TEST(decode, allocates_nothing_for_a_length_that_cannot_be) {
  EXPECT_THAT(malformed(type::list(kind::u64), {255, 255, 255, 127}),
              HasSubstr("more than the buffer can hold"));
  EXPECT_THAT(malformed(type::list(kind::string), {255, 255, 255, 255}),
              HasSubstr("more than the buffer can hold"));
  EXPECT_THAT(malformed(kind::string, {4, 0, 0, 128, 1, 2, 3, 4, 5, 6, 7, 8}),
              HasSubstr("more than the buffer"))
      << "references are for arguments alone";
}

TEST(decode, makes_no_more_values_than_its_budget) {
  const type t = type::list(type::tuple({kind::boolean}));
  const auto ten = bytes({10, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  EXPECT_TRUE(wit::decode(t, ten, 21).has_value());
  const auto refused = wit::decode(t, ten, 20);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error(), errc::limit);
}

TEST(decode_arguments, takes_a_host_call_apart) {
  const wit::function f = function({{"title", kind::string}, {"count", kind::u8}});
  const auto made = wit::encode(f, args("book", 2), wit::placement::in_line);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(*wit::decode_arguments(f, made->bytes()), args("book", std::uint8_t{2}));
  EXPECT_TRUE(wit::decode_arguments(f, made->bytes().first(3)).has_error());
}

TEST(decode_world, reads_a_description) {
  // One imported function `now`; an exported one in interface `a:b/c`, after a resource.
  const auto described = bytes({
      1, 0, 0, 0, 0, 3,   0, 0, 0, 'n', 'o', 'w', 4,   0,   0, 0, 0, 0, 0, 0,   0,  1, 8,  // imports
      1, 0, 0, 0, 1, 5,   0, 0, 0, 'a', ':', 'b', '/', 'c', 2, 0, 0, 0,  // exports, interface
      2, 1, 0, 0, 0, 'r',                                                // resource r
      0, 1, 0, 0, 0, 'f', 7, 0, 0, 0,   1,   1,   0,   0,   0, 1, 0, 0, 0, 'x', 13, 2, 0,  // f, async
  });
  const auto w = wit::decode_world(described);
  ASSERT_TRUE(w.has_value()) << w.error().detail;
  ASSERT_EQ(w->imported_functions().size(), 1u);
  EXPECT_EQ(w->imported_functions()[0]->to_string(), "now: func() -> u64");
  EXPECT_EQ(w->imported_functions()[0]->index, 4u);
  ASSERT_EQ(w->exported_functions().size(), 1u);
  EXPECT_EQ(w->exported_functions()[0]->qualified_name(), "a:b/c#f");
  EXPECT_EQ(w->exported_functions()[0]->to_string(), "f: async func(x: list<u8>)");
  EXPECT_EQ(w->exported_functions()[0]->index, 7u);
  ASSERT_EQ(w->exports.interfaces[0].others.size(), 1u);
  EXPECT_EQ(w->exports.interfaces[0].others[0].kind, wit::item_kind::resource);

  for (std::size_t size = 0; size < described.size(); ++size) {
    const auto shortened = wit::decode_world(std::span(described).first(size));
    ASSERT_TRUE(shortened.has_error()) << size;
    EXPECT_EQ(shortened.error(), errc::malformed_component);
  }
}

TEST(decode_type, refuses_a_type_that_nests_without_end) {
  const std::vector<std::byte> lists(1 << 20, std::byte{13});
  const auto t = wit::decode_type(lists);
  ASSERT_TRUE(t.has_error());
  EXPECT_THAT(t.error().detail, HasSubstr("nests too deep"));
}
