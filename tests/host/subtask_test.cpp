// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/pool.hpp>

#include "host/manual_host.hpp"
#include "host/parked_calls.hpp"

// What a guest does with calls of the host that it began: gives them up in each state, or forgets them.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::uint32_t had_returned = 2;
constexpr std::uint32_t had_not = 4;

class subtasks : public testing::Test {
 protected:
  pool open() {
    pool_options options;
    options.cells = 1;
    parked.keep(options.functions, "pause");
    pool made = owner.get().open(guest("canceller.wat", calm_engine()), options).value();
    owner.settle();
    return made;
  }
  ticket begin(const pool& in, const char* function, wit::arguments&& with) {
    ticket claim = in.submit(function, std::move(with)).value();
    settle();
    return claim;
  }
  void answer(std::uint32_t number) {
    ASSERT_TRUE(parked.answer(number)) << number << " does not wait";
    settle();
  }
  /// There may be no end to what a guest does that gives the turn away.
  void settle() {
    do owner.settle(100);
    while (owner.step_function());
    owner.settle(100);
  }

  manual_host owner{no_observer(), {}, calm_engine()};
  parked_calls parked;
};

TEST_F(subtasks, that_are_given_up_before_they_answer_are_abandoned_and_cost_nobody_anything) {
  const pool guests = open();
  const ticket call = begin(guests, "at-once", args(1U));
  EXPECT_EQ(call.wait(0s).value, wit::value(had_not)) << call.wait(0s).detail;
  // The function of the host may not have begun at all; if it has, it knows.
  if (parked.contains(1)) {
    EXPECT_TRUE(parked.at(1).abandoned());
    answer(1);  // too late, and harmless
  }
  const ticket next = begin(guests, "at-once", args(2U));
  EXPECT_EQ(next.wait(0s).value, wit::value(had_not));
  EXPECT_EQ(next.wait(0s).generation, 1U);
}

TEST_F(subtasks, that_are_given_up_after_they_answered_have_returned) {
  const pool guests = open();
  const ticket call = begin(guests, "later", args(1U));
  ASSERT_TRUE(parked.contains(1));
  answer(1);
  EXPECT_EQ(call.phase(), call_phase::running) << "it gives the turn away until it may go on";
  const ticket go = begin(guests, "go", {});
  settle();
  EXPECT_FALSE(go.wait(0s).code);
  EXPECT_EQ(call.wait(0s).value, wit::value(had_returned));
  EXPECT_EQ(guests.cells().front().generation, 1U);
}

TEST_F(subtasks, that_are_given_up_late_and_unanswered_are_abandoned) {
  const pool guests = open();
  const ticket call = begin(guests, "later", args(1U));
  const ticket go = begin(guests, "go", {});
  settle();
  EXPECT_EQ(call.wait(0s).value, wit::value(had_not));
  EXPECT_TRUE(parked.at(1).abandoned());
}

TEST_F(subtasks, that_were_taken_and_are_given_up_then_are_the_guests_mistake) {
  const pool guests = open();
  const ticket call = begin(guests, "too-late", args(1U));
  answer(1);
  EXPECT_EQ(call.wait(0s).code, errc::trapped);
  EXPECT_EQ(guests.cells().front().generation, 2U);
  EXPECT_EQ(begin(guests, "at-once", args(2U)).wait(0s).value, wit::value(had_not));
}

TEST_F(subtasks, that_are_forgotten_do_not_keep_their_call_or_their_instance) {
  const pool guests = open();
  for (std::uint32_t i = 1; i < 4; ++i) {
    const ticket call = begin(guests, "forgets", args(i));
    EXPECT_EQ(call.wait(0s).value, wit::value(9U)) << call.wait(0s).detail;
  }
  EXPECT_EQ(guests.cells().front().state, cell_state::idle);
  for (std::uint32_t i = 1; i < 4; ++i)
    if (parked.contains(i)) answer(i);
  EXPECT_EQ(begin(guests, "at-once", args(7U)).wait(0s).value, wit::value(had_not));
  EXPECT_EQ(guests.cells().front().generation, 1U);
}

}  // namespace
}  // namespace holdfast
