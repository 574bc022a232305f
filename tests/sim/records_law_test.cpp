// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/story.hpp"

// The checker is checked, of calls whose records outlive the process.
namespace holdfast::sim {
namespace {

using testing::Contains;
using testing::Not;

constexpr const char* durable = "published_when_durable";

event asked(int call, int traits = 0) {
  return {.what = seen::asked,
          .code = trait::journalled | traits,
          .call = call,
          .pool = 0,
          .number = never,
          .second = never,
          .bytes = 8,
          .key = 4};
}

event recorded(int call, int end, outcome how = {}) {
  return {.what = seen::recorded, .code = end, .call = call, .number = static_cast<std::uint64_t>(how)};
}

story begun(int traits = 0) {
  story told;
  told.setting().add({.what = seen::journalled, .number = 10}).add(asked(1, traits)).accepted(1);
  told.add({.what = seen::answered, .call = 1, .pool = 0});
  return told;
}

story& settled(story& of, outcome how) {
  return of.add({.what = seen::settled, .code = static_cast<int>(how), .call = 1});
}

TEST(laws, let_a_call_go_its_way_that_waits_for_its_records) {
  story good = begun();
  good.add(recorded(1, 0)).add({.what = seen::noted, .call = 1}).started(1).entered(1).returned(1, 7);
  settled(good, outcome::completed).moved(cell_state::running, cell_state::idle);
  good.add(recorded(1, 1, outcome::completed)).done(1, outcome::completed).rest();
  EXPECT_THAT(good.complaints(), Not(Contains(durable)));
}

TEST(laws, see_an_end_that_is_told_before_its_record) {
  story bad = begun(trait::repeatable);
  bad.started(1).entered(1).returned(1, 7);
  settled(bad, outcome::completed).done(1, outcome::completed).add(recorded(1, 1, outcome::completed)).rest();
  EXPECT_THAT(bad.complaints(), Contains(durable));
}

TEST(laws, see_another_end_on_record_than_the_one_that_is_told) {
  story bad = begun(trait::repeatable);
  bad.started(1).entered(1);
  settled(bad, outcome::trapped).add(recorded(1, 1, outcome::completed)).done(1, outcome::trapped).rest();
  EXPECT_THAT(bad.complaints(), Contains(durable));
}

TEST(laws, see_a_call_begin_before_its_start_is_on_record) {
  story bad = begun();
  bad.started(1).rest();
  EXPECT_THAT(bad.complaints(), Contains(durable));
  story early = begun();
  early.add({.what = seen::noted, .call = 1}).rest();
  EXPECT_THAT(early.complaints(), Contains(durable)) << "it was let go before it was written";
  story twice = begun(trait::repeatable);
  twice.started(1).rest();
  EXPECT_THAT(twice.complaints(), Not(Contains(durable)));
}

TEST(laws, see_a_call_begin_after_its_end_is_on_record) {
  story bad = begun(trait::repeatable);
  bad.started(1).entered(1);
  settled(bad, outcome::trapped).add(recorded(1, 1, outcome::trapped)).started(1, 2).rest();
  EXPECT_THAT(bad.complaints(), Contains(durable));
}

TEST(laws, see_what_is_left_on_record_of_a_call_that_never_ran) {
  const auto end = [](story& of) {
    of.done(1, outcome::revoked).rest();
    return of.add({.what = seen::counted, .code = static_cast<int>(tally::calls)}).complaints();
  };
  story bad = begun();
  bad.add(recorded(1, 0));
  EXPECT_THAT(end(bad), Contains(durable));
  story good = begun();
  good.add(recorded(1, 0)).add({.what = seen::erased, .call = 1});
  EXPECT_THAT(end(good), Not(Contains(durable)));
}

TEST(laws, see_a_record_of_a_call_that_has_no_key) {
  story bad;
  bad.setting().submitted(1).add(recorded(1, 0)).rest();
  EXPECT_THAT(bad.complaints(), Contains(durable));
}

TEST(laws, see_a_refusal_for_a_full_disk_that_was_not_full) {
  const auto refused = [](story& of) {
    of.add(asked(1)).refused(1, errc::journal_full).rest();
    return of.complaints();
  };
  story bad;
  bad.setting();
  EXPECT_THAT(refused(bad), Contains(durable));
  story good;
  good.setting().add({.what = seen::journal_stuck, .code = 1});
  EXPECT_THAT(refused(good), Not(Contains(durable)));
}

}  // namespace
}  // namespace holdfast::sim
