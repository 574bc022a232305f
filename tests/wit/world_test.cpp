// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/world.hpp>

using namespace holdfast;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using wit::kind;

namespace {

wit::function function(std::string name, std::string interface, std::uint32_t index) {
  wit::function f;
  f.name = std::move(name);
  f.interface = std::move(interface);
  f.index = index;
  return f;
}

wit::interface interface(std::string name, std::vector<wit::function> functions) {
  wit::interface i;
  i.name = std::move(name);
  i.functions = std::move(functions);
  return i;
}

wit::world shop() {
  const std::string orders = "acme:shop/orders@1.2.0";
  const std::string refunds = "acme:shop/refunds";
  wit::world w;
  w.exports.functions = {function("greet", "", 0), function("list", "", 6)};
  w.exports.interfaces = {
      interface(orders,
                {function("place", orders, 1), function("count", orders, 2), function("list", orders, 7)}),
      interface(refunds, {function("count", refunds, 3), function("[method]cart.add", refunds, 4)})};
  return w;
}

std::uint32_t found(const wit::world& w, std::string_view name) {
  const auto f = w.find_export(name);
  EXPECT_TRUE(f.has_value()) << name << ": " << f.error().detail;
  return f ? (*f)->index : 999;
}

std::string refused(const wit::world& w, std::string_view name) {
  const auto f = w.find_export(name);
  EXPECT_FALSE(f.has_value()) << name;
  if (f) return "";
  EXPECT_EQ(f.error(), errc::no_such_export);
  return f.error().detail;
}

}  // namespace

TEST(find_export, takes_every_way_of_writing_a_name) {
  const wit::world w = shop();
  EXPECT_EQ(found(w, "greet"), 0u);
  EXPECT_EQ(found(w, "place"), 1u);
  EXPECT_EQ(found(w, "orders#place"), 1u);
  EXPECT_EQ(found(w, "orders.place"), 1u);
  EXPECT_EQ(found(w, "acme:shop/orders#place"), 1u);
  EXPECT_EQ(found(w, "acme:shop/orders@1.2.0#place"), 1u);
  EXPECT_EQ(found(w, "acme:shop/orders@1.2.0.place"), 1u);
  EXPECT_EQ(found(w, "orders@1.2.0#place"), 1u);
  EXPECT_EQ(found(w, "refunds#count"), 3u);
  EXPECT_EQ(found(w, "[method]cart.add"), 4u);
  EXPECT_EQ(found(w, "cart.add"), 4u);
  EXPECT_EQ(found(w, "refunds.cart.add"), 4u);
}

TEST(find_export, prefers_the_root_whose_full_name_is_the_bare_one) { EXPECT_EQ(found(shop(), "list"), 6u); }

TEST(find_export, names_the_candidates_where_several_match) {
  EXPECT_THAT(refused(shop(), "count"),
              AllOf(HasSubstr("acme:shop/orders@1.2.0#count"), HasSubstr("acme:shop/refunds#count")));
}

TEST(find_export, names_the_nearest_where_none_matches) {
  EXPECT_EQ(refused(shop(), "gret"), "no export `gret`; the nearest is `greet`");
  EXPECT_THAT(refused(shop(), "orders.plce"), HasSubstr("`acme:shop/orders@1.2.0#place`"));
  EXPECT_THAT(refused(shop(), "acme:shop/orders@2.0.0#place"), HasSubstr("`acme:shop/orders@1.2.0#place`"));
  EXPECT_THAT(refused(wit::world(), "f"), HasSubstr("exports no functions"));
}

TEST(find_export, does_not_repeat_an_endless_or_broken_name) {
  const std::string detail = refused(shop(), std::string(1 << 20, 'x'));
  EXPECT_LT(detail.size(), 300u);
  EXPECT_THAT(refused(shop(), "gr\xff\xfe"), Not(HasSubstr("\xff")));
}

TEST(function, is_spelled_as_wit_spells_it) {
  wit::function f = function("place-order", "acme:shop/orders", 0);
  f.params = {{"title", kind::string}, {"count", kind::u32}};
  f.result = wit::type::result(kind::u64, kind::string);
  EXPECT_EQ(f.to_string(), "place-order: func(title: string, count: u32) -> result<u64, string>");
  EXPECT_EQ(f.qualified_name(), "acme:shop/orders#place-order");
  EXPECT_EQ(function("greet", "", 0).to_string(), "greet: func()");
}
