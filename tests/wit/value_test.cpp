// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <holdfast/value.hpp>
#include <limits>

using namespace holdfast;
using wit::value;

TEST(value, takes_what_cpp_has_a_type_for) {
  EXPECT_TRUE(value(true).is<bool>());
  EXPECT_TRUE(value(2u).is<std::uint32_t>());
  EXPECT_TRUE(value(-2).is<std::int32_t>());
  EXPECT_TRUE(value(2L).is<std::int64_t>());
  EXPECT_TRUE(value(2LL).is<std::int64_t>()) << "long and long long are one width here";
  EXPECT_TRUE(value(2ULL).is<std::uint64_t>());
  EXPECT_TRUE(value(1.5f).is<float>());
  EXPECT_TRUE(value(1.5).is<double>());
  EXPECT_TRUE(value(U'x').is<char32_t>());
  EXPECT_EQ(value("book").get<std::string>(), "book") << "text is never taken for a bool";
  EXPECT_EQ(value(std::string_view("book")), value(std::string("book")));
  EXPECT_TRUE(value(std::vector<long long>{1, 2}).is<std::vector<std::int64_t>>());
  EXPECT_TRUE(value(std::vector<std::string>{"a"}).is<wit::list>());
  EXPECT_EQ(value(std::optional<int>(3)), value::some(3));
  EXPECT_EQ(value(std::nullopt), value::none());
  EXPECT_EQ(value(std::tuple(1, "x")), value::tuple(1, "x"));
}

// A `char` could be a letter or a number, a pointer could become a bool: neither compiles.
static_assert(!std::convertible_to<char, value>);
static_assert(!std::convertible_to<void*, value>);
static_assert(!std::convertible_to<std::nullptr_t, value>);
static_assert(std::is_nothrow_move_constructible_v<value> && std::is_nothrow_move_assignable_v<value>);

TEST(value, is_moved_without_copying_its_bytes) {
  wit::bytes held(1 << 20, 7);
  const std::uint8_t* const address = held.data();
  value v(std::move(held));
  value moved(std::move(v));
  const wit::arguments arguments = args(std::move(moved));
  EXPECT_EQ(arguments[0].get<wit::bytes>().data(), address);
}

TEST(value, copies_are_deep) {
  value original = value::some(value::record(wit::field_value("n", 1)));
  const value copy = original;
  original.get<wit::option_value>().some()->get<wit::record_value>().fields()[0].held() = 2;
  EXPECT_EQ(copy, value::some(value::record(wit::field_value("n", 1))));
  EXPECT_NE(copy, original);
}

TEST(value, equality_is_reflexive_even_for_nan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(value(nan), value(-nan));
  EXPECT_EQ(value(std::vector<double>{1, nan}), value(std::vector<double>{1, nan}));
  EXPECT_NE(value(std::vector<double>{1, nan}), value(std::vector<double>{2, nan}));
}

TEST(value, tells_apart_what_differs) {
  EXPECT_NE(value(1), value(1u)) << "numbers of another type differ";
  EXPECT_NE(value::ok(1), value::err(1));
  EXPECT_NE(value::ok(), value::ok(1));
  EXPECT_NE(value::variant("a"), value::variant("b"));
  EXPECT_NE(value::variant("a", 1), value::variant("a"));
  EXPECT_NE(value::some(value::none()), value::none());
  EXPECT_NE(value(wit::handle(7, wit::handle::ownership::own)),
            value(wit::handle(7, wit::handle::ownership::borrow)));
  EXPECT_EQ(value::flags("a", "b"), value::flags("b", "a")) << "flags are a set";
  EXPECT_NE(value::flags("a"), value::flags("a", "b"));
}

TEST(value, of_a_handle_differs_by_the_instance_that_issued_it) {
  const auto own = wit::handle::ownership::own;
  EXPECT_EQ(wit::handle(7, own), wit::handle(7, own, {}));
  EXPECT_EQ(wit::handle(7, own).from().generation, 0U) << "no home was given";
  EXPECT_NE(wit::handle(7, own, {1, 2}), wit::handle(7, own, {1, 3}));
  EXPECT_NE(wit::handle(7, own, {1, 2}), wit::handle(7, own, {2, 2}));
  EXPECT_EQ(wit::handle(7, own, {1, 2}).from(), (wit::handle::home{1, 2}));
}
