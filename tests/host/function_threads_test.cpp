// SPDX-License-Identifier: Apache-2.0
#include "host/function_threads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <holdfast/function.hpp>
#include <holdfast/host.hpp>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/guests.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using detail::function_threads;
using testing::ElementsAre;
using testing::HasSubstr;

/// Hears how many are stuck, and waits for a number.
class stuck_observer final : public observer {
 public:
  void on_stuck(std::size_t now) noexcept override {
    const std::scoped_lock lock(mutex_);
    heard_.push_back(now);
    changed_.notify_all();
  }
  bool wait_for(std::size_t now) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return !heard_.empty() && heard_.back() == now; });
  }
  std::vector<std::size_t> heard() {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> heard_;
};

/// A function that does not return before it is let go, and its instance.
struct blocked {
  std::stop_source instance;
  std::promise<void> begun;
  std::promise<void> released;
  std::atomic<bool> refused{false};
  std::string why;

  bridge::function_job job() {
    return {[this] {
              begun.set_value();
              released.get_future().wait();
            },
            [this](std::string_view text) {
              why = text;
              refused.store(true);
            },
            instance.get_token()};
  }
};

// Whether the threads run a job soon; a refusal is no.
bool answers(const function_threads& threads) {
  std::promise<bool> ran;
  threads.post({[&] { ran.set_value(true); }, [&](std::string_view) { ran.set_value(false); }, {}});
  return ran.get_future().get();
}

TEST(function_threads, take_another_thread_for_one_whose_function_does_not_return) {
  const auto heard = std::make_shared<stuck_observer>();
  blocked one;
  {
    const function_threads threads(1, 4, heard);
    threads.post(one.job());
    one.begun.get_future().wait();
    EXPECT_EQ(threads.stuck(), 0U) << "slow is not stuck";
    one.instance.request_stop();
    EXPECT_EQ(threads.stuck(), 1U);
    EXPECT_TRUE(answers(threads));
    one.released.set_value();
    EXPECT_TRUE(heard->wait_for(0));
    EXPECT_TRUE(answers(threads));
  }
  EXPECT_THAT(heard->heard(), ElementsAre(1, 0));
}

TEST(function_threads, refuse_at_the_limit_and_begin_again_when_one_returns) {
  const auto heard = std::make_shared<stuck_observer>();
  blocked one;
  blocked two;
  const function_threads threads(1, 2, heard);
  for (blocked* each : {&one, &two}) {
    threads.post(each->job());
    each->begun.get_future().wait();
    each->instance.request_stop();
  }
  EXPECT_EQ(threads.stuck(), 2U);
  blocked third;
  threads.post(third.job());
  EXPECT_TRUE(third.refused) << "at once";
  EXPECT_THAT(third.why, HasSubstr("2 host functions have not returned"));
  EXPECT_THAT(third.why, HasSubstr("stuck_functions"));
  two.released.set_value();
  EXPECT_TRUE(heard->wait_for(1));
  EXPECT_TRUE(answers(threads));
  one.released.set_value();
  EXPECT_TRUE(heard->wait_for(0));
}

TEST(function_threads, refuse_what_waits_when_the_limit_is_reached) {
  blocked one;
  blocked waits;
  const function_threads threads(1, 1, nullptr);
  threads.post(one.job());
  one.begun.get_future().wait();
  threads.post(waits.job());
  EXPECT_FALSE(waits.refused);
  one.instance.request_stop();
  EXPECT_TRUE(waits.refused) << "nobody was left to run it";
  one.released.set_value();
}

TEST(function_threads, are_never_more_than_their_number_and_the_limit) {
  const auto heard = std::make_shared<stuck_observer>();
  std::vector<blocked> all(6);
  const function_threads threads(2, 4, heard);
  std::size_t begun = 0;
  for (blocked& each : all) {
    threads.post(each.job());
    if (each.refused) break;
    each.begun.get_future().wait();
    ++begun;
    each.instance.request_stop();
  }
  EXPECT_EQ(begun, 4U);
  for (std::size_t i = 0; i < begun; ++i) all[i].released.set_value();
  EXPECT_TRUE(heard->wait_for(0));
  EXPECT_TRUE(answers(threads));
}

TEST(function_threads, leave_one_behind_that_never_returns_and_end_in_bounded_time) {
  const auto lives = std::make_shared<blocked>();
  {
    const function_threads threads(1, 4, nullptr);
    auto job = lives->job();
    threads.post({[lives, work = job.work] { work(); }, job.refuse, job.cut});
    lives->begun.get_future().wait();
    lives->instance.request_stop();
  }
  lives->released.set_value();  // so that the test program itself leaves nothing
  while (lives.use_count() > 1) std::this_thread::yield();
}

TEST(function_threads, refuse_what_waits_at_the_end) {
  const auto lives = std::make_shared<blocked>();
  blocked waits;
  {
    const function_threads threads(1, 4, nullptr);
    auto job = lives->job();
    threads.post({[lives, work = job.work] { work(); }, job.refuse, job.cut});
    lives->begun.get_future().wait();
    threads.post(waits.job());
    EXPECT_FALSE(waits.refused);
  }
  EXPECT_TRUE(waits.refused);
  EXPECT_THAT(waits.why, HasSubstr("the host ends"));
  lives->released.set_value();
  while (lives.use_count() > 1) std::this_thread::yield();
}

// With real guests, threads and time from here on.

class never_returning : public testing::Test {
 protected:
  const std::shared_ptr<stuck_observer> heard = std::make_shared<stuck_observer>();
  // Those whose time is `forever` wait here.
  std::promise<void> release;
  std::shared_future<void> released{release.get_future()};
  static constexpr std::uint64_t forever = 1'000'000;

  pool_options bed(std::uint32_t cells) {
    pool_options options{.cells = cells};
    options.functions.define("holdfast:demo/host", "sleep", [until = released](std::uint64_t ms) {
      if (ms == forever) until.wait();
    });
    return options;
  }
};

TEST_F(never_returning, a_host_function_costs_its_pool_nothing_but_an_instance_and_a_thread) {
  host owner(shared_engine(), {.workers = 2, .function_threads = 1, .observe = heard});
  const pool napping = owner.open(guest("sleeper.wat"), bed(1)).value();
  const auto nap = napping.function<std::uint64_t(std::uint64_t)>("nap").value();
  EXPECT_EQ(nap(1).get(), 1U);
  EXPECT_EQ(nap.call({.run_limit = 20ms}, forever).code, errc::deadline_killed);
  EXPECT_TRUE(heard->wait_for(1));
  const auto next = nap(1);
  ASSERT_TRUE(next) << next.detail;
  EXPECT_EQ(next.generation, 2U);
  release.set_value();
  EXPECT_TRUE(heard->wait_for(0));
  EXPECT_TRUE(nap(1));
}

TEST_F(never_returning, host_functions_at_their_limit_make_others_fail_at_once_and_clearly) {
  host owner(shared_engine(), {.workers = 2, .function_threads = 1, .stuck_functions = 2, .observe = heard});
  const pool napping = owner.open(guest("sleeper.wat"), bed(2)).value();
  const auto nap = napping.function<std::uint64_t(std::uint64_t)>("nap").value();
  EXPECT_EQ(nap.call({.run_limit = 20ms}, forever).code, errc::deadline_killed);
  EXPECT_EQ(nap.call({.run_limit = 20ms}, forever).code, errc::deadline_killed);
  EXPECT_TRUE(heard->wait_for(2));
  const auto refused = nap(1);
  EXPECT_EQ(refused.code, errc::host_failed);
  EXPECT_THAT(refused.detail, HasSubstr("2 host functions have not returned"));
  release.set_value();
  EXPECT_TRUE(heard->wait_for(0));
  EXPECT_TRUE(nap(1));
}

TEST_F(never_returning, a_host_function_does_not_keep_the_host_from_ending) {
  {
    host owner(shared_engine(), {.workers = 2, .function_threads = 1, .drain_grace = 0s, .observe = heard});
    const pool napping = owner.open(guest("sleeper.wat"), bed(1)).value();
    const auto nap = napping.function<std::uint64_t(std::uint64_t)>("nap").value();
    EXPECT_EQ(nap.call({.run_limit = 20ms}, forever).code, errc::deadline_killed);
  }
  release.set_value();
  EXPECT_TRUE(heard->wait_for(0)) << "its thread ends too, in the end";
}

}  // namespace
}  // namespace holdfast
