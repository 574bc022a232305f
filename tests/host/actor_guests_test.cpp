// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/host.hpp>
#include <string>

#include "host/guests.hpp"

// Actors in the languages of their guests: each gives its place up to another and goes on where it was.
namespace holdfast {
namespace {

using namespace testing_support;
using testing::HasSubstr;

wit::value ok(const reply& told) {
  EXPECT_TRUE(told) << told.detail;
  EXPECT_FALSE(told.state_lost);
  return told ? *told.value : wit::value();
}

TEST(actors_in_javascript, keep_their_carts) {
  host owner(shared_engine());
  const actors carts = owner.open_actors(guest("cart-js.wasm"), {.resident = 1}).value();
  const actor ada = carts.at("ada").value();
  const actor bob = carts.at("bob").value();
  EXPECT_EQ(ok(ada.call("add", args("book", 2U, std::uint64_t{1250}))), wit::value(wit::value::ok(1U)));
  EXPECT_EQ(ok(bob.call("add", args("pen", 3U, std::uint64_t{180}))), wit::value(wit::value::ok(1U)));
  EXPECT_EQ(ok(ada.call("total", {})), wit::value(std::uint64_t{2500}));
  EXPECT_EQ(ok(bob.call("total", {})), wit::value(std::uint64_t{540}));
  const wit::value order = ok(ada.call("checkout", {}));
  ASSERT_TRUE(order.get<wit::result_value>().is_ok());
  EXPECT_EQ(ok(bob.call("total", {})), wit::value(std::uint64_t{540}));
  EXPECT_EQ(ok(ada.call("last-order", {})), wit::value::some(*order.get<wit::result_value>().payload()))
      << "what it drew and when it was is in its state";
  EXPECT_EQ(ok(ada.call("total", {})), wit::value(std::uint64_t{0}));
  EXPECT_GE(carts.figures().passivations, 5U);
}

TEST(actors_in_python, keep_their_documents) {
  host owner(shared_engine());
  const actors stores = owner.open_actors(guest("document-store-py.wasm"), {.resident = 1}).value();
  const actor ada = stores.at("ada").value();
  const actor bob = stores.at("bob").value();
  EXPECT_EQ(ok(ada.call("put", args("poem", "The sea is calm to-night"))),
            wit::value(wit::value::ok(std::uint64_t{1})));
  EXPECT_EQ(ok(bob.call("find", args("sea"))), wit::value(wit::list())) << "it is another's";
  EXPECT_EQ(ok(ada.call("put", args("poem", "The tide is full, the moon lies fair"))),
            wit::value(wit::value::ok(std::uint64_t{2})));
  EXPECT_EQ(ok(bob.call("names", {})), wit::value(wit::list()));
  EXPECT_EQ(ok(ada.call("find", args("MOON tide"))), wit::value(wit::list{wit::value("poem")}));
  EXPECT_EQ(stores.figures().resident, 1U);
}

}  // namespace
}  // namespace holdfast
