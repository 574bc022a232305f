// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/story.hpp"

// The checker is checked, of instances that calls share.
namespace holdfast::sim {
namespace {

using testing::Contains;
using testing::Not;

TEST(laws, see_collateral_where_nothing_took_the_instance_along) {
  story bad;
  bad.setting().shared(2).submitted(1).submitted(2).started(1).started(2);
  bad.done(1, outcome::collateral).done(2, outcome::completed).rest();
  EXPECT_THAT(bad.complaints(), Contains("collateral_has_cause"));
  story good;
  good.setting().shared(2).submitted(1).submitted(2).started(1).started(2);
  good.add({.what = seen::guest_failed, .call = 2, .cell = 0, .generation = 1});
  good.done(1, outcome::collateral).done(2, outcome::trapped).rest();
  EXPECT_THAT(good.complaints(), Not(Contains("collateral_has_cause")));
  EXPECT_THAT(good.complaints(), Not(Contains("fault_is_its_own")));
}

TEST(laws, see_collateral_in_an_instance_that_nothing_shared) {
  story bad;
  bad.setting().shared(1).submitted(1).started(1);
  bad.add({.what = seen::tail_ended, .cell = 0, .generation = 1}).done(1, outcome::collateral).rest();
  EXPECT_THAT(bad.complaints(), Contains("collateral_has_cause"));
}

TEST(laws, see_a_fault_that_another_is_told_of) {
  story bad;
  bad.setting().shared(2).submitted(1).submitted(2).started(1).started(2);
  bad.add({.what = seen::guest_failed, .call = 2, .cell = 0, .generation = 1});
  bad.done(1, outcome::trapped).done(2, outcome::collateral).rest();
  EXPECT_THAT(bad.complaints(), Contains("fault_is_its_own"));
}

TEST(laws, see_more_calls_in_an_instance_than_may_share_it) {
  story bad;
  bad.setting().shared(2).submitted(1).submitted(2).submitted(3).started(1).started(2).started(3);
  EXPECT_THAT(bad.complaints(), Contains("one_call_at_a_time"));
}

TEST(laws, see_a_call_that_waits_beside_an_instance_with_room_for_it) {
  story bad;
  bad.setting().shared(2).submitted(1).started(1).submitted(2).at(ms(2)).add({.what = seen::time_moved});
  EXPECT_THAT(bad.complaints(), Contains("no_call_beside_an_idle_cell"));
  story full;
  full.setting().shared(1).submitted(1).started(1).submitted(2).at(ms(2)).add({.what = seen::time_moved});
  EXPECT_THAT(full.complaints(), Not(Contains("no_call_beside_an_idle_cell")));
  story shut;
  shut.setting().shared(2).submitted(1).started(1).submitted(2);
  shut.add({.what = seen::guest_shut, .cell = 0, .generation = 1}).at(ms(2)).add({.what = seen::time_moved});
  EXPECT_THAT(shut.complaints(), Not(Contains("no_call_beside_an_idle_cell")));
}

}  // namespace
}  // namespace holdfast::sim
