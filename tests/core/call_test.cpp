// SPDX-License-Identifier: Apache-2.0
#include "core/call.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/fakes.hpp"
#include "core/waiters.hpp"

namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;

class call_test : public testing::Test {
 protected:
  void TearDown() override {
    pool.close();
    world.settle();
  }
  record log;
  manual_world world;
  fake_pool pool{world.env, log};
};

TEST_F(call_test, tells_every_waiter_once) {
  const auto asked = pool.send({.slices = 2});
  const auto one = wait_for(*asked);
  const auto two = wait_for(*asked);
  world.settle();
  EXPECT_EQ(one->told, 1);
  EXPECT_EQ(two->told, 1);
  boost::intrusive_ptr<counting_waiter> late(new counting_waiter);
  EXPECT_FALSE(asked->attach(late)) << "done: its end can be read at once";
  EXPECT_EQ(late->told, 0);
}

TEST_F(call_test, revokes_a_bound_call_in_the_queue_when_its_last_waiter_leaves) {
  const auto asked = pool.send({.value = 1}, {.bound = true});
  const auto one = wait_for(*asked);
  const auto two = wait_for(*asked);
  EXPECT_TRUE(asked->leave(*one));
  EXPECT_EQ(asked->phase(), call_phase::queued) << "another one still waits";
  EXPECT_TRUE(asked->leave(*two));
  EXPECT_EQ(asked->end().what, outcome::revoked);
  world.settle();
  EXPECT_TRUE(log.entered.empty());
}

TEST_F(call_test, keeps_a_kept_call_when_its_last_waiter_leaves) {
  const auto asked = pool.send({.value = 1});
  const auto one = wait_for(*asked);
  EXPECT_TRUE(asked->leave(*one));
  EXPECT_FALSE(asked->leave(*one));
  world.settle();
  EXPECT_EQ(asked->end().what, outcome::completed);
  EXPECT_EQ(one->told, 0);
}

// Every scenario with every act after every step of it, to the end. The laws hold wherever the act falls.

enum class act { nothing, leave, revoke, kill, expire };

struct scenario {
  std::string name;
  script first;
  duration run_limit = no_limit;
  bool bound = false;
};

struct shown {
  bool ended_within = false;
  std::size_t steps = 0;
};

shown play(const scenario& what, act then, std::size_t after) {
  SCOPED_TRACE(what.name + ", act " + std::to_string(static_cast<int>(then)) + " after step " +
               std::to_string(after));
  record log;
  manual_world world;
  fake_pool pool(world.env, log);
  const auto asked =
      pool.send(what.first, {.deadline = world.now() + 1h, .run_limit = what.run_limit, .bound = what.bound});
  const auto who = wait_for(*asked);
  bool left = false;
  revoke_answer answer = revoke_answer::running;

  shown seen;
  for (std::size_t step = 0;; ++step) {
    if (step == after) {
      switch (then) {
        case act::nothing:
          break;
        case act::leave:
          left = asked->leave(*who);
          break;
        case act::revoke:
          answer = asked->revoke();
          break;
        case act::kill:
          asked->kill();
          break;
        case act::expire:
          world.advance(2h);
          break;
      }
      seen.ended_within = asked->phase() == call_phase::done;
    }
    if (!world.step()) {
      if (asked->phase() == call_phase::done || step > after + 10) break;
      world.advance(5ms);  // run limits pass when nothing else happens
    }
    seen.steps = step;
    if (step > 500) {
      ADD_FAILURE() << "the call does not end";
      break;
    }
    if (what.run_limit != no_limit && step == 40) world.advance(what.run_limit);
  }
  if (asked->phase() != call_phase::done) {
    EXPECT_EQ(what.run_limit, no_limit);
    asked->kill();
    world.settle();
  }

  // One outcome, told once unless the waiter left.
  EXPECT_EQ(asked->phase(), call_phase::done);
  EXPECT_EQ(who->told, left ? 0 : 1);
  // The outcome says whether the guest ran, and it is so.
  const bool ran = !log.entered.empty();
  EXPECT_EQ(ran, effect_of(asked->end().what) == effect::executed);
  if (then == act::revoke && answer == revoke_answer::revoked) {
    EXPECT_EQ(asked->end().what, outcome::revoked);
  }
  if (answer == revoke_answer::running && then == act::revoke) {
    EXPECT_NE(asked->end().what, outcome::revoked) << "too late means that it goes on";
  }
  // Leaving changes nothing once the call has begun.
  if (then == act::leave && ran) {
    EXPECT_TRUE(asked->end().what == outcome::completed || asked->end().what == outcome::trapped ||
                asked->end().what == outcome::deadline_killed);
  }
  // The next call finds a healthy instance.
  const auto next = pool.send({.slices = 1, .value = 77}, {.deadline = world.now() + 1h});
  world.settle();
  EXPECT_EQ(next->phase(), call_phase::done);
  EXPECT_EQ(next->end().what, outcome::completed);
  if (next->end().what == outcome::completed) {
    EXPECT_EQ(next->value(), 77U);
  }
  const bool spoiled = ran && asked->end().what != outcome::completed;
  EXPECT_EQ(next->end().generation, spoiled ? 2U : 1U) << "rebuilt exactly when it was spoiled";
  pool.close();
  world.settle();
  EXPECT_EQ(log.built, log.destroyed);
  return seen;
}

TEST(every_step_of_a_call, keeps_the_contract_whatever_happens_after_it) {
  const std::vector<scenario> all{
      {.name = "quick", .first = {.value = 1}},
      {.name = "quick and bound", .first = {.value = 1}, .bound = true},
      {.name = "long", .first = {.slices = 8, .value = 2}},
      {.name = "long and bound", .first = {.slices = 8, .value = 2}, .bound = true},
      {.name = "traps", .first = {.what = kind::trap, .slices = 5}},
      {.name = "loops", .first = {.what = kind::loop}, .run_limit = 10ms},
      {.name = "waits in the host", .first = {.what = kind::deaf_wait}, .run_limit = 10ms},
  };
  std::size_t played = 0;
  for (const scenario& what : all) {
    const std::size_t steps = play(what, act::nothing, 0).steps;
    for (const act then : {act::leave, act::revoke, act::kill, act::expire}) {
      for (std::size_t after = 0; after <= std::min<std::size_t>(steps + 1, 60); ++after) {
        play(what, then, after);
        ++played;
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  RecordProperty("played", static_cast<int>(played));
  EXPECT_GT(played, 100U);
}

}  // namespace
}  // namespace holdfast::core
