// SPDX-License-Identifier: Apache-2.0
#include "core/patient_waiter.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>

#include "core/fakes.hpp"
#include "core/threaded_world.hpp"

namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;

class noting_waiter final : public patient_waiter {
 public:
  noting_waiter(environment& world, boost::intrusive_ptr<call> asked, std::atomic<int>* alive = nullptr)
      : patient_waiter(world, std::move(asked)), alive_(alive) {
    if (alive_ != nullptr) alive_->fetch_add(1);
  }
  ~noting_waiter() override {
    if (alive_ != nullptr) alive_->fetch_sub(1);
  }
  std::atomic<int> tellings{0};
  std::atomic<bool> left{false};

 private:
  void told(bool has_left) noexcept override {
    left.store(has_left);
    tellings.fetch_add(1);
    tellings.notify_all();
  }
  std::atomic<int>* alive_;
};
using noting_ptr = boost::intrusive_ptr<noting_waiter>;

class patient_waiter_test : public testing::Test {
 protected:
  void TearDown() override {
    pool.close();
    world.settle();
  }
  // A call that was accepted with a waiter of its own.
  std::pair<boost::intrusive_ptr<fake_call>, noting_ptr> ask(script what, bool bound = true,
                                                             duration patience = no_limit) {
    auto asked = pool.make(what, {.bound = bound});
    noting_ptr who(new noting_waiter(world.env, asked));
    EXPECT_TRUE(who->begin());
    EXPECT_FALSE(pool.box().admit(asked, start::post));
    who->accepted(patience);
    return {asked, who};
  }
  record log;
  manual_world world;
  fake_pool pool{world.env, log};
};

TEST_F(patient_waiter_test, is_told_the_revocation_when_it_leaves_a_bound_call_in_the_queue) {
  const auto [asked, who] = ask({.value = 1});
  who->leave();
  EXPECT_EQ(who->tellings, 1);
  EXPECT_FALSE(who->left) << "there is an outcome";
  EXPECT_EQ(asked->end().what, outcome::revoked);
  world.settle();
  EXPECT_TRUE(log.entered.empty());
}

TEST_F(patient_waiter_test, withdraws_from_the_queue_but_never_from_a_call_that_has_begun) {
  const auto [queued, waits] = ask({.value = 1});
  waits->withdraw();
  EXPECT_EQ(queued->end().what, outcome::revoked);
  EXPECT_EQ(waits->tellings, 1);

  const auto [running, stays] = ask({.slices = 5, .value = 2});
  while (running->phase() == call_phase::queued) world.step();
  stays->withdraw();
  EXPECT_EQ(stays->tellings, 0) << "total alone is ignored";
  world.settle();
  EXPECT_EQ(stays->tellings, 1);
  EXPECT_FALSE(stays->left);
  EXPECT_EQ(running->value(), 2U);
}

TEST_F(patient_waiter_test, withdraws_only_itself_while_another_waits) {
  const auto [asked, first] = ask({.value = 3});
  noting_ptr second(new noting_waiter(world.env, asked));
  ASSERT_TRUE(second->begin());
  second->accepted(no_limit);
  first->withdraw();
  EXPECT_TRUE(first->left);
  EXPECT_EQ(asked->phase(), call_phase::queued);
  world.settle();
  EXPECT_EQ(second->tellings, 1);
  EXPECT_EQ(asked->value(), 3U);
}

TEST_F(patient_waiter_test, does_not_leave_before_the_call_was_accepted_but_then_at_once) {
  std::stop_source stop;
  const auto asked = pool.make({.value = 1}, {.bound = true});
  const noting_ptr who(new noting_waiter(world.env, asked));
  who->leave_on(stop.get_token());
  ASSERT_TRUE(who->begin());
  stop.request_stop();
  EXPECT_TRUE(who->wants_to_leave());
  EXPECT_EQ(who->tellings, 0) << "nobody knows yet whether there is a call";
  ASSERT_FALSE(pool.box().admit(asked, start::post));
  who->accepted(no_limit);
  EXPECT_EQ(who->tellings, 1);
  EXPECT_EQ(asked->end().what, outcome::revoked);
}

TEST_F(patient_waiter_test, is_gone_with_its_wait_although_the_stop_source_and_its_patience_are_long) {
  std::stop_source stop;
  std::atomic<int> alive{0};
  for (const bool leaves : {false, true}) {
    const auto asked = pool.make({.value = 1}, {.bound = true});
    noting_ptr who(new noting_waiter(world.env, asked, &alive));
    who->leave_on(stop.get_token());
    ASSERT_TRUE(who->begin());
    ASSERT_FALSE(pool.box().admit(asked, start::post));
    who->accepted(1000h);
    if (leaves) who->leave();
    world.settle();
    EXPECT_EQ(who->tellings, 1);
    who.reset();
    EXPECT_EQ(alive, 0) << "neither the token nor the timer keeps it";
  }
}

// Every way to leave after every step of every scenario, bound and kept.

enum class way { nothing, leave, withdraw, time, stop };

struct shown {
  std::size_t steps = 0;
};

shown play(script what, bool bound, way then, std::size_t after) {
  SCOPED_TRACE("kind " + std::to_string(static_cast<int>(what.what)) + (bound ? ", bound, " : ", kept, ") +
               "way " + std::to_string(static_cast<int>(then)) + " after step " + std::to_string(after));
  record log;
  manual_world world;
  fake_pool pool(world.env, log);
  std::stop_source stop;
  const auto asked = pool.make(what, {.run_limit = 1h, .bound = bound});
  const noting_ptr who(new noting_waiter(world.env, asked));
  who->leave_on(stop.get_token());
  EXPECT_TRUE(who->begin());
  EXPECT_FALSE(pool.box().admit(asked, start::post));
  who->accepted(1s);

  shown seen;
  call_phase found = call_phase::queued;
  int told_before = 0;
  for (std::size_t step = 0;; ++step) {
    if (step == after) {
      found = asked->phase();
      told_before = who->tellings;
      if (then == way::leave) who->leave();
      if (then == way::withdraw) who->withdraw();
      if (then == way::time) world.advance(1s);
      if (then == way::stop) stop.request_stop();
      // What the act did, it did at once.
      const bool leaves = found == call_phase::queued || then != way::withdraw;
      if (then != way::nothing && found != call_phase::done) {
        EXPECT_EQ(who->tellings - told_before, leaves ? 1 : 0);
      }
    }
    if (!world.step()) {
      if (step > after) break;
      if (asked->phase() != call_phase::done) log.released.store(true), pool.at(0).wake();
    }
    if (asked->phase() != call_phase::done) seen.steps = step + 1;
    if (step > 200) {
      ADD_FAILURE() << "it does not end";
      break;
    }
  }
  if (asked->phase() != call_phase::done) log.released.store(true), pool.at(0).wake(), world.settle();

  EXPECT_EQ(asked->phase(), call_phase::done);
  EXPECT_EQ(who->tellings, 1) << "told exactly once";
  const bool revoked = then != way::nothing && bound && found == call_phase::queued;
  EXPECT_EQ(asked->end().what == outcome::revoked, revoked);
  EXPECT_EQ(log.entered.size(), revoked ? 0U : 1U) << "the guest's effects match the outcome";
  if (!revoked) {
    EXPECT_EQ(asked->end().what, what.what == kind::trap ? outcome::trapped : outcome::completed)
        << "leaving changes nothing";
  }
  const bool detached = then != way::nothing && found != call_phase::done && !revoked &&
                        (then != way::withdraw || found == call_phase::queued);
  EXPECT_EQ(who->left, detached);

  const auto next = pool.send({.value = 77});
  world.settle();
  EXPECT_EQ(next->end().what, outcome::completed) << "the next call works";
  pool.close();
  world.settle();
  return seen;
}

TEST(every_way_to_leave, after_every_step_ends_in_one_telling_and_no_harm) {
  std::size_t played = 0;
  for (const script what : {script{.slices = 3, .value = 5}, script{.what = kind::trap, .slices = 2},
                            script{.what = kind::wait, .value = 6}}) {
    for (const bool bound : {true, false}) {
      const std::size_t steps = play(what, bound, way::nothing, 0).steps;
      for (const way then : {way::leave, way::withdraw, way::time, way::stop}) {
        for (std::size_t after = 0; after <= steps + 1; ++after, ++played) play(what, bound, then, after);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  EXPECT_GE(played, 24U * 4);
}

// Meant for ThreadSanitizer: the four ways out and the end of the call, all at once.
TEST(patient_waiters_on_threads, are_told_once_whoever_comes_first) {
  threaded_world world;
  record log;
  fake_pool pool(world.env, log, 2, {}, {.base = 1us, .max = 1us});
  std::atomic<bool> ending{false};
  std::jthread ticker([&] {
    while (!ending.load()) {
      world.deadlines.advance(world.time.now());
      std::this_thread::yield();
    }
  });
  std::atomic<int> alive{0};
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> callers;
    for (unsigned who = 0; who < 2; ++who) {
      callers.emplace_back([&, who] {
        std::mt19937 dice(who);
        for (std::uint64_t i = 0; i < 1500; ++i) {
          std::stop_source stop;
          const auto asked =
              pool.make({.slices = static_cast<std::uint32_t>(dice() % 3), .value = i}, {.bound = true});
          const noting_ptr waits(new noting_waiter(world.env, asked, &alive));
          waits->leave_on(stop.get_token());
          waits->begin();
          // The first stop may come before the call is accepted, after it, or after its end.
          std::jthread other;
          if (i % 8 == 0) other = std::jthread([&stop] { stop.request_stop(); });
          if (pool.box().admit(asked, dice() % 2 == 0 ? start::dispatch : start::post)) {
            waits->forget();
            continue;
          }
          waits->accepted(dice() % 2 == 0 ? duration(0) : no_limit);
          if (dice() % 3 == 0) waits->withdraw();
          if (dice() % 3 == 0) waits->leave();
          waits->tellings.wait(0);
          if (!waits->left && asked->phase() != call_phase::done) wrong.fetch_add(1);
          waits->leave();
          if (other.joinable()) other.join();
          if (waits->tellings != 1) wrong.fetch_add(1);
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  pool.close();
  EXPECT_TRUE(pool.box().wait_deserted(10s));
  ending.store(true);
  ticker.join();
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace holdfast::core
