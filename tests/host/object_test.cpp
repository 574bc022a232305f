// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <holdfast/pool.hpp>
#include <optional>

#include "host/manual_host.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

struct account {
  ~account() { ++gone; }
  static inline std::atomic<int> gone = 0;
};

constexpr const char* bank = "holdfast:demo/accounts";

class object_test : public testing::Test {
 protected:
  object_test() {
    account::gone = 0;
    options.functions.define_resource<account>(bank, "account")
        .define(bank, "[constructor]account",
                [](host_call call) {
                  const auto made = call.give(std::make_shared<account>());
                  std::move(call).reply(made);
                })
        .define(bank, "[method]account.deposit", [this](host_call call) { parked.emplace(std::move(call)); });
    for (const char* unused : {"close", "exchange", "total"})
      options.functions.define(bank, unused, [](host_call call) { std::move(call).fail("not here"); });
  }
  pool open() {
    pool made = owner->get().open(guest("vault.wat"), options).value();
    owner->settle();
    return made;
  }
  ticket begin(const pool& of, std::string_view function, wit::arguments arguments) {
    ticket claim = of.submit(function, std::move(arguments)).value();
    owner->settle();
    return claim;
  }

  pool_options options;
  std::optional<host_call> parked;
  std::optional<manual_host> owner{std::in_place};
};

TEST_F(object_test, is_destroyed_with_the_instance_of_a_call_that_is_killed) {
  const pool vault = open();
  ASSERT_TRUE(begin(vault, "open", args(3U)).wait(0s));
  const ticket claim = begin(vault, "deposit", args(std::uint64_t{1}));
  ASSERT_TRUE(parked);
  claim.kill();
  owner->settle();
  EXPECT_EQ(claim.wait(0s).code, errc::killed);
  EXPECT_EQ(account::gone, 2) << "one is still lent to a function that runs";
  parked.reset();
  EXPECT_EQ(account::gone, 3);
}

TEST_F(object_test, is_destroyed_when_its_host_goes_even_one_that_a_function_still_uses) {
  {
    const pool vault = open();
    ASSERT_TRUE(begin(vault, "open", args(3U)).wait(0s));
    EXPECT_EQ(begin(vault, "deposit", args(std::uint64_t{1})).phase(), call_phase::running);
  }
  owner.reset();
  EXPECT_EQ(account::gone, 2);
  ASSERT_TRUE(parked);
  EXPECT_TRUE(parked->abandoned());
  parked.reset();
  EXPECT_EQ(account::gone, 3);
}

}  // namespace
}  // namespace holdfast
