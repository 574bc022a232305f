// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <holdfast/type.hpp>
#include <stdexcept>

using namespace holdfast;
using wit::kind;
using wit::type;

TEST(type, is_spelled_as_wit_spells_it) {
  EXPECT_EQ(type(kind::boolean).to_string(), "bool");
  EXPECT_EQ(type(kind::character).to_string(), "char");
  EXPECT_EQ(type::list(kind::u8).to_string(), "list<u8>");
  EXPECT_EQ(type::option(type::list(kind::string)).to_string(), "option<list<string>>");
  EXPECT_EQ(type::result(std::nullopt, std::nullopt).to_string(), "result");
  EXPECT_EQ(type::result(kind::u32, std::nullopt).to_string(), "result<u32>");
  EXPECT_EQ(type::result(std::nullopt, kind::string).to_string(), "result<_, string>");
  EXPECT_EQ(type::result(kind::u32, kind::string).to_string(), "result<u32, string>");
  EXPECT_EQ(type::tuple({kind::u8, kind::f64}).to_string(), "tuple<u8, f64>");
  EXPECT_EQ(type::record({{"a", kind::u32}, {"b", kind::string}}).to_string(),
            "record { a: u32, b: string }");
  EXPECT_EQ(type::variant({{"none", std::nullopt}, {"one", kind::s8}}).to_string(),
            "variant { none, one(s8) }");
  EXPECT_EQ(type::enumeration({"red", "green"}).to_string(), "enum { red, green }");
  EXPECT_EQ(type::flags({"read", "write"}).to_string(), "flags { read, write }");
  EXPECT_EQ(type::own("cart", 3).to_string(), "own<cart>");
  EXPECT_EQ(type::borrow("", 3).to_string(), "borrow<resource3>");
  EXPECT_EQ(type::unsupported("stream<u8>").to_string(), "stream<u8>");
}

TEST(type, equals_another_of_the_same_structure) {
  const auto order = [](kind price) {
    return type::record({{"lines", type::list(type::tuple({kind::string, price}))}});
  };
  EXPECT_EQ(order(kind::f64), order(kind::f64));
  EXPECT_NE(order(kind::f64), order(kind::f32));
  EXPECT_NE(type::option(kind::u8), type::list(kind::u8));
  EXPECT_NE(type::result(kind::u8, std::nullopt), type::result(std::nullopt, kind::u8));
  EXPECT_NE(type::own("cart", 1), type::own("cart", 2));
  EXPECT_EQ(type::own("cart", 1), type::own("", 1)) << "a resource is its index; its name may be unknown";
}

TEST(type, refuses_what_wit_has_not) {
  EXPECT_THROW(type{kind::list}, std::invalid_argument);
  EXPECT_THROW(type::record({}), std::invalid_argument);
  EXPECT_THROW(type::tuple({}), std::invalid_argument);
  EXPECT_THROW(type::enumeration({}), std::invalid_argument);
  EXPECT_THROW(type::flags({"a", "a"}), std::invalid_argument);
  EXPECT_THROW(type::record({{"a", kind::u8}, {"a", kind::u8}}), std::invalid_argument);
}

TEST(type, nests_as_deep_as_its_limit_and_no_deeper) {
  type t = kind::u8;
  for (unsigned depth = 1; depth < type::max_depth; ++depth) t = type::list(std::move(t));
  EXPECT_EQ(t.depth(), type::max_depth);
  EXPECT_THROW(type::list(t), std::invalid_argument);
}
