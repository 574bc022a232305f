// SPDX-License-Identifier: Apache-2.0
#include "core/workers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <random>
#include <thread>

#include "core/fakes.hpp"

namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;

/// Real threads and the real clock over fake guests.
struct threaded_world {
  steady_time time;
  timers deadlines;
  kernel_random random;
  workers run{2};
  environment env{time, run, deadlines, random, no_observer()};
};

/// Blocks until it is told.
class blocking_waiter final : public waiter {
 public:
  void on_done(call&) noexcept override { told.store(true), told.notify_all(); }
  void on_timer(timer&) noexcept override {}
  std::atomic<bool> told{false};
};

// Meant for ThreadSanitizer: callers that leave, revoke and kill against cells that trap, loop and wait.
TEST(workers, bring_every_call_to_one_outcome_while_callers_do_what_they_like) {
  record log;
  threaded_world world;
  fake_pool pool(world.env, log, 3, {.depth = 64},
                 {.base = 1us, .max = 1us, .retire_calls = 40, .spares = 1});

  std::atomic<bool> ending{false};
  std::jthread ticker([&] {
    while (!ending.load()) {
      world.deadlines.advance(world.time.now());
      std::this_thread::yield();
    }
  });

  std::atomic<int> wrong{0};
  std::atomic<int> accepted{0};
  std::atomic<int> refused{0};
  {
    std::vector<std::jthread> callers;
    for (unsigned who = 0; who < 4; ++who) {
      callers.emplace_back([&, who] {
        std::mt19937 dice(who);
        for (std::uint64_t i = 0; i < 1500; ++i) {
          const auto roll = dice() % 100;
          script what{.slices = static_cast<std::uint32_t>(dice() % 4), .value = who * 1'000'000 + i};
          if (roll < 5) what.what = kind::trap;
          if (roll == 6) what.what = kind::loop;
          if (roll == 7) what.what = kind::deaf_wait;
          const auto asked = pool.make(
              what, {.deadline = world.time.now() + 2s, .run_limit = 1ms, .bound = dice() % 2 == 0});
          boost::intrusive_ptr<blocking_waiter> waits(new blocking_waiter);
          asked->attach(waits);
          const auto how = dice() % 2 == 0 ? start::dispatch : start::post;
          if (pool.box().admit(asked, how)) {
            refused.fetch_add(1);
            continue;
          }
          accepted.fetch_add(1);
          bool left = false;
          switch (dice() % 6) {
            case 0:
              left = asked->leave(*waits);
              break;
            case 1:
              asked->revoke();
              break;
            case 2:
              asked->kill();
              break;
            default:
              break;
          }
          if (!left) waits->told.wait(false);
          if (left) continue;
          if (asked->phase() != call_phase::done) wrong.fetch_add(1);
          if (asked->end().what == outcome::completed && asked->value() != what.value) wrong.fetch_add(1);
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(accepted + refused, 4 * 1500);
  EXPECT_GT(accepted, 0);

  const auto last = pool.send({.value = 99});
  boost::intrusive_ptr<blocking_waiter> waits(new blocking_waiter);
  if (last->attach(waits)) waits->told.wait(false);
  EXPECT_EQ(last->end().what, outcome::completed);

  pool.close();
  EXPECT_TRUE(pool.box().wait_deserted(10s));
  ending.store(true);
  ticker.join();
  EXPECT_EQ(log.built, log.destroyed);
}

TEST(workers, wake_the_one_thread_that_sleeps) {
  struct one_run final : task {
    void run() noexcept override { done.set_value(); }
    std::promise<void> done;
  };
  std::array<one_run, 100> all;  // outlives the thread that tells of them
  workers one(1);
  for (one_run& each : all) {  // after the first it sleeps, or is about to
    one.post(each);
    ASSERT_EQ(each.done.get_future().wait_for(20s), std::future_status::ready);
  }
}

}  // namespace
}  // namespace holdfast::core
