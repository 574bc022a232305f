// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/pool.hpp>

#include "host/manual_host.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

component counted() {
  return component::load(shared_engine(), std::filesystem::path(HOLDFAST_GUESTS_DIR) / "orders.wasm",
                         {.fuel = metering::on})
      .value();
}

TEST(fuel_test, that_a_call_used_up_kills_it_and_its_instance_is_rebuilt) {
  manual_host owner;
  pool_options options;
  options.limits.fuel = 100'000;
  const pool shop = owner.get().open(counted(), options).value();
  owner.settle();
  const auto ask = [&](std::string_view function, wit::arguments arguments) {
    const ticket claim =
        shop.submit(function, std::move(arguments), {.deadline = no_limit, .run_limit = no_limit}).value();
    owner.settle();
    return claim.wait(0s);
  };
  ASSERT_TRUE(ask("place", args(1U, "book", 1U)));
  const reply told = ask("spin", args(2U));
  EXPECT_EQ(told.outcome, outcome::deadline_killed);
  EXPECT_EQ(told.code, effect::executed);
  EXPECT_THAT(told.detail, testing::HasSubstr("100000 units of fuel"));
  EXPECT_FALSE(told.backtrace.empty());
  const reply next = ask("audit", {});
  EXPECT_EQ(next.generation, 2U);
  EXPECT_TRUE(next.value->get<wit::result_value>().is_ok());
}

TEST(fuel_test, as_a_limit_of_a_component_that_does_not_count_it_refuses_the_pool) {
  manual_host owner;
  pool_options options;
  options.limits.fuel = 100'000;
  const auto refused = owner.get().open(guest("orders.wasm"), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::limit);
}

}  // namespace
}  // namespace holdfast
