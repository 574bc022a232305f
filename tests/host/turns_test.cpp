// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/pool.hpp>
#include <vector>

#include "host/manual_host.hpp"

// Calls that give their turn away, hold others back or wait for nothing: Wasmtime's own cases, as callers
// here live through them.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;

class turns : public testing::Test {
 protected:
  pool open() {
    pool made =
        owner.get().open(guest("turns.wat", calm_engine()), {.sharing = {.hasty = duration::zero()}}).value();
    owner.settle();
    return made;
  }
  ticket begin(const pool& in, const char* function, wit::arguments&& with = {},
               const call_options& how = {}) {
    ticket claim = in.submit(function, std::move(with), how).value();
    owner.settle(2000);
    return claim;
  }
  static reply end(const ticket& of) { return of.wait(0s); }
  /// The instance is as it was.
  void expect_well(const pool& in, std::uint64_t generation = 1) {
    owner.settle();
    EXPECT_EQ(end(begin(in, "raise")).value, wit::value(1U));
    EXPECT_EQ(in.cells().front().generation, generation);
  }
  manual_host owner{no_observer(), {}, calm_engine()};
};

TEST_F(turns, that_are_given_away_before_the_end_cost_nobody_anything) {
  const pool guests = open();
  for (const std::uint32_t many : {0U, 1U, 5U, 1000U})
    EXPECT_EQ(end(begin(guests, "yield", args(many))).value, wit::value(7U)) << many;
  expect_well(guests);
}

TEST_F(turns, that_are_given_away_after_the_result_keep_no_caller) {
  const pool guests = open();
  for (const std::uint32_t many : {0U, 1U, 1000U}) {
    EXPECT_EQ(end(begin(guests, "tell-then-yield", args(many))).value, wit::value(many));
    expect_well(guests);
  }
}

TEST_F(turns, let_another_call_in_between) {
  const pool guests = open();
  const ticket waits = begin(guests, "until-raised");
  EXPECT_EQ(waits.phase(), call_phase::running);
  EXPECT_EQ(end(begin(guests, "yield", args(3U))).value, wit::value(7U)) << "beside it";
  EXPECT_EQ(waits.phase(), call_phase::running);
  EXPECT_EQ(end(begin(guests, "raise")).value, wit::value(1U));
  owner.settle(2000);
  const reply told = end(waits);
  ASSERT_TRUE(told) << told.detail;
  EXPECT_GT(told.value->get<std::uint32_t>(), 0U);
  EXPECT_EQ(told.generation, 1U);
}

TEST_F(turns, of_a_caller_who_left_go_on_until_their_end) {
  const pool guests = open();
  {
    const ticket left = begin(guests, "until-raised");
  }
  EXPECT_EQ(owner.get().orphans().orphans, 1U);
  expect_well(guests);
  owner.settle(2000);
  EXPECT_EQ(owner.get().orphans().orphans, 0U);
  expect_well(guests);
}

TEST_F(turns, that_never_end_are_stopped_by_the_deadline) {
  const pool guests = open();
  const ticket waits = begin(guests, "until-raised", {}, {.run_limit = 50ms});
  const ticket beside = begin(guests, "until-raised");
  owner.world.advance(60ms);
  owner.settle(2000);
  EXPECT_EQ(end(waits).outcome, outcome::deadline_killed);
  EXPECT_EQ(end(beside).outcome, outcome::collateral);
  expect_well(guests, 2);
}

TEST_F(turns, held_back_more_often_than_can_be_counted_are_the_guests_fault) {
  const pool guests = open();
  const ticket beside = begin(guests, "until-raised");
  const ticket bad = begin(guests, "hold-too-often", args(65'536U));
  EXPECT_EQ(end(bad).outcome, outcome::trapped);
  EXPECT_THAT(end(bad).detail, HasSubstr("overflow"));
  EXPECT_EQ(end(beside).outcome, outcome::collateral);
  const ticket never_held = begin(guests, "allow-too-often");
  EXPECT_EQ(end(never_held).outcome, outcome::trapped);
  expect_well(guests, 3);
}

TEST_F(turns, held_back_for_good_keep_calls_in_the_queue_until_somebody_gives_up) {
  const pool guests = open();
  const ticket holds = begin(guests, "until-raised");
  const ticket held = begin(guests, "hold-too-often", args(1U));
  EXPECT_TRUE(end(held)) << "it has told its result, and holds still";
  const ticket waits = begin(guests, "raise", {}, {.deadline = 50ms});
  EXPECT_EQ(waits.phase(), call_phase::queued) << "not entered, and no error either";
  owner.world.advance(60ms);
  EXPECT_EQ(end(waits).outcome, outcome::expired_in_queue);
  EXPECT_EQ(holds.kill(), kill_answer::stopping);
  owner.settle(2000);
  expect_well(guests, 2);
}

TEST_F(turns, that_wait_for_nothing_are_no_deadlock_to_their_caller_but_end_by_its_limits) {
  const pool guests = open();
  const ticket waits = begin(guests, "wait-for-nothing", {}, {.run_limit = 50ms});
  EXPECT_EQ(waits.phase(), call_phase::running);
  EXPECT_EQ(end(begin(guests, "yield", args(1U))).value, wit::value(7U)) << "others go on beside it";
  owner.world.advance(60ms);
  owner.settle(2000);
  EXPECT_EQ(end(waits).outcome, outcome::deadline_killed);
  expect_well(guests, 2);
}

TEST_F(turns, that_end_without_a_result_are_the_guests_fault) {
  const pool guests = open();
  EXPECT_EQ(end(begin(guests, "say-nothing")).outcome, outcome::trapped);
  expect_well(guests, 2);
}

}  // namespace
}  // namespace holdfast
