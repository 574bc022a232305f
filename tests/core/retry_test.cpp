// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/fakes.hpp"

// Calls that are sent again: which, how often, and what everybody is told meanwhile.
namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;

constexpr call_terms repeatable{.deadline = time_point::max(), .attempts = 3, .repeatable = true};

class retry_test : public testing::Test {
 protected:
  void TearDown() override {
    pool.close();
    world.settle();
  }
  // Runs everything, with time enough for every wait between two attempts.
  void settle_all() {
    for (int i = 0; i < 100; ++i) {
      world.settle();
      world.advance(1s);
    }
  }
  record log;
  manual_world world;
  fake_pool pool{world.env, log, 1, {}, {}, {.attempts = 3}};
};

TEST_F(retry_test, runs_a_repeatable_call_again_after_a_trap) {
  const auto asked = pool.send({.what = kind::trap_until, .value = 3}, repeatable);
  world.settle();
  EXPECT_EQ(asked->phase(), call_phase::backing_off);
  settle_all();
  EXPECT_EQ(asked->end().what, outcome::completed);
  EXPECT_EQ(asked->end().attempts, 3U);
  EXPECT_EQ(log.attempts, (std::vector<unsigned>{1, 2, 3}));
}

TEST_F(retry_test, ends_with_what_the_last_attempt_came_to_when_all_failed) {
  const auto asked = pool.send({.what = kind::trap}, repeatable);
  settle_all();
  EXPECT_EQ(asked->end().what, outcome::trapped);
  EXPECT_EQ(asked->end().attempts, 3U);
  EXPECT_EQ(asked->end().generation, 3U) << "the last attempt's";
}

TEST_F(retry_test, never_repeats_a_call_that_was_not_declared_repeatable) {
  const auto asked = pool.send({.what = kind::trap}, {.attempts = 3});
  settle_all();
  EXPECT_EQ(asked->end().attempts, 1U);
  EXPECT_EQ(log.entered.size(), 1U);
}

TEST_F(retry_test, never_repeats_a_call_whose_instance_went_with_the_attempt) {
  auto terms = repeatable;
  terms.only_in = home{0, 1};
  const auto asked = pool.send({.what = kind::trap}, terms);
  world.settle();
  EXPECT_EQ(asked->phase(), call_phase::done) << "nothing else could run it";
  EXPECT_EQ(asked->end().what, outcome::trapped);
  EXPECT_EQ(asked->end().attempts, 1U);
}

TEST_F(retry_test, never_repeats_a_call_that_was_killed) {
  const auto asked = pool.send({.what = kind::loop}, repeatable);
  world.settle(3);
  ASSERT_EQ(asked->phase(), call_phase::running);
  EXPECT_EQ(asked->kill(), kill_answer::stopping);
  world.settle();
  EXPECT_EQ(asked->phase(), call_phase::done) << "at once: it waits for no other attempt";
  settle_all();
  EXPECT_EQ(asked->end().what, outcome::killed);
  EXPECT_EQ(asked->end().attempts, 1U);
}

TEST_F(retry_test, never_repeats_a_call_that_fails_by_itself_after_it_was_killed) {
  auto terms = repeatable;
  terms.grace = 1s;
  const auto asked = pool.send({.what = kind::trap, .slices = 3}, terms);
  world.settle(2);
  ASSERT_EQ(asked->phase(), call_phase::running);
  EXPECT_EQ(asked->kill(), kill_answer::stopping);
  settle_all();
  EXPECT_EQ(asked->end().what, outcome::trapped) << "it did so within its grace";
  EXPECT_EQ(asked->end().attempts, 1U);
}

TEST_F(retry_test, a_stop_that_was_meant_for_one_attempt_does_not_reach_the_next) {
  const auto asked = pool.send({.what = kind::trap_until, .slices = 3, .value = 2}, repeatable);
  world.settle();
  ASSERT_EQ(asked->phase(), call_phase::backing_off);
  world.advance(10ms);
  world.settle(1);
  ASSERT_EQ(asked->phase(), call_phase::running);
  pool.at(0).stop(*asked, 1, errc::killed);
  settle_all();
  EXPECT_EQ(asked->end().what, outcome::completed);
  EXPECT_EQ(asked->end().attempts, 2U);
}

TEST_F(retry_test, cannot_be_withdrawn_between_attempts) {
  auto terms = repeatable;
  terms.bound = true;
  const auto asked = pool.send({.what = kind::trap_until, .value = 2}, terms);
  const boost::intrusive_ptr<counting_waiter> who(new counting_waiter);
  asked->attach(who);
  world.settle();
  ASSERT_EQ(asked->phase(), call_phase::backing_off);
  EXPECT_FALSE(asked->withdraw(*who)) << "it has begun";
  settle_all();
  EXPECT_EQ(asked->end().what, outcome::completed);
  EXPECT_EQ(who->told, 1);
}

TEST_F(retry_test, gives_the_bytes_of_a_call_back_that_backed_off) {
  fake_pool narrow(world.env, log, 1, {.bytes = sizeof(script)}, {}, {.attempts = 2});
  for (int i = 0; i < 3; ++i) {
    const auto asked = narrow.send({.what = kind::trap_until, .value = 2}, repeatable);
    settle_all();
    EXPECT_EQ(asked->end().what, outcome::completed) << "there is room for one, and it is alone";
  }
  narrow.close();
  world.settle();
}

TEST_F(retry_test, gives_its_cell_and_its_place_to_others_while_it_backs_off) {
  const auto asked = pool.send({.what = kind::trap_until, .value = 2}, repeatable);
  world.settle();
  ASSERT_EQ(asked->phase(), call_phase::backing_off);
  EXPECT_EQ(pool.box().depth(), 0U);
  EXPECT_EQ(pool.box().outside(), 1U);
  const auto other = pool.send({.value = 5});
  world.settle();
  EXPECT_EQ(other->end().what, outcome::completed);
  EXPECT_EQ(asked->phase(), call_phase::backing_off);
}

TEST_F(retry_test, revoked_between_attempts_ends_with_the_last_ones_outcome) {
  const auto asked = pool.send({.what = kind::trap}, repeatable);
  world.settle();
  ASSERT_EQ(asked->phase(), call_phase::backing_off);
  EXPECT_EQ(asked->revoke(), revoke_answer::done) << "the guest was entered: it cannot be taken back";
  EXPECT_EQ(asked->end().what, outcome::trapped);
  EXPECT_EQ(asked->end().attempts, 1U);
  settle_all();
  EXPECT_EQ(log.entered.size(), 1U);
  EXPECT_EQ(pool.box().outside(), 0U);
}

TEST_F(retry_test, expires_between_attempts_with_the_last_ones_outcome) {
  auto terms = repeatable;
  terms.deadline = world.now() + 5ms;
  const auto asked = pool.send({.what = kind::trap}, terms);
  world.settle();
  ASSERT_EQ(asked->phase(), call_phase::backing_off);
  world.advance(5ms);
  EXPECT_EQ(asked->end().what, outcome::trapped);
}

TEST_F(retry_test, repeats_after_a_run_limit_while_there_is_time) {
  auto terms = repeatable;
  terms.run_limit = 10ms;
  terms.deadline = world.now() + 10s;
  const auto asked = pool.send({.what = kind::loop}, terms);
  for (int i = 0; i < 300 && asked->phase() != call_phase::done; ++i) {
    world.settle(3);
    world.advance(2ms);
  }
  EXPECT_EQ(asked->end().what, outcome::deadline_killed);
  EXPECT_EQ(asked->end().attempts, 3U);
}

TEST_F(retry_test, a_late_timer_of_one_attempt_does_not_stop_the_next) {
  auto terms = repeatable;
  terms.run_limit = 10ms;
  const auto asked = pool.send({.what = kind::trap_until, .slices = 3, .value = 2}, terms);
  world.settle();
  ASSERT_EQ(asked->phase(), call_phase::backing_off);
  world.advance(10ms);  // the first attempt's limit, and the end of the wait
  world.settle();
  EXPECT_EQ(asked->end().what, outcome::completed);
  EXPECT_EQ(asked->end().attempts, 2U);
}

TEST_F(retry_test, ends_with_its_outcome_when_the_pool_is_drained_between_attempts) {
  const auto asked = pool.send({.what = kind::trap}, repeatable);
  world.settle();
  ASSERT_EQ(asked->phase(), call_phase::backing_off);
  pool.box().close();
  EXPECT_EQ(asked->end().what, outcome::trapped);
}

TEST_F(retry_test, a_bound_call_is_not_tried_again_for_nobody) {
  auto terms = repeatable;
  terms.bound = true;
  const auto asked = pool.send({.what = kind::trap, .slices = 1}, terms);
  boost::intrusive_ptr<counting_waiter> who(new counting_waiter);
  asked->attach(who);
  world.settle(1);
  EXPECT_TRUE(asked->leave(*who));
  settle_all();
  EXPECT_EQ(log.entered.size(), 1U);
}

TEST_F(retry_test, a_waiter_who_leaves_between_attempts_ends_a_bound_call_with_its_outcome) {
  auto terms = repeatable;
  terms.bound = true;
  const auto asked = pool.send({.what = kind::trap}, terms);
  boost::intrusive_ptr<counting_waiter> who(new counting_waiter);
  asked->attach(who);
  world.settle();
  ASSERT_EQ(asked->phase(), call_phase::backing_off);
  EXPECT_TRUE(asked->leave(*who));
  EXPECT_EQ(asked->end().what, outcome::trapped);
  EXPECT_EQ(asked->end().attempts, 1U) << "it says that the guest was entered";
}

TEST(retry_budget, bounds_the_share_of_traffic_that_retries_add) {
  record log;
  manual_world world;
  fake_pool pool(world.env, log, 1, {}, {},
                 {.attempts = 10, .base = 1ms, .max = 1ms, .budget = 0.1, .burst = 2});
  const call_terms terms{.attempts = 10, .repeatable = true};
  for (int i = 0; i < 100; ++i) {
    pool.send({.what = kind::trap}, terms);
    for (int j = 0; j < 20; ++j) {
      world.settle();
      world.advance(1ms);
    }
  }
  // A hundred calls, a tenth of them again, and two for the beginning.
  EXPECT_EQ(log.entered.size(), 112U);
  pool.close();
  world.settle();
}

TEST(retry_of_a_full_queue, is_accepted_and_waits_outside) {
  record log;
  manual_world world;
  fake_pool pool(world.env, log, 1, {.depth = 1}, {}, {.attempts = 5, .base = 1ms, .max = 1ms});
  const auto blocks = pool.send({.what = kind::wait});
  world.settle();
  const auto queued = pool.send({.value = 2});
  const auto again = pool.send({.value = 3}, {.attempts = 5});
  EXPECT_EQ(again->phase(), call_phase::backing_off);
  EXPECT_TRUE(pool.box().admit(pool.make({.value = 4}), start::post)) << "who did not ask for it is refused";
  log.released = true;
  pool.at(0).wake();
  world.settle();
  world.advance(1ms);
  world.settle();
  EXPECT_EQ(again->end().what, outcome::completed);
  EXPECT_EQ(again->end().attempts, 1U) << "the guest was entered once";
  EXPECT_EQ(log.entered, (std::vector<std::uint64_t>{0, 2, 3}));
  pool.close();
  world.settle();
}

TEST(retry_of_a_full_queue, is_refused_over_the_number_of_calls_that_may_wait_outside) {
  record log;
  manual_world world;
  fake_pool pool(world.env, log, 1, {.depth = 2}, {}, {.attempts = 5});
  const auto blocks = pool.send({.what = kind::wait});
  world.settle();
  std::vector<boost::intrusive_ptr<fake_call>> all;
  for (std::uint64_t i = 0; i < 4; ++i) all.push_back(pool.send({.value = i}, {.attempts = 5}));
  EXPECT_EQ(pool.box().depth(), 2U);
  EXPECT_EQ(pool.box().outside(), 2U);
  const auto refused = pool.box().admit(pool.make({}, {.attempts = 5}), start::post);
  ASSERT_TRUE(refused);
  EXPECT_EQ(*refused, errc::queue_full);
  pool.close();
  world.settle();
}

TEST(retry_of_a_full_queue, ends_as_never_entered_when_it_stays_full) {
  record log;
  manual_world world;
  fake_pool pool(world.env, log, 1, {.depth = 1}, {}, {.attempts = 3, .base = 1ms, .max = 1ms});
  const auto blocks = pool.send({.what = kind::wait});
  world.settle();
  const auto queued = pool.send({.value = 2});
  const auto again = pool.send({.value = 3}, {.attempts = 3});
  for (int i = 0; i < 5; ++i) world.advance(1ms);
  EXPECT_EQ(again->end().code, make_error_code(errc::queue_full));
  EXPECT_EQ(again->end().code, effect::not_executed);
  EXPECT_EQ(again->end().attempts, 0U);
  pool.close();
  world.settle();
}

}  // namespace
}  // namespace holdfast::core
