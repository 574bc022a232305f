// SPDX-License-Identifier: Apache-2.0
#include "core/cell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/fakes.hpp"

namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;
using testing::ElementsAre;

class cell_test : public testing::Test {
 protected:
  void open(unsigned cells = 1, rebuild_policy policy = {}) {
    pool = std::make_unique<fake_pool>(world.env, log, cells, mailbox_limits{.depth = 4}, policy);
    world.settle();
  }
  void TearDown() override {
    if (pool == nullptr) return;
    pool->close();
    world.settle();
    EXPECT_TRUE(pool->box().deserted()) << "every cell ends";
    EXPECT_EQ(log.built, log.destroyed) << "every guest is destroyed";
  }
  call_terms within(duration run_limit) { return {.deadline = world.now() + 1h, .run_limit = run_limit}; }

  record log;
  manual_world world;
  std::unique_ptr<fake_pool> pool;
};

TEST_F(cell_test, answers_a_call_with_what_the_guest_returned) {
  open();
  const auto asked = pool->send({.value = 42});
  EXPECT_EQ(asked->phase(), call_phase::queued);
  world.settle();
  ASSERT_EQ(asked->phase(), call_phase::done);
  EXPECT_EQ(asked->end().what, outcome::completed);
  EXPECT_EQ(asked->value(), 42U);
  EXPECT_EQ(asked->end().generation, 1U);
  EXPECT_EQ(asked->end().attempts, 1U);
}

TEST_F(cell_test, runs_calls_one_at_a_time_in_the_order_of_acceptance) {
  open();
  for (std::uint64_t i = 1; i <= 4; ++i) pool->send({.slices = 3, .value = i});
  world.settle();
  EXPECT_THAT(log.entered, ElementsAre(1, 2, 3, 4));
}

TEST_F(cell_test, gives_way_after_every_slice) {
  open();
  const auto looping = pool->send({.what = kind::loop});
  EXPECT_EQ(world.settle(100), 100U) << "each slice is a task of its own, so others get their turn";
  looping->kill();
  world.settle();
  EXPECT_EQ(looping->end().what, outcome::killed);
}

TEST_F(cell_test, answers_the_next_call_from_the_next_generation_after_a_trap) {
  open();
  const auto bad = pool->send({.what = kind::trap, .slices = 2});
  const auto good = pool->send({.value = 9});
  world.settle();
  EXPECT_EQ(bad->end().what, outcome::trapped);
  EXPECT_EQ(bad->end().code, effect::executed);
  EXPECT_EQ(bad->end().generation, 1U);
  EXPECT_EQ(good->end().what, outcome::completed);
  EXPECT_EQ(good->end().generation, 2U);
  EXPECT_THAT(log.entered_in, ElementsAre(1, 2));
}

TEST_F(cell_test, cuts_a_loop_at_its_run_limit_with_its_backtrace) {
  open();
  const auto looping = pool->send({.what = kind::loop}, within(20ms));
  world.settle(10);
  world.advance(19ms);
  world.settle(10);
  EXPECT_EQ(looping->phase(), call_phase::running);
  world.advance(1ms);
  world.settle();
  ASSERT_EQ(looping->phase(), call_phase::done);
  EXPECT_EQ(looping->end().what, outcome::deadline_killed);
  EXPECT_EQ(looping->end().backtrace, "at: fake");
  EXPECT_EQ(pool->at(0).generation(), 2U);
}

TEST_F(cell_test, cuts_a_guest_that_waits_in_the_host_at_its_run_limit) {
  open();
  const auto waiting = pool->send({.what = kind::deaf_wait}, within(20ms));
  EXPECT_LT(world.settle(), 10U) << "a waiting guest costs no thread";
  world.advance(20ms);
  world.settle();
  EXPECT_EQ(waiting->end().what, outcome::deadline_killed);
  const auto next = pool->send({.value = 1});
  world.settle();
  EXPECT_EQ(next->end().generation, 2U);
}

TEST_F(cell_test, keeps_an_instance_that_returns_when_it_is_asked_to_stop) {
  open();
  auto terms = within(20ms);
  terms.grace = 5ms;
  const auto waiting = pool->send({.what = kind::wait, .value = 3}, terms);
  world.settle();
  world.advance(20ms);
  world.settle();
  EXPECT_EQ(waiting->end().what, outcome::completed);
  EXPECT_EQ(pool->at(0).state(), cell_state::idle);
  EXPECT_EQ(pool->at(0).generation(), 1U);
}

TEST_F(cell_test, calls_a_host_function_that_gives_up_when_it_is_asked_to_the_stop_that_it_is) {
  fake_pool pool(world.env, log);
  const auto stopped = pool.send({.what = kind::wait_fails}, {.run_limit = 10ms, .grace = 1s});
  world.settle();
  world.advance(10ms);
  world.settle();
  EXPECT_EQ(stopped->end().what, outcome::deadline_killed);
  EXPECT_EQ(stopped->end().detail, "the host function threw");
  const auto failed = pool.send({.what = kind::wait_fails});
  world.settle();
  log.released = true;
  pool.at(0).wake();
  world.settle();
  EXPECT_EQ(failed->end().what, outcome::host_failed) << "by itself";
  pool.close();
  world.settle();
}

TEST_F(cell_test, cuts_a_guest_that_does_not_listen_only_after_the_grace) {
  open();
  auto terms = within(20ms);
  terms.grace = 5ms;
  const auto waiting = pool->send({.what = kind::deaf_wait}, terms);
  world.settle();
  world.advance(20ms);
  world.settle();
  EXPECT_EQ(waiting->phase(), call_phase::running);
  EXPECT_EQ(pool->at(0).state(), cell_state::stopping);
  world.advance(4ms);
  world.settle();
  EXPECT_EQ(waiting->phase(), call_phase::running);
  world.advance(1ms);
  world.settle();
  EXPECT_EQ(waiting->end().what, outcome::deadline_killed);
  EXPECT_EQ(pool->at(0).generation(), 2U);
}

TEST_F(cell_test, keeps_its_instance_when_a_stop_comes_too_late) {
  open();
  const auto quick = pool->send({.value = 1}, within(20ms));
  world.settle();
  EXPECT_EQ(quick->kill(), kill_answer::done);
  world.advance(1h);
  const auto next = pool->send({.slices = 2, .value = 2}, within(20ms));
  world.settle();
  EXPECT_EQ(next->end().what, outcome::completed);
  EXPECT_EQ(next->end().generation, 1U);
}

TEST_F(cell_test, expires_a_queued_call_without_entering_the_guest) {
  open();
  const auto first = pool->send({.what = kind::deaf_wait}, within(2h));
  const auto second = pool->send({.value = 2}, {.deadline = world.now() + 10ms});
  world.settle();
  world.advance(10ms);
  EXPECT_EQ(second->end().what, outcome::expired_in_queue);
  EXPECT_EQ(second->end().code, effect::not_executed);
  first->kill();
  world.settle();
  EXPECT_THAT(log.entered, ElementsAre(0));
}

TEST_F(cell_test, stops_at_the_total_deadline_even_when_the_run_limit_is_longer) {
  open();
  const auto looping = pool->send({.what = kind::loop}, {.deadline = world.now() + 10ms, .run_limit = 1h});
  world.settle(5);
  world.advance(10ms);
  world.settle();
  EXPECT_EQ(looping->end().what, outcome::deadline_killed);
}

TEST_F(cell_test, counts_a_run_limit_from_the_start_and_not_from_the_acceptance) {
  open();
  const auto blocks = pool->send({.what = kind::wait}, within(1h));
  const auto queued = pool->send({.what = kind::loop}, within(20ms));
  world.settle();
  world.advance(1min);
  EXPECT_EQ(queued->phase(), call_phase::queued) << "it is not late, it waits";
  log.released = true;
  pool->at(0).wake();
  world.settle(20);
  world.advance(19ms);
  world.settle(20);
  EXPECT_EQ(queued->phase(), call_phase::running);
  world.advance(1ms);
  world.settle();
  EXPECT_EQ(queued->end().what, outcome::deadline_killed);
}

TEST_F(cell_test, can_stop_the_call_after_one_that_was_stopped_and_returned) {
  open();
  auto terms = within(20ms);
  terms.grace = 5ms;
  const auto listens = pool->send({.what = kind::wait}, terms);
  world.settle();
  world.advance(20ms);
  world.settle();
  ASSERT_EQ(listens->end().what, outcome::completed);
  const auto deaf = pool->send({.what = kind::deaf_wait}, within(20ms));
  world.settle();
  world.advance(20ms);
  world.settle();
  ASSERT_EQ(deaf->phase(), call_phase::done);
  EXPECT_EQ(deaf->end().what, outcome::deadline_killed);
}

TEST(a_deadline_that_has_passed, keeps_a_call_from_the_guest_although_its_timer_is_late) {
  struct early_clock final : time_source {
    time_point now() const noexcept override { return at; }
    time_point at{1h};
  };
  early_clock clock;
  record log;
  manual_world world;
  environment seen{clock, world, world.deadlines, world.random, no_observer()};
  fake_pool pool(seen, log);
  world.settle();
  const auto asked = pool.send({.value = 1}, {.deadline = clock.at + 10ms});
  clock.at += 10ms;
  world.settle();
  EXPECT_EQ(asked->end().what, outcome::expired_in_queue);
  EXPECT_EQ(asked->end().attempts, 0U);
  EXPECT_TRUE(log.entered.empty());
  pool.close();
  world.settle();
}

TEST_F(cell_test, retries_a_failed_rebuild_after_a_growing_wait) {
  log.builds_that_fail = 2;
  open();
  EXPECT_EQ(pool->at(0).state(), cell_state::rebuilding);
  const auto asked = pool->send({.value = 5});
  world.advance(10ms);
  world.settle();
  EXPECT_EQ(asked->phase(), call_phase::queued);
  EXPECT_EQ(log.built, 2U);
  world.advance(20ms);
  world.settle();
  EXPECT_EQ(asked->end().what, outcome::completed);
  EXPECT_EQ(log.built, 3U);
}

TEST_F(cell_test, does_not_try_a_failed_rebuild_again_before_half_of_its_wait) {
  log.builds_that_fail = 1;
  open(1, {.base = 10ms});
  world.advance(5ms - 1ns);
  world.settle();
  EXPECT_EQ(log.built, 1U);
  world.advance(5ms + 1ns);
  world.settle();
  EXPECT_EQ(log.built, 2U);
}

TEST_F(cell_test, is_broken_after_too_many_failures_and_refuses_what_waits) {
  log.builds_that_fail = 3;
  open(1, {.base = 1ms, .give_up_after = 3});
  const auto asked = pool->send({.value = 5});
  for (int i = 0; i < 3; ++i) {
    world.advance(1s);
    world.settle();
  }
  EXPECT_EQ(pool->at(0).state(), cell_state::broken);
  EXPECT_EQ(asked->end().what, outcome::refused);
  EXPECT_EQ(asked->end().code, errc::broken);
  const auto refused = pool->box().admit(pool->make({}), start::post);
  ASSERT_TRUE(refused);
  EXPECT_EQ(*refused, errc::broken);
  EXPECT_EQ(refused->detail, "cannot start");
}

TEST_F(cell_test, serves_on_when_a_neighbour_is_broken) {
  log.builds_that_fail = 1;
  open(2, {.give_up_after = 1});
  const auto asked = pool->send({.value = 5});
  world.settle();
  EXPECT_EQ(asked->end().what, outcome::completed);
}

TEST_F(cell_test, cuts_an_instantiation_that_does_not_end) {
  log.builds_hang = true;
  open(1, {.give_up_after = 1, .build_limit = 50ms});
  EXPECT_EQ(pool->at(0).state(), cell_state::building);
  world.settle(10);
  world.advance(50ms);
  world.settle();
  EXPECT_EQ(pool->at(0).state(), cell_state::broken);
}

TEST_F(cell_test, runs_the_first_slice_on_the_submitting_thread_when_dispatched) {
  open();
  const auto quick = pool->send({.value = 8}, {}, start::dispatch);
  EXPECT_EQ(quick->phase(), call_phase::done) << "no worker was needed";
  EXPECT_EQ(quick->value(), 8U);
  const auto longer = pool->send({.slices = 1, .value = 9}, {}, start::dispatch);
  EXPECT_EQ(longer->phase(), call_phase::running) << "it outlasted the slice and moves to a worker";
  world.settle();
  EXPECT_EQ(longer->value(), 9U);
}

TEST_F(cell_test, leaves_what_others_queued_to_the_workers_when_dispatched) {
  open();
  const auto first = pool->send({.slices = 1, .value = 1}, {}, start::dispatch);
  const auto second = pool->send({.value = 2});
  const auto third = pool->send({.value = 3}, {}, start::dispatch);
  EXPECT_EQ(second->phase(), call_phase::queued);
  EXPECT_EQ(third->phase(), call_phase::queued) << "the cell is busy: nobody waits for it on this thread";
  world.settle();
  EXPECT_THAT(log.entered, ElementsAre(1, 2, 3));
  const auto alone = pool->send({.value = 4}, {}, start::dispatch);
  EXPECT_EQ(alone->phase(), call_phase::done);
  EXPECT_EQ(pool->at(0).state(), cell_state::idle);
  EXPECT_FALSE(world.step()) << "nothing is left for a worker";
}

TEST_F(cell_test, drains_by_finishing_what_runs_and_what_waits) {
  open();
  const auto running = pool->send({.slices = 3, .value = 1});
  const auto waiting = pool->send({.value = 2});
  world.settle(1);
  pool->box().close();
  pool->at(0).drain();
  const auto late = pool->box().admit(pool->make({}), start::post);
  ASSERT_TRUE(late);
  EXPECT_EQ(*late, errc::draining);
  world.settle();
  EXPECT_EQ(running->end().what, outcome::completed);
  EXPECT_EQ(waiting->end().what, outcome::completed);
  EXPECT_EQ(pool->at(0).state(), cell_state::closed);
}

TEST_F(cell_test, closes_by_killing_what_runs) {
  open();
  const auto running = pool->send({.what = kind::loop});
  const auto waiting = pool->send({.value = 2});
  world.settle(3);
  pool->close();
  world.settle();
  EXPECT_EQ(running->end().what, outcome::killed);
  EXPECT_EQ(waiting->end().what, outcome::refused);
  EXPECT_EQ(waiting->end().code, effect::not_executed);
}

TEST_F(cell_test, tells_of_an_end_only_when_nothing_is_left_of_the_store) {
  struct looking final : waiter {
    explicit looking(record& at) : log(at) {}
    void on_done(call&) noexcept override { gone = log.destroyed; }
    void on_timer(timer&) noexcept override {}
    record& log;
    std::uint64_t gone = 0;
  };
  open();
  const auto trapping = pool->send({.what = kind::trap, .slices = 1});
  const boost::intrusive_ptr<looking> who(new looking(log));
  ASSERT_TRUE(trapping->attach(who));
  world.settle();
  EXPECT_EQ(trapping->end().what, outcome::trapped);
  EXPECT_EQ(who->gone, 1U) << "it might still read the arguments";
}

TEST_F(cell_test, asks_what_runs_before_it_cuts_it_when_it_is_closed) {
  open();
  const auto listens = pool->send({.what = kind::wait, .value = 3}, {.grace = 5ms});
  world.settle();
  pool->close();
  world.settle();
  EXPECT_EQ(listens->end().what, outcome::completed) << "asked, it came to its end within the grace";
  EXPECT_EQ(pool->at(0).state(), cell_state::closed);
}

TEST_F(cell_test, cuts_what_does_not_listen_after_the_grace_when_it_is_closed) {
  open();
  const auto deaf = pool->send({.what = kind::deaf_wait}, {.grace = 5ms});
  world.settle();
  pool->close();
  world.settle();
  EXPECT_EQ(deaf->phase(), call_phase::running);
  EXPECT_EQ(pool->at(0).state(), cell_state::stopping);
  world.advance(5ms);
  world.settle();
  EXPECT_EQ(deaf->end().what, outcome::killed);
  EXPECT_EQ(pool->at(0).state(), cell_state::closed);
}

TEST_F(cell_test, refuses_a_call_that_its_instance_does_not_take_and_keeps_the_instance) {
  open();
  const auto wrong = pool->send({.what = kind::unsuitable});
  world.settle();
  EXPECT_EQ(wrong->end().code, errc::bad_arguments);
  EXPECT_EQ(wrong->end().code, effect::not_executed);
  EXPECT_EQ(wrong->end().attempts, 0U);
  EXPECT_EQ(wrong->end().generation, 0U);
  const auto next = pool->send({.value = 4});
  world.settle();
  EXPECT_EQ(next->end().generation, 1U);
}

TEST_F(cell_test, gives_a_call_to_an_idle_cell_whatever_woke_the_others) {
  open(3);
  // A late wake lets cell 1 take a call that was meant for cell 2, while it is still noted as idle.
  pool->at(1).wake();
  const auto long_one = pool->send({.what = kind::deaf_wait, .value = 1}, within(2h));
  world.settle();
  const auto second = pool->send({.what = kind::deaf_wait, .value = 2}, within(2h));
  world.settle();
  const auto third = pool->send({.what = kind::deaf_wait, .value = 3}, within(2h));
  world.settle();
  for (const auto& one : {long_one, second, third}) {
    EXPECT_EQ(one->phase(), call_phase::running);
    one->kill();
  }
  world.settle();
}

TEST_F(cell_test, ends_a_drain_without_waiting_for_a_rebuild_that_nobody_needs) {
  log.builds_that_fail = 1;
  open();
  EXPECT_EQ(pool->at(0).state(), cell_state::rebuilding);
  pool->box().close();
  pool->at(0).drain();
  world.settle();
  EXPECT_EQ(pool->at(0).state(), cell_state::closed);
}

TEST_F(cell_test, never_drives_a_guest_on_the_thread_that_fires_deadlines) {
  open();
  struct impatient final : shared_object {
    explicit impatient(fake_pool& asks) : to(asks) {}
    void on_timer(timer&) noexcept override { sent = to.send({.value = 5}, {}, start::dispatch); }
    fake_pool& to;
    timer patience{*this};
    boost::intrusive_ptr<fake_call> sent;
  };
  const boost::intrusive_ptr<impatient> caller(new impatient(*pool));
  world.deadlines.arm(caller->patience, world.now() + 1ms);
  world.advance(1ms);
  ASSERT_NE(caller->sent, nullptr);
  EXPECT_EQ(caller->sent->phase(), call_phase::queued) << "a loop there could never be stopped";
  world.settle();
  EXPECT_EQ(caller->sent->end().what, outcome::completed);
}

TEST_F(cell_test, tells_a_result_before_what_the_guest_does_after_it_and_begins_nothing_meanwhile) {
  open();
  const auto first = pool->send({.what = kind::tail, .slices = 200, .value = 3});
  while (first->phase() != call_phase::done) ASSERT_TRUE(world.step());
  EXPECT_EQ(first->end().what, outcome::completed);
  EXPECT_EQ(first->value(), 3U);
  const auto next = pool->send({.value = 4});
  ASSERT_TRUE(world.step());
  EXPECT_EQ(next->phase(), call_phase::queued);
  EXPECT_NE(pool->at(0).state(), cell_state::idle);
  world.settle();
  EXPECT_EQ(next->value(), 4U);
  EXPECT_EQ(next->end().generation, 1U);
}

TEST_F(cell_test, gives_what_a_guest_does_after_a_result_the_time_that_its_call_had) {
  for (const kind what : {kind::tail_loops, kind::tail_waits}) {
    open();
    const auto first = pool->send({.what = what, .value = 3}, {.run_limit = 1s});
    world.settle(20);
    ASSERT_EQ(first->phase(), call_phase::done);
    const auto next = pool->send({.value = 4});
    world.advance(999ms);
    world.settle(20);
    EXPECT_EQ(next->phase(), call_phase::queued);
    world.advance(2ms);
    world.settle();
    EXPECT_EQ(first->end().what, outcome::completed) << "told once, and never another";
    EXPECT_EQ(next->value(), 4U);
    EXPECT_EQ(next->end().generation, 2U);
    pool->close();
    world.settle();
  }
}

TEST_F(cell_test, rebuilds_an_instance_that_traps_after_a_result_without_harm_to_that) {
  open();
  const auto first = pool->send({.what = kind::tail_traps, .slices = 2, .value = 3});
  const auto next = pool->send({.value = 4});
  world.settle();
  EXPECT_EQ(first->value(), 3U);
  EXPECT_EQ(first->end().generation, 1U);
  EXPECT_EQ(next->value(), 4U);
  EXPECT_EQ(next->end().generation, 2U);
}

TEST_F(cell_test, waits_in_a_drain_for_what_goes_on_after_a_result_and_cuts_it_when_it_is_closed) {
  for (const bool cut : {false, true}) {
    open();
    const auto first = pool->send({.what = kind::tail_waits, .value = 3});
    world.settle();
    ASSERT_EQ(first->phase(), call_phase::done);
    pool->box().close();
    pool->at(0).drain();
    world.settle();
    EXPECT_NE(pool->at(0).state(), cell_state::closed);
    if (cut) {
      pool->at(0).close();
    } else {
      log.released = true;
      pool->at(0).wake();
    }
    world.settle();
    EXPECT_EQ(pool->at(0).state(), cell_state::closed);
    log.released = false;
  }
}

TEST_F(cell_test, ignores_a_wake_that_comes_after_its_end) {
  open();
  pool->close();
  world.settle();
  pool->at(0).wake();
  EXPECT_EQ(world.settle(), 0U) << "the world may be gone by then";
  EXPECT_EQ(pool->at(0).state(), cell_state::closed);
}

}  // namespace
}  // namespace holdfast::core
