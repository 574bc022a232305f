// SPDX-License-Identifier: Apache-2.0
#include "core/workers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "core/fakes.hpp"
#include "core/threaded_world.hpp"

namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;

/// A task that does what it is told to, once or again and again.
class odd_job final : public task {
 public:
  explicit odd_job(std::function<void()> what) : what_(std::move(what)) {}
  void run() noexcept override { what_(); }

 private:
  std::function<void()> what_;
};

void wait_for(const std::atomic<int>& count, int wanted) {
  for (int seen = count.load(); seen < wanted; seen = count.load()) count.wait(seen);
}

TEST(workers, leave_no_task_behind_one_that_takes_long_while_another_of_them_has_nothing_to_do) {
  std::optional<workers> run(2U);
  std::atomic<int> met{0};
  const auto meet = [&met] {
    ++met;
    met.notify_all();
    wait_for(met, 2);  // for ever, if one worker had both of them
  };
  std::atomic<int> done{0};
  odd_job one(meet);
  odd_job other(meet);
  odd_job both([&] {
    run->post(one);
    run->post(other);
    ++done;
    done.notify_all();
  });
  run->post(both);
  wait_for(done, 1);
  wait_for(met, 2);
  run.reset();  // before the jobs go
}

TEST(workers, take_what_one_of_them_posted_and_has_no_time_for) {
  std::optional<workers> run(2U);
  std::atomic<int> done{0};
  const auto count = [&done] {
    ++done;
    done.notify_all();
  };
  odd_job one(count);
  odd_job other(count);
  odd_job lasts([&] {
    run->post(one);
    run->post(other);
    wait_for(done, 2);
    count();
  });
  run->post(lasts);
  wait_for(done, 3);
  run.reset();  // before the jobs go
}

TEST(workers, leave_nothing_behind_one_that_stands_still_while_another_is_kept_busy_for_ever) {
  std::optional<workers> run(2U);
  std::atomic<int> begun{0};
  std::atomic<int> done{0};
  std::atomic<int> ended{0};
  const auto count = [](std::atomic<int>& what) {
    ++what;
    what.notify_all();
  };
  odd_job stands([&] {
    count(begun);
    wait_for(done, 2);
    count(ended);
  });
  std::unique_ptr<odd_job> goes_on;
  bool first = true;
  goes_on = std::make_unique<odd_job>([&] {
    if (std::exchange(first, false)) count(begun);
    if (done.load() < 2) return run->post_again(*goes_on);
    count(ended);
  });
  run->post(stands);
  run->post(*goes_on);
  wait_for(begun, 2);
  // From outside, to each in turn: one of them to the one that stands still.
  odd_job one([&] { count(done); });
  odd_job other([&] { count(done); });
  run->post(one);
  run->post(other);
  wait_for(ended, 2);
  run.reset();  // before the jobs go
}

TEST(workers, run_what_is_posted_from_everywhere_exactly_as_often_as_it_was) {
  for (const unsigned count : {1U, 2U, 3U, 70U}) {
    std::atomic<int> ran{0};
    std::vector<std::unique_ptr<odd_job>> jobs;
    {
      workers run(count);
      const auto again = [&](int times) {
        auto left = std::make_shared<int>(times);
        auto& job = jobs.emplace_back();
        job = std::make_unique<odd_job>([&ran, &run, left, own = &job] {
          ++ran;
          if (--*left > 0) run.post_again(**own);
        });
      };
      jobs.reserve(160);
      for (int i = 0; i < 160; ++i) again(50);
      std::vector<std::jthread> posters;
      for (std::size_t who = 0; who < 4; ++who)
        posters.emplace_back([&, who] {
          for (std::size_t i = who; i < jobs.size(); i += 4) run.post(*jobs[i]);
        });
      posters.clear();
    }  // what was posted is run before the end
    EXPECT_EQ(ran.load(), 160 * 50) << count;
  }
}

// A task that goes on for ever beside many that do: each has its turn.
TEST(workers, give_all_that_go_on_equal_turns_wherever_they_were_posted) {
  std::optional<workers> run(2U);
  std::atomic<bool> ending{false};
  std::atomic<int> ended{0};
  std::array<std::atomic<int>, 12> turns{};
  std::vector<std::unique_ptr<odd_job>> jobs;
  for (auto& count : turns) {
    auto& job = jobs.emplace_back();
    job = std::make_unique<odd_job>([&, own = jobs.size() - 1] {
      ++count;
      count.notify_all();
      if (!ending.load()) return run->post_again(*jobs[own]);
      ++ended;
      ended.notify_all();
    });
  }
  std::atomic<int> begun{0};
  odd_job all([&] {  // of one worker
    for (const auto& each : jobs) run->post(*each);
    ++begun;
    begun.notify_all();
  });
  run->post(all);
  for (const auto& each : turns) wait_for(each, 500);
  ending = true;
  wait_for(ended, static_cast<int>(jobs.size()));
  run.reset();  // before the jobs go
}

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
