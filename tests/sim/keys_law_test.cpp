// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/story.hpp"

// The checker is checked, of calls that have keys.
namespace holdfast::sim {
namespace {

using testing::Contains;
using testing::Not;

constexpr const char* one_call = "one_key_one_call";

event asked(int call, std::uint64_t request = 0) {
  return {.what = seen::asked,
          .call = call,
          .pool = 0,
          .number = never,
          .second = never,
          .bytes = 8,
          .key = 4,
          .request = request};
}

event answered(int call, int code = 0) {
  return {.what = seen::answered, .code = code, .call = call, .pool = 0};
}

story one_that_ran(outcome how) {
  story told;
  told.setting().add(asked(1)).accepted(1).add(answered(1)).started(1).entered(1);
  told.returned(1, 7).done(1, how).moved(cell_state::running, cell_state::idle);
  return told;
}

TEST(laws, see_a_second_call_under_a_key_whose_call_has_run) {
  for (const outcome how : {outcome::completed, outcome::trapped}) {
    story bad = one_that_ran(how);
    bad.add(asked(2)).accepted(2).add(answered(2)).rest();
    EXPECT_THAT(bad.complaints(), Contains(one_call));
  }
  story good = one_that_ran(outcome::completed);
  good.add(asked(2)).add(answered(2, outrun)).rest();
  EXPECT_THAT(good.complaints(), Not(Contains(one_call)));
}

TEST(laws, see_a_call_run_whose_key_was_taken_over) {
  story start;
  start.setting().add(asked(1)).accepted(1).add(answered(1)).add(asked(2)).accepted(2).add(answered(2));
  story bad = start;
  bad.started(1).rest();
  EXPECT_THAT(bad.complaints(), Contains(one_call));
  story good = start;
  good.done(1, outcome::revoked).started(2).rest();
  EXPECT_THAT(good.complaints(), Not(Contains(one_call)));
}

TEST(laws, see_a_call_joined_by_another_request) {
  for (const std::uint64_t request : {0U, 1U}) {
    story told;
    told.setting().add(asked(1)).accepted(1).add(answered(1));
    told.add({.what = seen::joining, .call = 1, .pool = 0, .key = 4, .request = request}).rest();
    EXPECT_EQ(told.complaints().contains(one_call), request != 0);
  }
}

TEST(laws, see_a_key_refused_that_no_other_request_has) {
  for (const std::uint64_t request : {0U, 1U}) {
    story told;
    told.setting().add(asked(1)).accepted(1).add(answered(1));
    told.add({.what = seen::conflict, .pool = 0, .key = 4, .request = request}).rest();
    EXPECT_EQ(told.complaints().contains(one_call), request == 0);
  }
}

TEST(laws, see_a_bound_call_dropped_by_nobody_while_somebody_joins_it) {
  story told;
  event bound = asked(1);
  bound.code = trait::bound;
  told.setting().add(bound).accepted(1).add(answered(1)).waits(1, 0);
  told.add({.what = seen::joining, .call = 1, .pool = 0, .key = 4}).leaves(1, 0);
  told.add({.what = seen::unjoined, .code = 1, .call = 1});
  told.add({.what = seen::ran, .cell = 0}).started(1).rest();
  EXPECT_THAT(told.complaints(), Contains("bound_is_dropped"));
}

TEST(laws, see_a_call_dropped_that_somebody_has_joined) {
  for (const bool revoked : {false, true}) {
    story told;
    told.setting().add(asked(1)).accepted(1).add(answered(1));
    told.add({.what = seen::joining, .fiber = 3, .call = 1, .pool = 0, .key = 4});
    told.add({.what = seen::joined, .fiber = 3, .call = 1});
    if (revoked) told.add({.what = seen::revoking, .call = 1});
    told.done(1, outcome::revoked).rest();
    EXPECT_EQ(told.complaints().contains(one_call), !revoked);
  }
}

TEST(laws, see_nothing_wrong_where_the_one_who_joined_drops_it_itself) {
  story told;
  told.setting().add(asked(1)).accepted(1).add(answered(1));
  told.add({.what = seen::joined, .fiber = 3, .call = 1});
  told.add({.what = seen::done, .code = static_cast<int>(outcome::revoked), .fiber = 3, .call = 1}).rest();
  EXPECT_THAT(told.complaints(), Not(Contains(one_call)));
}

}  // namespace
}  // namespace holdfast::sim
