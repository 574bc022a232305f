// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe.hpp>
#include <cmath>
#include <holdfast/typed.hpp>
#include <limits>
#include <random>

#include "wit/packed.hpp"

namespace shop {

struct line {
  std::string title;
  double unit_price = 0;
  friend bool operator==(const line&, const line&) = default;
};
BOOST_DESCRIBE_STRUCT(line, (), (title, unit_price))

enum class status_code { open, paid_, sentOut };
BOOST_DESCRIBE_ENUM(status_code, open, paid_, sentOut)

enum class day { mon = 20, tue = 3, wed, thu, fri, sat, sun, feast, fast };
BOOST_DESCRIBE_ENUM(day, mon, tue, wed, thu, fri, sat, sun, feast, fast)

struct order {
  std::uint64_t id = 0;
  std::vector<line> lines;
  std::optional<std::string> note;
  status_code status{};
  friend bool operator==(const order&, const order&) = default;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, lines, note, status))

struct nothing {
  friend bool operator==(const nothing&, const nothing&) = default;
};
using shape = std::variant<nothing, double, std::vector<std::tuple<std::int32_t, std::int32_t>>, std::string>;

// A type of the embedder's own.
struct uuid {
  std::string text;
  friend bool operator==(const uuid&, const uuid&) = default;
};

}  // namespace shop

template <>
struct holdfast::wit::representation<shop::uuid> {
  using type = std::string;
  static std::string to_wit(const shop::uuid& id) { return "uuid:" + id.text; }
  static shop::uuid from_wit(std::string text) {
    if (!text.starts_with("uuid:")) throw std::runtime_error("`" + text + "` is no uuid");
    return {text.substr(5)};
  }
};

namespace holdfast::wit {
namespace {

using testing::HasSubstr;

type line_type() { return type::record({{"title", kind::string}, {"unit-price", kind::f64}}); }
type order_type() {
  return type::record({{"id", kind::u64},
                       {"lines", type::list(line_type())},
                       {"note", type::option(kind::string)},
                       {"status", type::enumeration({"open", "paid", "sent-out"})}});
}
type days_type() { return type::flags({"mon", "tue", "wed", "thu", "fri", "sat", "sun", "feast", "fast"}); }
type shape_type() {
  return type::variant({{"nothing", std::nullopt},
                        {"circle", type(kind::f64)},
                        {"polygon", type::list(type::tuple({kind::s32, kind::s32}))},
                        {"named", type(kind::string)}});
}

function of(std::vector<field> params, std::optional<type> result = std::nullopt) {
  function made;
  made.name = "place";
  made.params = std::move(params);
  made.result = std::move(result);
  return made;
}

template <class T>
std::vector<std::byte> packed(const type& t, T&& v) {
  packer out(placement::in_line);
  EXPECT_TRUE(codec<std::remove_cvref_t<T>>::pack(out, t, std::forward<T>(v))) << out.failure("value").detail;
  return {out.bytes().begin(), out.bytes().end()};
}

/// As a program without exceptions reads: why it failed, the value forgotten.
template <class T>
std::optional<error> noted(const type& t, std::span<const std::byte> bytes) {
  std::optional<error> failed;
  unpacker in(bytes, {}, failed);
  (void)codec<T>::unpack(in, t);
  in.finish();
  return failed;
}

/// Reads both ways, which find the same.
template <class T>
holdfast::result<T> unpacked(const type& t, std::span<const std::byte> bytes) {
  auto read = unpack_with(bytes, {}, [&](unpacker& in) { return codec<T>::unpack(in, t); });
  if constexpr (!represented<T>) {  // what a representation throws is not the unpacker's
    const auto failed = noted<T>(t, bytes);
    EXPECT_EQ(failed.has_value(), read.has_error());
    if (failed && read.has_error()) {
      EXPECT_EQ(failed->code, read.error().code);
      EXPECT_EQ(failed->detail, read.error().detail);
    }
  }
  return read;
}

/// A typed value crosses as its dynamic twin does, to the bit, and comes back.
template <class T>
void crosses(const type& t, const T& v, const value& twin) {
  SCOPED_TRACE(t.to_string());
  const auto fits = check<T>(t);
  ASSERT_TRUE(fits) << fits.error().detail;
  const auto bytes = packed(t, v);
  EXPECT_EQ(bytes, encode_value(t, twin).value());
  EXPECT_EQ(packed(t, T(v)), bytes) << "moved in";
  EXPECT_EQ(unpacked<T>(t, bytes).value(), v);
}

template <class T>
std::string refusal(const type& t) {
  const auto checked = check<T>(t);
  EXPECT_FALSE(checked) << t.to_string();
  return checked ? "" : checked.error().detail;
}

TEST(typed, scalars_cross_as_what_they_are) {
  crosses<bool>(kind::boolean, true, true);
  crosses<std::int8_t>(kind::s8, -5, std::int8_t{-5});
  crosses<std::uint8_t>(kind::u8, 200, std::uint8_t{200});
  crosses<std::int16_t>(kind::s16, -500, std::int16_t{-500});
  crosses<std::uint16_t>(kind::u16, 65535, std::uint16_t{65535});
  crosses<std::int32_t>(kind::s32, -70000, -70000);
  crosses<std::uint32_t>(kind::u32, 70000, 70000U);
  crosses<std::int64_t>(kind::s64, std::numeric_limits<std::int64_t>::min(),
                        std::numeric_limits<std::int64_t>::min());
  crosses<std::uint64_t>(kind::u64, ~0ULL, ~0ULL);
  crosses<long long>(kind::s64, -1, -1LL);
  crosses<float>(kind::f32, 0.5F, 0.5F);
  crosses<double>(kind::f64, -0.25, -0.25);
  crosses<char32_t>(kind::character, U'\U0001F600', U'\U0001F600');
}

TEST(typed, lists_and_strings_cross) {
  crosses<std::string>(kind::string, "grüße", "grüße");
  crosses<std::vector<std::uint8_t>>(type::list(kind::u8), {1, 2, 3}, bytes{1, 2, 3});
  crosses<std::vector<bool>>(type::list(kind::boolean), {true, false}, std::vector<bool>{true, false});
  crosses<std::vector<char32_t>>(type::list(kind::character), {U'a', U'ß'},
                                 std::vector<char32_t>{U'a', U'ß'});
  crosses<std::vector<long long>>(type::list(kind::s64), {-1, 7}, std::vector<std::int64_t>{-1, 7});
  crosses<std::vector<std::string>>(type::list(kind::string), {"a", ""}, list{value("a"), value("")});
  crosses<std::vector<std::vector<std::uint32_t>>>(
      type::list(type::list(kind::u32)), {{1, 2}, {}},
      list{value(std::vector<std::uint32_t>{1, 2}), value(std::vector<std::uint32_t>{})});
}

TEST(typed, options_tuples_and_results_cross) {
  using maybe = std::optional<std::optional<std::string>>;
  const type maybe_type = type::option(type::option(kind::string));
  crosses<maybe>(maybe_type, maybe(), value::none());
  crosses<maybe>(maybe_type, maybe(std::optional<std::string>()), value::some(value::none()));
  crosses<std::tuple<std::uint8_t, std::string, float>>(type::tuple({kind::u8, kind::string, kind::f32}),
                                                        {1, "b", 2.F},
                                                        value::tuple(std::uint8_t{1}, "b", 2.F));
  using both = expected<std::uint32_t, std::string>;
  crosses<both>(type::result(type(kind::u32), type(kind::string)), ok(7U), value::ok(7U));
  crosses<both>(type::result(type(kind::u32), type(kind::string)), err("no"), value::err("no"));
  crosses<expected<void, std::string>>(type::result(std::nullopt, type(kind::string)), ok(), value::ok());
  crosses<expected<std::string, void>>(type::result(type(kind::string), std::nullopt), err(), value::err());
  crosses<expected<void, void>>(type::result(std::nullopt, std::nullopt), err(), value::err());
}

TEST(typed, records_variants_enums_and_flags_cross) {
  const shop::order some{7, {{"a book", 12.5}, {"", 0}}, "soon", shop::status_code::sentOut};
  const auto line_value = [](const char* title, double price) {
    return value::record(field_value("title", title), field_value("unit-price", price));
  };
  crosses(order_type(), some,
          value::record(field_value("id", std::uint64_t{7}),
                        field_value("lines", list{line_value("a book", 12.5), line_value("", 0.)}),
                        field_value("note", value::some("soon")), field_value("status", "sent-out")));
  crosses<shop::shape>(shape_type(), shop::nothing{}, value::variant("nothing"));
  crosses<shop::shape>(shape_type(), 0.5, value::variant("circle", 0.5));
  crosses<shop::shape>(shape_type(), std::string("x"), value::variant("named", "x"));
  crosses<shop::day>(type::enumeration({"mon", "tue", "wed", "thu", "fri", "sat", "sun", "feast", "fast"}),
                     shop::day::tue, value::enumeration("tue"));
  crosses<flags<shop::day>>(days_type(), flags<shop::day>(shop::day::mon, shop::day::fast),
                            value::flags("mon", "fast"));
}

TEST(typed, a_type_of_ones_own_crosses_as_its_representation) {
  crosses<shop::uuid>(kind::string, {"17"}, "uuid:17");
  const auto bytes = packed(type(kind::string), std::string("17"));
  const auto refused = unpacked<shop::uuid>(kind::string, bytes);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("`17` is no uuid"));
}

TEST(typed, anything_crosses_as_a_value_also_within_typed_parts) {
  using mixed = std::vector<std::tuple<value, std::uint32_t>>;
  const type t = type::list(type::tuple({shape_type(), kind::u32}));
  crosses<mixed>(t, {{value::variant("circle", 1.5), 3}},
                 list{value::tuple(value::variant("circle", 1.5), 3U)});
  packer out;
  EXPECT_FALSE(codec<mixed>::pack(out, t, mixed{{value(1U), 3}}));
  EXPECT_THAT(out.failure("argument 1").detail, HasSubstr("argument 1[0].0: "));
}

TEST(typed, a_number_never_becomes_another_one) {
  EXPECT_THAT(refusal<std::int32_t>(kind::u32), HasSubstr("u32"));
  EXPECT_THAT(refusal<std::int32_t>(kind::u32), HasSubstr("std::int32_t"));
  refusal<std::uint64_t>(kind::u32);
  refusal<float>(kind::f64);
  refusal<char32_t>(kind::u32);
  refusal<bool>(kind::u8);
}

TEST(typed, a_mismatch_names_the_path_and_both_types) {
  const std::string deep = refusal<std::optional<std::vector<std::tuple<std::uint8_t, std::string>>>>(
      type::option(type::list(type::tuple({kind::u8, kind::u32}))));
  EXPECT_EQ(deep, "value?[].1: the component is u32, the program has std::string");
  EXPECT_THAT(refusal<shop::order>(type::record({{"id", kind::u64}})), HasSubstr("4"));
  const type renamed = type::record({{"title", kind::string}, {"price", kind::f64}});
  EXPECT_THAT(refusal<shop::line>(renamed), HasSubstr("name 2 is `price` there and `unit_price` in C++"));
  const type wider = type::record({{"title", kind::string}, {"unit-price", kind::f32}});
  EXPECT_THAT(refusal<shop::line>(wider), HasSubstr("value.unit-price: the component is f32"));
  EXPECT_THAT(refusal<shop::shape>(type::variant({{"a", std::nullopt}})), HasSubstr("number of cases"));
  EXPECT_THAT(refusal<shop::status_code>(type::enumeration({"open", "paid"})), HasSubstr("2 names"));
  using takes_nothing = expected<void, void>;
  EXPECT_THAT(refusal<takes_nothing>(type::result(type(kind::u8), std::nullopt)), HasSubstr("value.ok"));
  using one_payload = std::variant<shop::nothing, double, double, std::string>;
  EXPECT_THAT(refusal<one_payload>(shape_type()), HasSubstr("value.polygon: the component is list<"));
}

TEST(typed, a_signature_names_the_parameter_and_both_types) {
  const function place = of({{"id", kind::u64}, {"count", kind::u32}}, type(kind::u64));
  EXPECT_TRUE((signature<std::uint64_t, std::uint64_t, const std::uint32_t&>::check(place, side::caller)));
  const auto wrong = signature<std::uint64_t, std::uint64_t, std::string>::check(place, side::caller);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error(), errc::bad_arguments);
  EXPECT_EQ(wrong.error().detail, "parameter 2 (count): the component has u32, the call gives std::string");
  EXPECT_EQ((signature<void, std::uint64_t, std::uint32_t>::check(place, side::caller)).error().detail,
            "result: the component returns u64, the call expects nothing");
  EXPECT_EQ((signature<std::uint64_t>::check(place, side::caller)).error().detail,
            "`place` takes 2 arguments, the call gives 0");
  const auto callee = signature<std::string, std::uint64_t, std::uint32_t>::check(place, side::callee);
  ASSERT_FALSE(callee);
  EXPECT_EQ(callee.error(), errc::type_mismatch);
  EXPECT_EQ(callee.error().detail, "result: the component expects u64, the function returns std::string");
  EXPECT_FALSE((signature<std::uint64_t>::check(of({}), side::caller)));
  EXPECT_TRUE((signature<void>::check(of({}), side::caller)));
}

TEST(typed, names_of_cpp_stand_for_names_of_wit) {
  EXPECT_TRUE(same_name("item-count", "item_count"));
  EXPECT_TRUE(same_name("item-count", "itemCount"));
  EXPECT_TRUE(same_name("item-count", "ItemCount"));
  EXPECT_TRUE(same_name("default", "default_"));
  EXPECT_TRUE(same_name("HTTP-error", "http_error"));
  EXPECT_FALSE(same_name("item-count", "itemcount"));
  EXPECT_FALSE(same_name("count", "counts"));
}

TEST(typed, large_moved_arguments_are_referred_to_and_stay_where_they_are) {
  const function echo = of({{"text", kind::string}, {"data", type::list(kind::u16)}, {"copy", kind::string}});
  std::string text(1000, 'x');
  std::vector<std::uint16_t> data(1000, 7);
  const std::string kept(1000, 'y');
  const void* const letters = text.data();
  const void* const numbers = data.data();
  packer out;
  error failure;
  ASSERT_TRUE(pack_arguments(out, echo, failure, std::move(text), std::move(data), kept));
  const packed_args arguments(std::move(out));
  const auto address = [&](std::size_t at) {
    std::uint64_t where = 0;
    std::memcpy(&where, arguments.bytes().data() + at, sizeof where);
    return reinterpret_cast<const void*>(static_cast<std::uintptr_t>(where));
  };
  EXPECT_EQ(address(4), letters);
  EXPECT_EQ(address(16), numbers);
  EXPECT_EQ(arguments.bytes().size(), 24 + 4 + kept.size()) << "what was not moved in is copied";
  EXPECT_GE(arguments.size(), 4000U) << "the queue's bound counts what is held";
}

TEST(typed, a_string_that_is_not_utf8_is_refused_with_its_path) {
  const function place = of({{"order", order_type()}});
  packer out;
  error failure;
  EXPECT_FALSE(pack_arguments(out, place, failure, shop::order{1, {{"a", 1}, {"b\xff", 1}}, {}, {}}));
  EXPECT_EQ(failure, errc::bad_arguments);
  EXPECT_EQ(failure.detail, "argument 1 (order).lines[1].title: the string is not UTF-8 at byte 1");
  packer large;
  EXPECT_FALSE(codec<std::string>::pack(large, kind::string, std::string(1000, '\xff')));
}

TEST(typed, an_unnamed_enum_value_and_a_wrong_char_are_refused) {
  packer out;
  EXPECT_FALSE(codec<shop::status_code>::pack(out, kind::u8, static_cast<shop::status_code>(99)));
  EXPECT_FALSE(codec<char32_t>::pack(out, kind::character, static_cast<char32_t>(0xD800)));
  EXPECT_FALSE(codec<std::vector<char32_t>>::pack(out, kind::character, {static_cast<char32_t>(0x110000)}));
}

TEST(typed, a_truncated_or_changed_buffer_is_an_error_never_a_crash) {
  const shop::order some{7, {{"a book", 12.5}, {"b", 0}}, "soon", shop::status_code::sentOut};
  const auto good = packed(order_type(), some);
  for (std::size_t n = 0; n < good.size(); ++n) {
    EXPECT_FALSE(unpacked<shop::order>(order_type(), std::span(good).first(n))) << n;
  }
  auto longer = good;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(unpacked<shop::order>(order_type(), longer)) << "bytes left over";
  std::mt19937 dice(4);
  for (int i = 0; i < 20'000; ++i) {
    auto bad = good;
    for (int flips = 0; flips < 3; ++flips) bad[dice() % bad.size()] = static_cast<std::byte>(dice());
    const auto typed = unpacked<shop::order>(order_type(), bad);
    const auto dynamic = decode(order_type(), bad);
    EXPECT_EQ(typed.has_value(), dynamic.has_value()) << "both readers agree on what is good";
  }
}

TEST(typed, after_a_noted_failure_all_is_zero_or_empty_and_of_its_kind) {
  std::optional<error> failed;
  unpacker in({}, {}, failed);
  EXPECT_EQ(in.word<std::uint64_t>(), 0U);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->detail, "malformed value: the buffer ends too early at byte 0");
  EXPECT_EQ(codec<std::string>::unpack(in, kind::string), "");
  EXPECT_TRUE(codec<std::vector<std::string>>::unpack(in, type::list(kind::string)).empty());
  EXPECT_EQ(codec<handle>::unpack(in, type::own("counter", 0)).number(), 0U);
  EXPECT_EQ(codec<readable>::unpack(in, type::stream(type(kind::u8))).end(), nullptr);
  EXPECT_EQ(codec<shop::order>::unpack(in, order_type()), shop::order());
  EXPECT_EQ(failed->detail, "malformed value: the buffer ends too early at byte 0") << "the first stays";
}

TEST(typed, lengths_are_bounded_by_what_remains_and_by_a_budget) {
  const std::vector<std::byte> huge{std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0x7f}};
  EXPECT_FALSE(unpacked<std::string>(kind::string, huge));
  EXPECT_FALSE(unpacked<std::vector<double>>(type::list(kind::f64), huge));
  EXPECT_FALSE(unpacked<std::vector<std::string>>(type::list(kind::string), huge));
  // 24 million times nothing, four bytes each, of a type of a hundred.
  std::vector<std::byte> many(4 + 4 * 24'000'000);
  const std::uint32_t count = 24'000'000;
  std::memcpy(many.data(), &count, sizeof count);
  const auto refused =
      unpacked<std::vector<std::optional<shop::order>>>(type::list(type::option(order_type())), many);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::limit);
}

TEST(typed, flags_and_bools_that_do_not_exist_are_refused) {
  const std::vector<std::byte> beyond{std::byte{0}, std::byte{2}, std::byte{0}, std::byte{0}};
  EXPECT_FALSE(unpacked<flags<shop::day>>(days_type(), beyond));
  EXPECT_FALSE(unpacked<bool>(kind::boolean, std::vector<std::byte>{std::byte{2}}));
  EXPECT_FALSE(unpacked<shop::status_code>(
      kind::u8, std::vector<std::byte>{std::byte{3}, std::byte{0}, std::byte{0}, std::byte{0}}));
}

TEST(typed, views_are_arguments_and_never_results) {
  static_assert(packable<std::string_view> && !unpackable<std::string_view>);
  static_assert(packable<std::span<const std::uint8_t>> && !unpackable<std::span<const std::uint8_t>>);
  static_assert(packable<const char*> && !unpackable<const char*>);
  const std::vector<std::uint8_t> data{1, 2};
  EXPECT_EQ(packed(type::list(kind::u8), std::span<const std::uint8_t>(data)),
            packed(type::list(kind::u8), data));
  EXPECT_EQ(packed(type(kind::string), std::string_view("a")), packed(type(kind::string), std::string("a")));
}

TEST(typed, handles_get_the_home_of_the_instance_that_issued_them) {
  const type own = type::own("counter", 0);
  const auto bytes = packed(own, handle(17, handle::ownership::own));
  const handle::home home{3, 9};
  const auto read = unpack_with(bytes, home, [&](unpacker& in) { return codec<handle>::unpack(in, own); });
  EXPECT_EQ(read.value().from(), home);
}

TEST(typed, handles_cross_with_their_ownership) {
  const type own = type::own("counter", 0);
  crosses<handle>(own, handle(17, handle::ownership::own), value(handle(17, handle::ownership::own)));
  packer out;
  EXPECT_FALSE(codec<handle>::pack(out, own, handle(17, handle::ownership::borrow)));
  refusal<handle>(kind::u64);
}

}  // namespace
}  // namespace holdfast::wit
