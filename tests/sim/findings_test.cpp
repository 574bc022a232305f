// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <holdfast/outcome.hpp>

#include "sim/run.hpp"

// What the simulator found in core and core does not do yet. Each test is written as the claim that should
// hold.
namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

// A child is admitted while a second cell is still being built, so it is no cycle; then that cell breaks, and
// the only cell left runs the parent, which waits for the child. Nothing looks again: the parent holds its
// cell until its deadline cuts it, or its own child's deadline passes.
TEST(findings, DISABLED_a_child_that_can_only_wait_for_itself_since_a_cell_broke_is_refused) {
  plan what;
  what.pools = {{.cells = 2}};
  what.pools[0].rebuild.give_up_after = 1;
  what.pools[0].rebuild.build_limit = 20ms;
  what.pools[0].builds = {{}, {.what = build_plan::kind::hang}};
  what.callers = {{0}};
  what.calls.resize(2);
  what.calls[0] = {.guest = {.what = guest_plan::kind::host_calls, .heeds = false},
                   .joined = true,
                   .deadline = 10s,
                   .before = 5ms,
                   .child = 1};
  what.calls[1] = {.bound = true, .joined = true, .deadline = 5s};

  seeded_choices decide(1);
  const report told = play(what, decide, grain::acts, 1, tracing::on);
  EXPECT_TRUE(told.violations.empty());
  bool accepted = false;
  for (const event& each : told.trace) {
    if (each.what == seen::accepted && each.call == 1) accepted = true;
    if (each.what == seen::done && each.call == 1) {
      EXPECT_LT(each.at, 1s) << "the child waited for its deadline: " << to_text(each.at);
      EXPECT_EQ(static_cast<outcome>(each.code), outcome::refused);
    }
  }
  EXPECT_TRUE(accepted) << "it was no cycle when it was admitted";
}

}  // namespace
}  // namespace holdfast::sim
