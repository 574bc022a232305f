// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/story.hpp"

// The checker is checked: runs written by hand, each with one thing wrong, and the law that has to see it.
namespace holdfast::sim {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

TEST(laws, are_content_with_a_good_run) {
  story good;
  good.setting().waits(1, 1).submitted(1).served(1, 77).told(1, 1, outcome::completed, 77);
  good.submitted(2, trait::bound).waits(2, 2).add({.what = seen::leaving, .call = 2, .waiter = 2});
  good.done(2, outcome::revoked).add({.what = seen::left, .code = 1, .call = 2, .waiter = 2});
  good.asked(3, 0).add({.what = seen::draining, .pool = 0}).refused(3, errc::draining);
  good.closed().rest();
  EXPECT_THAT(good.complaints(), IsEmpty());
}

TEST(laws, see_a_second_outcome) {
  story bad;
  bad.setting().submitted(1).served(1, 7).done(1, outcome::killed);
  EXPECT_THAT(bad.complaints(), Contains("one_outcome"));
}

TEST(laws, see_an_accepted_call_without_an_end) {
  story bad;
  bad.setting().submitted(1).closed().rest();
  EXPECT_THAT(bad.complaints(), Contains("accepted_is_ended"));
}

TEST(laws, see_a_reply_of_another_call) {
  story bad;
  bad.setting().waits(1, 1).submitted(1).submitted(2).served(1, 7).served(2, 8);
  bad.told(1, 1, outcome::completed, 8);
  EXPECT_THAT(bad.complaints(), Contains("reply_matches_request"));
}

TEST(laws, see_a_guest_that_got_the_arguments_of_another_call) {
  story bad;
  bad.setting().submitted(1).started(1).add(
      {.what = seen::entered, .call = 1, .cell = 0, .generation = 1, .number = 2});
  EXPECT_THAT(bad.complaints(), Contains("reply_matches_request"));
}

TEST(laws, see_a_reply_of_an_old_generation) {
  story bad;
  bad.setting().waits(1, 1).submitted(1);
  bad.gone().build(2).started(1, 2).entered(1, 2).returned(1, 9, 2).done(1, outcome::completed);
  bad.told(1, 1, outcome::completed, 9, 1, 1);
  EXPECT_THAT(bad.complaints(), Contains("old_generation_not_accepted"));
}

TEST(laws, see_two_calls_at_a_time) {
  story bad;
  bad.setting().submitted(1).submitted(2).started(1).entered(1).started(2).entered(2);
  EXPECT_THAT(bad.complaints(), Contains("one_call_at_a_time"));
}

TEST(laws, see_two_who_drive_one_guest) {
  story bad;
  bad.setting().add({.what = seen::guest_polled, .cell = 0, .generation = 1});
  bad.add({.what = seen::guest_polled, .cell = 0, .generation = 1});
  EXPECT_THAT(bad.complaints(), Contains("one_call_at_a_time"));
}

TEST(laws, see_a_call_before_one_that_was_accepted_earlier) {
  story bad;
  bad.setting().submitted(1).submitted(2).served(2, 8).served(1, 7);
  EXPECT_THAT(bad.complaints(), Contains("order_of_acceptance"));
}

TEST(laws, see_a_spoiled_instance_that_is_entered) {
  story trapped;
  trapped.setting().submitted(1).submitted(2).started(1).entered(1);
  trapped.add({.what = seen::guest_failed, .call = 1, .cell = 0, .generation = 1});
  trapped.done(1, outcome::trapped).started(2);
  EXPECT_THAT(trapped.complaints(), Contains("spoiled_is_not_entered"));

  story cut;  // the guest itself noticed nothing
  cut.setting().submitted(1).submitted(2).started(1).entered(1);
  cut.add({.what = seen::killing, .call = 1}).done(1, outcome::killed).started(2);
  EXPECT_THAT(cut.complaints(), Contains("spoiled_is_not_entered"));
}

TEST(laws, see_a_generation_that_comes_twice) {
  story bad;
  bad.setting().submitted(1).started(1).entered(1).gone().build(1);
  EXPECT_THAT(bad.complaints(), Contains("old_generation_not_accepted"));
}

TEST(laws, see_an_overfull_queue) {
  story bad;
  bad.setting(1).submitted(1).submitted(2).add({.what = seen::depth, .pool = 0, .number = 2, .second = 16});
  EXPECT_THAT(bad.complaints(), Contains("bounds_kept"));
}

TEST(laws, see_a_refusal_for_a_queue_with_room) {
  story bad;
  bad.setting(2).submitted(1).asked(2).refused(2, errc::queue_full);
  EXPECT_THAT(bad.complaints(), Contains("refused_for_cause"));
}

TEST(laws, see_a_refusal_for_a_deadline_that_nothing_or_too_little_stood_before) {
  story nothing;
  nothing.setting().asked(1, 0, ms(5)).refused(1, errc::deadline_too_close);
  EXPECT_THAT(nothing.complaints(), Contains("refused_for_cause"));

  // Ten calls in ten milliseconds, and two that wait.
  const auto until_refused = [](std::uint64_t deadline) {
    story told;
    told.setting();
    for (int i = 1; i <= 12; ++i) told.submitted(i);
    for (int i = 1; i <= 10; ++i) {
      const auto value = static_cast<std::uint64_t>(i);
      told.at(ms(value)).started(i).entered(i).returned(i, value).done(i, outcome::completed);
      told.moved(cell_state::running, cell_state::idle);
    }
    told.asked(13, 0, ms(10) + deadline).refused(13, errc::deadline_too_close);
    return told.complaints();
  };
  EXPECT_THAT(until_refused(ms(20)), Contains("refused_for_cause"));
  EXPECT_THAT(until_refused(ms(2)), Not(Contains("refused_for_cause")));
}

TEST(laws, see_something_left_behind) {
  story bad;
  bad.setting().closed().rest();
  bad.add({.what = seen::counted, .code = static_cast<int>(tally::guests), .number = 1, .second = 0});
  EXPECT_THAT(bad.complaints(), Contains("back_to_baseline"));
}

TEST(laws, see_what_never_rests) {
  story bad;
  bad.setting().closed().rest(2);
  EXPECT_THAT(bad.complaints(), Contains("comes_to_rest"));
}

TEST(laws, see_a_call_that_outlasts_its_deadline) {
  story bad;
  bad.setting().submitted(1, 0, ms(10)).started(1).entered(1).at(ms(13));
  bad.add({.what = seen::guest_failed, .call = 1, .cell = 0, .generation = 1});
  bad.done(1, outcome::deadline_killed);
  EXPECT_THAT(bad.complaints(), Contains("ended_in_time"));
}

TEST(laws, see_a_deadline_that_comes_early) {
  story bad;
  bad.setting().submitted(1, 0, ms(10)).at(ms(9)).done(1, outcome::expired_in_queue);
  EXPECT_THAT(bad.complaints(), Contains("outcome_has_cause"));
}

TEST(laws, see_a_revoked_call_that_was_entered) {
  story bad;
  bad.setting().submitted(1).started(1).entered(1).add({.what = seen::revoking, .call = 1});
  bad.done(1, outcome::revoked);
  EXPECT_THAT(bad.complaints(), Contains("not_executed_is_not_entered"));
}

TEST(laws, see_a_bound_call_that_runs_for_nobody) {
  story silent;
  silent.setting().waits(1, 1).submitted(1, trait::bound).leaves(1, 1).started(1);
  EXPECT_THAT(silent.complaints(), Contains("bound_is_dropped"));

  story excused;  // it is said to go on, but its cell had not taken it
  excused.setting().waits(1, 1).submitted(1, trait::bound).leaves(1, 1, true);
  excused.add({.what = seen::ran, .cell = 0}).started(1);
  EXPECT_THAT(excused.complaints(), Contains("bound_is_dropped"));

  story never_said;
  never_said.setting().waits(1, 1).submitted(1, trait::bound).abandons(1, 1).served(1, 7);
  EXPECT_THAT(never_said.complaints(), Contains("bound_is_dropped"));

  story taken_later;
  taken_later.setting().waits(1, 1).submitted(1, trait::bound).abandons(1, 1);
  taken_later.add({.what = seen::ran, .cell = 0}).started(1).add({.what = seen::detached, .call = 1});
  EXPECT_THAT(taken_later.complaints(), Contains("bound_is_dropped"));
}

TEST(laws, let_one_who_took_a_waiter_out_say_after_the_start_that_its_call_goes_on) {
  story good;
  good.setting().waits(1, 1).submitted(1, trait::bound).abandons(1, 1).started(1);
  good.add({.what = seen::detached, .call = 1}).entered(1).returned(1, 7).done(1, outcome::completed);
  EXPECT_THAT(good.complaints(), testing::Not(Contains("bound_is_dropped")));
}

TEST(laws, put_one_that_goes_past_the_queue_before_those_who_were_accepted_while_it_had_its_cell) {
  const event hands{.what = seen::handing, .call = 1};
  story good;
  good.setting().asked(1).add(hands).submitted(2).accepted(1).served(1, 7).served(2, 7);
  EXPECT_THAT(good.complaints(), testing::Not(Contains("order_of_acceptance")));

  story too_late;  // the other one waited already
  too_late.setting().submitted(2).asked(1).add(hands).accepted(1).served(1, 7).served(2, 7);
  EXPECT_THAT(too_late.complaints(), Contains("order_of_acceptance"));

  story queued_after_all;
  queued_after_all.setting().asked(1).add(hands).submitted(2);
  queued_after_all.add({.what = seen::handing, .code = 1, .call = 1}).accepted(1).served(1, 7).served(2, 7);
  EXPECT_THAT(queued_after_all.complaints(), Contains("order_of_acceptance"));
}

TEST(laws, see_a_kept_call_that_is_dropped) {
  story bad;
  bad.setting().waits(1, 1).submitted(1).leaves(1, 1).done(1, outcome::revoked);
  EXPECT_THAT(bad.complaints(), Contains("kept_is_kept"));
}

TEST(laws, see_a_waiter_that_is_told_wrongly) {
  story twice;
  twice.setting().waits(1, 1).submitted(1).served(1, 7);
  twice.told(1, 1, outcome::completed, 7).told(1, 1, outcome::completed, 7);
  EXPECT_THAT(twice.complaints(), Contains("waiter_told_once"));

  story never_told;
  never_told.setting().waits(1, 1).submitted(1).served(1, 7).closed().rest();
  EXPECT_THAT(never_told.complaints(), Contains("waiter_told_once"));

  story after_leaving;
  after_leaving.setting().waits(1, 1).submitted(1).leaves(1, 1).served(1, 7);
  after_leaving.told(1, 1, outcome::completed, 7);
  EXPECT_THAT(after_leaving.complaints(), Contains("waiter_told_once"));
}

TEST(laws, see_a_cell_that_goes_where_it_may_not) {
  story bad;
  bad.setting().moved(cell_state::idle, cell_state::closed).moved(cell_state::closed, cell_state::idle);
  EXPECT_THAT(bad.complaints(), Contains("legal_cell_path"));
}

TEST(laws, see_a_revoke_that_lies) {
  story bad;
  bad.setting().submitted(1).add({.what = seen::revoking, .call = 1});
  bad.add({.what = seen::revoke_said, .code = static_cast<int>(revoke_answer::revoked), .call = 1});
  EXPECT_THAT(bad.complaints(), Contains("answers_are_true"));
}

TEST(laws, see_a_call_that_runs_again_and_may_not) {
  story undeclared;
  undeclared.setting().submitted(1).started(1).entered(1);
  undeclared.add(
      {.what = seen::backing_off, .code = static_cast<int>(errc::trapped), .call = 1, .number = 1});
  undeclared.add({.what = seen::queued_again, .call = 1}).started(1);
  EXPECT_THAT(undeclared.complaints(), Contains("retried_only_if_allowed"));

  story killed;
  killed.setting().submitted(1, trait::repeatable).started(1).entered(1);
  killed.add({.what = seen::killing, .call = 1}).add({.what = seen::kill_said, .code = 1, .call = 1});
  killed.add({.what = seen::backing_off, .code = static_cast<int>(errc::trapped), .call = 1, .number = 1});
  EXPECT_THAT(killed.complaints(), Contains("retried_only_if_allowed"));
}

TEST(laws, see_more_retries_than_the_budget_has) {
  story bad;
  bad.setting(1);
  for (int call = 1; call <= 3; ++call) {
    bad.submitted(call, trait::repeatable);
    bad.add({.what = seen::backing_off, .code = static_cast<int>(errc::queue_full), .call = call});
  }
  EXPECT_THAT(bad.complaints(), Contains("retry_budget_kept"));
}

TEST(laws, see_an_instance_that_outlasts_its_age) {
  story bad;
  bad.setting(10, 2).submitted(1).submitted(2).submitted(3).served(1, 7).served(2, 8).served(3, 9);
  EXPECT_THAT(bad.complaints(), Contains("retired_with_age"));
}

TEST(laws, see_a_pinned_call_in_another_instance) {
  story bad;
  bad.setting().add({.what = seen::asked,
                     .code = trait::pinned,
                     .call = 1,
                     .cell = 0,
                     .pool = 0,
                     .generation = 2,
                     .number = never,
                     .second = never});
  bad.accepted(1).started(1);
  EXPECT_THAT(bad.complaints(), Contains("pinned_stays_home"));
}

TEST(laws, see_too_many_that_build_at_once) {
  story bad;
  bad.setting().gone();
  bad.add({.what = seen::cell_made, .cell = 1, .pool = 0});
  bad.add({.what = seen::guest_made, .cell = 0, .generation = 2});
  bad.add({.what = seen::guest_made, .cell = 1, .generation = 1});
  EXPECT_THAT(bad.complaints(), Contains("built_a_few_at_a_time"));
}

TEST(laws, see_a_late_result_that_is_claimed_and_dropped) {
  story bad;
  bad.setting().submitted(1).served(1, 7).add({.what = seen::parked, .call = 1});
  bad.add({.what = seen::claimed, .call = 1}).add({.what = seen::dropped, .call = 1});
  EXPECT_THAT(bad.complaints(), Contains("late_result_has_one_end"));
}

TEST(laws, see_an_orphan_that_is_forgotten) {
  story bad;
  bad.setting().submitted(1).add({.what = seen::orphaned, .call = 1}).served(1, 7);
  EXPECT_THAT(bad.complaints(), Contains("orphans_accounted_for"));
}

TEST(laws, see_a_guest_that_is_woken_and_not_driven) {
  story bad;
  bad.setting().submitted(1).started(1).add(
      {.what = seen::guest_polled, .call = 1, .cell = 0, .generation = 1});
  bad.entered(1).add({.what = seen::woken, .cell = 0, .generation = 1});
  bad.add({.what = seen::guest_rested, .call = 1, .cell = 0, .generation = 1})
      .add({.what = seen::time_moved});
  EXPECT_THAT(bad.complaints(), Contains("woken_is_driven"));
}

TEST(laws, see_a_call_that_waits_beside_an_idle_cell) {
  story bad;
  bad.setting().submitted(1).add({.what = seen::time_moved});
  EXPECT_THAT(bad.complaints(), Contains("no_call_beside_an_idle_cell"));
}

TEST(laws, see_a_call_that_begins_past_its_deadline) {
  story bad;
  bad.setting().submitted(1, 0, ms(10)).at(ms(11)).add({.what = seen::ran, .cell = 0}).started(1);
  EXPECT_THAT(bad.complaints(), Contains("not_begun_past_deadline"));
}

TEST(laws, see_a_cut_before_the_grace_is_over) {
  story bad;
  bad.setting().add(
      {.what = seen::asked, .call = 1, .pool = 0, .number = never, .second = never, .third = ms(5)});
  bad.accepted(1).started(1).at(ms(10)).add({.what = seen::killing, .call = 1});
  bad.at(ms(14)).done(1, outcome::killed).rest();
  EXPECT_THAT(bad.complaints(), Contains("grace_is_given"));
}

TEST(laws, see_a_retry_in_a_pool_that_admits_nothing) {
  story bad;
  bad.setting().submitted(1).add({.what = seen::backing_off, .call = 1}).add({.what = seen::shut, .pool = 0});
  bad.add({.what = seen::queued_again, .call = 1});
  EXPECT_THAT(bad.complaints(), Contains("retried_only_if_allowed"));
}

TEST(laws, see_an_instance_that_is_retired_while_somebody_holds_it) {
  story bad;
  bad.setting(10, 1).submitted(1).started(1).entered(1);
  bad.add({.what = seen::holding, .cell = 0, .generation = 1, .number = 1}).returned(1, 7);
  bad.done(1, outcome::completed).add({.what = seen::retired, .cell = 0, .generation = 1});
  EXPECT_THAT(bad.complaints(), Contains("held_is_not_retired"));
}

TEST(laws, see_a_cell_that_does_not_build_though_it_may) {
  story bad;
  bad.setting().add({.what = seen::paced, .pool = 0, .number = ms(20)});
  bad.submitted(1).started(1).gone().moved(cell_state::running, cell_state::rebuilding);
  bad.at(ms(30)).add({.what = seen::time_moved}).at(ms(31)).add({.what = seen::time_moved});
  EXPECT_THAT(bad.complaints(), Contains("cell_is_rebuilt"));
}

TEST(laws, see_a_call_that_waits_for_nothing) {
  story bad;
  bad.setting()
      .submitted(1)
      .gone()
      .moved(cell_state::idle, cell_state::broken)
      .add({.what = seen::time_moved});
  EXPECT_THAT(bad.complaints(), Contains("no_call_waits_for_nothing"));
}

/// One spare of pool 0, which is ready.
story& with_a_spare(story& of) {
  of.setting().add({.what = seen::ahead, .pool = 0, .number = 1});
  of.add({.what = seen::guest_made, .pool = 0, .number = 1});
  return of.add({.what = seen::guest_ready, .pool = 0, .number = 1});
}

TEST(laws, see_more_spares_than_there_may_be) {
  story bad;
  with_a_spare(bad).add({.what = seen::guest_made, .pool = 0, .number = 2});
  EXPECT_THAT(bad.complaints(), Contains("spare_is_one_instance"));
}

TEST(laws, see_a_spare_that_is_driven_when_it_is_ready) {
  story bad;
  with_a_spare(bad).add({.what = seen::guest_polled, .pool = 0, .number = 1});
  EXPECT_THAT(bad.complaints(), Contains("spare_is_one_instance"));
}

TEST(laws, see_a_spare_that_becomes_two_instances) {
  story bad;
  with_a_spare(bad).gone();
  bad.add({.what = seen::spare_moved, .cell = 0, .pool = 0, .generation = 2, .number = 1}).gone(2);
  bad.add({.what = seen::spare_moved, .cell = 0, .pool = 0, .generation = 3, .number = 1});
  EXPECT_THAT(bad.complaints(), Contains("spare_is_one_instance"));
}

TEST(laws, see_a_spare_that_takes_the_place_of_one_that_lives) {
  story bad;
  with_a_spare(bad).add({.what = seen::spare_moved, .cell = 0, .pool = 0, .generation = 2, .number = 1});
  EXPECT_THAT(bad.complaints(), Contains("one_call_at_a_time"));
}

TEST(laws, see_that_a_spare_is_missing_and_none_is_built) {
  story bad;
  bad.setting().add({.what = seen::ahead, .pool = 0, .number = 1});
  bad.add({.what = seen::paced, .pool = 0, .number = ms(20)});
  bad.at(ms(30)).add({.what = seen::time_moved});
  EXPECT_THAT(bad.complaints(), Contains("spare_is_built"));
}

TEST(laws, see_a_spare_that_was_woken_and_is_not_driven) {
  story bad;
  bad.setting().add({.what = seen::ahead, .pool = 0, .number = 1});
  bad.add({.what = seen::guest_made, .pool = 0, .number = 1});
  bad.add({.what = seen::woken, .pool = 0, .number = 1}).add({.what = seen::time_moved});
  EXPECT_THAT(bad.complaints(), Contains("woken_is_driven"));
}

TEST(laws, see_a_guest_that_is_driven_below_another) {
  story bad;
  bad.setting().add({.what = seen::cell_made, .cell = 1, .pool = 0});
  bad.add({.what = seen::guest_made, .cell = 1, .generation = 1});
  bad.add({.what = seen::guest_polled, .fiber = 3, .cell = 0, .generation = 1});
  bad.add({.what = seen::guest_polled, .fiber = 3, .cell = 1, .generation = 1});
  EXPECT_THAT(bad.complaints(), Contains("one_guest_a_thread"));
}

TEST(laws, see_a_call_that_could_only_wait_for_itself) {
  story bad;
  bad.setting().submitted(1).started(1).entered(1);
  bad.add({.what = seen::asked,
           .code = trait::bound,
           .call = 2,
           .pool = 0,
           .parent = 1,
           .number = never,
           .second = never});
  bad.accepted(2);
  EXPECT_THAT(bad.complaints(), Contains("cycle_is_refused"));
}

}  // namespace
}  // namespace holdfast::sim
