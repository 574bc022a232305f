// SPDX-License-Identifier: Apache-2.0
#include <holdfast/outcome.hpp>
// first: it compiles alone

#include <gtest/gtest.h>

#include "core/fate.hpp"

namespace holdfast {
namespace {

TEST(outcomes, have_the_effect_of_each_error_that_leads_to_them) {
  using enum errc;
  for (const errc each : {queue_full, deadline_too_close, draining, broken, cycle, bad_arguments,
                          no_such_export, key_conflict, limit, forked, revoked, expired_in_queue, trapped,
                          host_failed, deadline_killed, killed, collateral, lost_in_crash})
    EXPECT_EQ(effect_of(outcome_of(each)), effect_of(each)) << to_string(each);
  EXPECT_EQ(effect_of(outcome::completed), effect::executed);
}

TEST(outcomes, keep_an_instance_exactly_where_its_guest_was_not_entered) {
  using enum errc;
  for (const errc each :
       {queue_full, deadline_too_close, draining, broken, cycle, bad_arguments, no_such_export, key_conflict,
        limit, forked, revoked, expired_in_queue, detached, gone})
    EXPECT_EQ(core::fate_of(each), core::fate::keep) << to_string(each);
  for (const errc each : {trapped, host_failed, deadline_killed, killed, collateral, lost_in_crash, internal})
    EXPECT_EQ(core::fate_of(each), core::fate::rebuild) << to_string(each);
}

}  // namespace
}  // namespace holdfast
