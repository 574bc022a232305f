// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "core/driving.hpp"
#include "core/fakes.hpp"
#include "core/lineage.hpp"
#include "core/newcomer.hpp"

namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;
using testing::ElementsAre;

/// A request of the test's, and the call that is made of it.
class fake_newcomer final : public newcomer {
 public:
  fake_newcomer(manual_world& in, script what, call_terms terms = {.bound = true})
      : newcomer(call_id{1, 2}, 7), asked(new fake_call(in.env, what, terms)), waits(new counting_waiter) {
    arguments_ = asked->arguments();
    weight_ = asked->bytes();
    deadline_ = terms.deadline;
    time_limit_ = terms.time_limit;
    run_limit_ = terms.run_limit;
  }

  std::uint64_t number() const {
    std::uint64_t read = 0;
    require(value.size() == sizeof(read), "a completed call has its value");
    std::memcpy(&read, value.bytes().data(), sizeof(read));
    return read;
  }

  const boost::intrusive_ptr<fake_call> asked;
  const boost::intrusive_ptr<counting_waiter> waits;

 private:
  boost::intrusive_ptr<call> become() noexcept override { return asked; }
  void join() noexcept override { asked->attach(waits); }
};

/// Does something when a call has started, before its guest is entered.
struct at_start final : observer {
  void on_started(const call_id&, std::uint32_t, std::uint64_t) noexcept override {
    if (acts) acts();
  }
  void on_accepted(const call_id&) noexcept override {
    ++accepted;
    if (const auto act = std::exchange(on_acceptance, nullptr)) act();
  }
  void on_done(const call_id&, outcome what) noexcept override {
    ended.push_back(what);
    if (const auto act = std::exchange(on_end, nullptr)) act();
  }
  std::function<void()> acts;
  std::function<void()> on_acceptance;  // of the next, once; the mailbox's lock is held where it is queued
  std::function<void()> on_end;         // of the next that ends, once
  int accepted = 0;
  std::vector<outcome> ended;
};

class hand_over_test : public testing::Test {
 protected:
  void open(unsigned cells = 1, rebuild_policy policy = {}) {
    pool = std::make_unique<fake_pool>(world.env, log, cells, mailbox_limits{.depth = 4, .call_bytes = 64},
                                       policy);
    world.settle();
  }
  void TearDown() override {
    if (pool == nullptr) return;
    pool->close();
    world.settle();
    EXPECT_TRUE(pool->box().deserted()) << "every cell ends";
    EXPECT_EQ(log.built, log.destroyed) << "every guest is destroyed";
  }
  handed hand(newcomer& next, std::size_t cell = 0) { return pool->at(cell).hand_over(next); }

  record log;
  at_start seen;
  manual_world world{seen};
  std::unique_ptr<fake_pool> pool;
};

TEST_F(hand_over_test, ends_a_call_within_its_slice_without_making_one) {
  open();
  fake_newcomer next(world, {.value = 8});
  ASSERT_EQ(hand(next), handed::done);
  EXPECT_EQ(next.made(), nullptr);
  EXPECT_EQ(next.what, outcome::completed);
  EXPECT_EQ(next.number(), 8U);
  EXPECT_EQ(next.generation, 1U);
  EXPECT_EQ(pool->at(0).state(), cell_state::idle);
  EXPECT_EQ(world.deadlines.next(), time_point::max()) << "no timer was set";
  EXPECT_FALSE(world.step()) << "nothing is left for a worker";
  EXPECT_EQ(seen.accepted, 1);
  EXPECT_THAT(seen.ended, ElementsAre(outcome::completed));
}

TEST_F(hand_over_test, lets_a_longer_one_go_on_as_a_call_whose_waiter_is_told) {
  open();
  fake_newcomer next(world, {.slices = 2, .value = 9});
  ASSERT_EQ(hand(next), handed::goes_on);
  EXPECT_EQ(next.made(), next.asked);
  EXPECT_EQ(next.asked->phase(), call_phase::running);
  EXPECT_EQ(pool->at(0).blocked_by().any, std::vector<boost::intrusive_ptr<call>>{next.asked});
  world.settle();
  EXPECT_EQ(next.asked->value(), 9U);
  EXPECT_EQ(next.waits->told, 1);
  EXPECT_THAT(seen.ended, ElementsAre(outcome::completed));
}

TEST_F(hand_over_test, lets_a_tick_that_comes_at_once_pass) {
  open();
  fake_newcomer next(world, {.slices = 1, .value = 9});
  ASSERT_EQ(hand(next), handed::done);
  EXPECT_EQ(next.made(), nullptr);
  EXPECT_EQ(next.number(), 9U);
  EXPECT_FALSE(world.step()) << "nothing is left for a worker";
}

TEST_F(hand_over_test, is_idle_again_for_others_where_a_wake_came_with_the_tick) {
  open();
  seen.acts = [this] {
    seen.acts = nullptr;
    pool->send({.value = 2}, {}, start::post)->revoke();  // it was given this cell, and woke it
  };
  fake_newcomer next(world, {.slices = 1, .value = 1});
  ASSERT_EQ(hand(next), handed::done);
  const auto later = pool->send({.value = 3}, {}, start::post);
  world.settle();
  EXPECT_EQ(later->phase(), call_phase::done);
}

TEST_F(hand_over_test, drains_where_it_was_asked_to_as_the_tick_came) {
  open();
  seen.acts = [this] {
    pool->box().close();
    pool->at(0).drain();
  };
  fake_newcomer next(world, {.slices = 1, .value = 1});
  ASSERT_EQ(hand(next), handed::done);
  world.settle();
  EXPECT_EQ(pool->at(0).state(), cell_state::closed);
}

TEST_F(hand_over_test, leaves_others_to_the_idle_cell_while_a_call_goes_on) {
  for (const std::size_t cell : {0U, 1U}) {
    open(2);
    fake_newcomer next(world, {.what = kind::wait});
    ASSERT_EQ(hand(next, cell), handed::goes_on);
    const auto other = pool->send({.value = 2}, {}, start::post);
    world.settle();
    EXPECT_EQ(other->phase(), call_phase::done);
    EXPECT_EQ(next.asked->phase(), call_phase::running);
    pool->close();
    world.settle();
  }
}

TEST_F(hand_over_test, takes_nothing_past_a_call_that_waits) {
  open(2);
  const auto first = pool->send({.what = kind::loop});
  const auto second = pool->send({.what = kind::loop});
  const auto third = pool->send({.value = 3});
  world.settle(2);
  fake_newcomer next(world, {.value = 4});
  EXPECT_EQ(hand(next), handed::untaken) << "its cell runs a call";
  first->kill();
  second->kill();
  EXPECT_EQ(hand(next), handed::untaken) << "the third came before";
  world.settle();
  EXPECT_THAT(log.entered, ElementsAre(0, 0, 3));
  EXPECT_EQ(hand(next), handed::done);
}

TEST_F(hand_over_test, takes_nothing_past_a_call_that_is_told_to_be_accepted_and_has_not_begun) {
  open();
  fake_newcomer next(world, {.value = 2});
  seen.on_acceptance = [&] { EXPECT_EQ(hand(next), handed::untaken) << "its cell is idle still"; };
  pool->send({.value = 1});
  world.settle();
  EXPECT_THAT(log.entered, ElementsAre(1));
}

TEST_F(hand_over_test, takes_nothing_where_admission_would_refuse) {
  open();
  fake_newcomer late(world, {}, {.deadline = world.now(), .bound = true});
  EXPECT_EQ(hand(late), handed::untaken) << "its deadline has passed";
  fake_newcomer without_time(world, {}, {.time_limit = 0ms, .bound = true});
  EXPECT_EQ(hand(without_time), handed::untaken);
  pool->box().close();
  fake_newcomer next(world, {});
  EXPECT_EQ(hand(next), handed::untaken) << "the pool is drained";
  EXPECT_THAT(log.entered, ElementsAre());
  EXPECT_EQ(seen.accepted, 0);
}

TEST_F(hand_over_test, takes_nothing_from_a_thread_that_others_depend_on) {
  open();
  fake_newcomer next(world, {});
  {
    const driving_mark mark;
    EXPECT_EQ(hand(next), handed::untaken);
  }
  {
    const auto parent = pool->make({});
    const on_behalf child(parent);
    EXPECT_EQ(hand(next), handed::untaken) << "whether a child could ever run is asked at its admission";
  }
  EXPECT_EQ(hand(next), handed::done);
}

TEST_F(hand_over_test, says_so_where_the_instance_does_not_take_the_arguments) {
  open();
  fake_newcomer next(world, {.what = kind::unsuitable});
  ASSERT_EQ(hand(next), handed::done);
  EXPECT_EQ(next.what, outcome::refused);
  EXPECT_EQ(next.code, errc::bad_arguments);
  EXPECT_EQ(next.generation, 0U);
  EXPECT_EQ(pool->at(0).state(), cell_state::idle);
  EXPECT_THAT(seen.ended, ElementsAre(outcome::refused));
}

TEST_F(hand_over_test, rebuilds_what_trapped_and_tells_the_waiter) {
  open();
  fake_newcomer next(world, {.what = kind::trap});
  ASSERT_EQ(hand(next), handed::goes_on);
  EXPECT_EQ(next.asked->end().what, outcome::trapped);
  EXPECT_EQ(next.waits->told, 1);
  world.settle();
  EXPECT_EQ(pool->at(0).generation(), 2U);
  EXPECT_EQ(pool->at(0).state(), cell_state::idle);
}

TEST_F(hand_over_test, keeps_the_limits_of_one_that_goes_on) {
  open();
  const std::vector<std::function<call_terms()>> limits{
      [] { return call_terms{.run_limit = 20ms, .bound = true}; },
      [this] { return call_terms{.deadline = world.now() + 20ms, .bound = true}; },
      [] { return call_terms{.time_limit = 20ms, .bound = true}; }};
  for (const auto& terms : limits) {
    world.settle();
    fake_newcomer next(world, {.what = kind::loop}, terms());
    ASSERT_EQ(hand(next), handed::goes_on);
    EXPECT_EQ(next.asked->stop_at(), world.now() + 20ms);
    world.advance(19ms);
    world.settle(5);
    EXPECT_EQ(next.asked->phase(), call_phase::running);
    world.advance(1ms);
    world.settle();
    EXPECT_EQ(next.asked->end().what, outcome::deadline_killed);
  }
}

TEST_F(hand_over_test, counts_limits_of_seconds_from_the_end_of_the_first_slice) {
  open();
  seen.acts = [this] { world.advance(2ms); };  // as long as the slice takes
  fake_newcomer next(world, {.what = kind::loop}, {.run_limit = 30s, .bound = true});
  ASSERT_EQ(hand(next), handed::goes_on);
  EXPECT_EQ(next.asked->stop_at(), world.now() + 30s) << "late by the slice, and no clock was read before it";
  next.asked->kill();
  world.settle();
  EXPECT_EQ(next.asked->end().what, outcome::killed);
}

TEST_F(hand_over_test, stops_a_first_slice_that_its_cell_is_closed_beside) {
  open();
  fake_newcomer next(world, {.what = kind::loop});
  seen.acts = [this] {
    pool->box().close();
    pool->at(0).close();
  };
  ASSERT_EQ(hand(next), handed::goes_on);
  world.settle();
  EXPECT_EQ(next.asked->end().what, outcome::killed);
  EXPECT_EQ(next.waits->told, 1);
  EXPECT_EQ(pool->at(0).state(), cell_state::closed);
}

TEST_F(hand_over_test, cuts_one_that_waits_in_the_host_where_its_cell_was_closed_beside_the_tick) {
  open();
  fake_newcomer next(world, {.what = kind::deaf_wait});
  seen.acts = [this] {
    pool->box().close();
    pool->at(0).close();
  };
  ASSERT_EQ(hand(next), handed::goes_on);
  world.settle();
  EXPECT_EQ(next.asked->end().what, outcome::killed);
  EXPECT_EQ(next.waits->told, 1);
  EXPECT_EQ(pool->at(0).state(), cell_state::closed);
}

TEST_F(hand_over_test, serves_what_was_queued_during_the_slice) {
  open();
  boost::intrusive_ptr<fake_call> other;
  seen.acts = [&] {
    seen.acts = nullptr;
    other = pool->send({.value = 2});
  };
  fake_newcomer next(world, {.value = 1});
  ASSERT_EQ(hand(next), handed::done);
  EXPECT_EQ(other->phase(), call_phase::queued);
  world.settle();
  EXPECT_EQ(other->phase(), call_phase::done);
  EXPECT_THAT(log.entered, ElementsAre(1, 2));
}

TEST_F(hand_over_test, prefers_another_idle_cell_for_what_is_queued_during_the_slice) {
  open(2);
  boost::intrusive_ptr<fake_call> other;
  seen.acts = [&] {
    seen.acts = nullptr;
    other = pool->send({.value = 2}, {}, start::post);
    world.settle();
    EXPECT_EQ(other->phase(), call_phase::done) << "it does not wait for this slice to end";
  };
  fake_newcomer next(world, {.value = 1});
  ASSERT_EQ(hand(next, 1), handed::done);
}

TEST_F(hand_over_test, retires_an_instance_that_is_old_and_builds_the_next_on_the_same_thread) {
  open(1, {.retire_calls = 1});
  for (std::uint64_t i = 1; i <= 3; ++i) {
    fake_newcomer next(world, {.value = i});
    ASSERT_EQ(hand(next), handed::done);
    EXPECT_EQ(next.generation, i);
    EXPECT_EQ(pool->at(0).state(), cell_state::idle);
    EXPECT_EQ(world.deadlines.next(), time_point::max()) << "no timer was set for a build that was so short";
    EXPECT_FALSE(world.step()) << "and no worker was woken";
  }
}

TEST_F(hand_over_test, leaves_it_to_a_worker_to_build_where_that_took_more_than_a_slice) {
  log.build_slices = 1;
  open(1, {.retire_calls = 1});
  fake_newcomer next(world, {.value = 1});
  ASSERT_EQ(hand(next), handed::done);
  EXPECT_EQ(log.built, 1U) << "its caller has its answer first";
  EXPECT_EQ(pool->at(0).state(), cell_state::rebuilding);
  const auto other = pool->send({.value = 2});
  world.settle();
  EXPECT_EQ(other->end().generation, 2U);
}

TEST_F(hand_over_test, goes_on_with_a_build_on_a_worker_that_its_caller_could_not_end) {
  open(1, {.build_limit = 1s, .retire_calls = 1});
  log.builds_hang = true;
  fake_newcomer next(world, {.value = 1});
  ASSERT_EQ(hand(next), handed::done) << "after one slice of it";
  EXPECT_EQ(log.built, 2U);
  EXPECT_EQ(pool->at(0).state(), cell_state::rebuilding);
  log.builds_hang = false;
  const auto other = pool->send({.value = 2});
  world.advance(1s);
  world.settle(50);
  world.advance(1s);  // the wait after a build that took too long
  world.settle();
  EXPECT_EQ(other->end().what, outcome::completed);
}

TEST_F(hand_over_test, ends_a_cell_that_is_closed_as_its_instance_retires) {
  open(1, {.retire_calls = 1});
  seen.on_end = [&] { pool->close(); };
  fake_newcomer next(world, {.value = 1});
  ASSERT_EQ(hand(next), handed::done);
  world.settle();
  EXPECT_EQ(pool->at(0).state(), cell_state::closed);
}

TEST_F(hand_over_test, has_a_call_that_was_queued_meanwhile_run_in_the_instance_that_it_built) {
  open(1, {.retire_calls = 1});
  boost::intrusive_ptr<fake_call> other;
  seen.on_end = [&] { other = pool->send({.value = 2}); };
  fake_newcomer next(world, {.value = 1});
  ASSERT_EQ(hand(next), handed::done);
  world.settle();
  EXPECT_EQ(other->end().generation, 2U);
}

TEST_F(hand_over_test, is_found_by_whoever_looks_for_what_a_cell_runs_once_it_is_shown) {
  open();
  fake_newcomer next(world, {.value = 1});
  seen.acts = [&] {
    EXPECT_TRUE(pool->at(0).blocked_by().any.empty());
    next.show();  // as a host function's entry does
    EXPECT_EQ(pool->at(0).blocked_by().any, std::vector<boost::intrusive_ptr<call>>{next.asked});
  };
  ASSERT_EQ(hand(next), handed::done);
  EXPECT_EQ(next.asked->end().what, outcome::completed);
  EXPECT_EQ(next.asked->value(), 1U);
  EXPECT_EQ(world.deadlines.next(), time_point::max());
}

}  // namespace
}  // namespace holdfast::core
