// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <holdfast/pool.hpp>
#include <initializer_list>
#include <map>
#include <optional>
#include <vector>

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

// Lockers of calls that share an instance.

struct locker {
  explicit locker(std::uint32_t of) : number(of) { ++alive; }
  locker(const locker&) = delete;
  locker& operator=(const locker&) = delete;
  ~locker() { --alive; }
  std::uint32_t number;
  static inline std::atomic<int> alive = 0;
};

class shared_object_test : public testing::Test {
 protected:
  shared_object_test() {
    options.functions.define_resource<locker>("holdfast:demo/lockers", "locker")
        .define("holdfast:demo/lockers", "[constructor]locker",
                [](host_call call) {
                  const auto made =
                      call.give(std::make_shared<locker>(call.args().at(0).get<std::uint32_t>()));
                  std::move(call).reply(made);
                })
        .define("holdfast:demo/lockers", "look", [this](host_call call) {
          const auto seen = call.object<locker>(0);
          const std::uint32_t number = seen->number;
          looks.insert_or_assign(number, std::move(call));
        });
  }
  pool open() {
    pool made = owner->get().open(guest("hoard.wat"), options).value();
    owner->settle();
    return made;
  }
  std::vector<ticket> begin(const pool& of, std::initializer_list<const char*> functions) {
    std::vector<ticket> all;
    for (const char* each : functions) {
      all.push_back(of.submit(each, args(static_cast<std::uint32_t>(all.size()))).value());
      owner->settle(100);
    }
    EXPECT_EQ(looks.size(), all.size());
    EXPECT_EQ(locker::alive, 2 * static_cast<int>(all.size()));
    return all;
  }
  void answer(std::uint32_t number) {
    auto found = looks.extract(number);
    ASSERT_TRUE(found);
    std::move(found.mapped()).reply(wit::value(number));
    owner->settle(100);
  }

  pool_options options;
  std::map<std::uint32_t, host_call> looks;
  std::optional<manual_host> owner{std::in_place};
};

TEST_F(shared_object_test, is_destroyed_by_its_own_call_and_stays_for_the_others) {
  const pool hoard = open();
  const auto all = begin(hoard, {"keep", "keep", "keep"});
  for (const std::uint32_t number : {1U, 0U, 2U}) {
    const int before = locker::alive;
    answer(number);
    EXPECT_EQ(all[number].wait(0s).value, wit::value(number));
    EXPECT_EQ(locker::alive, before - 2);
  }
}

TEST_F(shared_object_test, is_destroyed_once_when_a_neighbour_takes_the_instance_along) {
  const pool hoard = open();
  const auto all = begin(hoard, {"keep", "leak", "trap", "keep", "leak"});
  answer(1);
  EXPECT_EQ(locker::alive, 10) << "what the second left behind stays with the instance";
  answer(2);
  EXPECT_EQ(all[2].wait(0s).outcome, outcome::trapped);
  EXPECT_EQ(all[3].wait(0s).outcome, outcome::collateral);
  EXPECT_EQ(locker::alive, 3) << "those that host functions still look into";
  looks.clear();
  EXPECT_EQ(locker::alive, 0);
}

TEST_F(shared_object_test, is_destroyed_once_when_a_call_is_killed_beside_others) {
  const pool hoard = open();
  const auto all = begin(hoard, {"keep", "keep", "leak"});
  all[1].kill();
  owner->settle();
  EXPECT_EQ(all[1].wait(0s).outcome, outcome::killed);
  EXPECT_EQ(all[2].wait(0s).outcome, outcome::collateral);
  EXPECT_EQ(locker::alive, 3);
  for (const std::uint32_t late : {2U, 0U, 1U}) answer(late);
  EXPECT_EQ(locker::alive, 0) << "late answers find nothing to destroy again";
  const auto next = begin(hoard, {"keep"});
  answer(0);
  EXPECT_EQ(next[0].wait(0s).generation, 2U);
}

TEST_F(shared_object_test, is_destroyed_once_when_the_host_goes_with_calls_in_flight) {
  {
    const pool hoard = open();
    const auto all = begin(hoard, {"keep", "leak", "keep"});
  }
  owner.reset();
  looks.clear();
  EXPECT_EQ(locker::alive, 0);
}

}  // namespace
}  // namespace holdfast
