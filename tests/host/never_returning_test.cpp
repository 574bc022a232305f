// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <future>
#include <holdfast/function.hpp>
#include <holdfast/host.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "host/guests.hpp"
#include "host/stuck_observer.hpp"

// Host functions that do not return: with real guests, threads and time.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;
namespace asio = boost::asio;

class never_returning : public testing::Test {
 protected:
  const std::shared_ptr<stuck_observer> heard = std::make_shared<stuck_observer>();
  // Those whose time is `forever` wait here.
  std::promise<void> release;
  std::shared_future<void> released{release.get_future()};
  std::promise<void> begun;  // the first of them has
  std::atomic<bool> any_begun{false};
  static constexpr std::uint64_t forever = 1'000'000;

  pool_options bed(std::uint32_t cells) {
    pool_options options{.cells = cells};
    options.functions.define("holdfast:demo/host", "sleep", [this, until = released](std::uint64_t ms) {
      if (ms != forever) return;
      if (!any_begun.exchange(true)) begun.set_value();
      until.wait();
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

TEST_F(never_returning, a_host_function_on_an_executor_counts_like_one_on_a_thread) {
  asio::thread_pool others(1);
  {
    host owner(shared_engine(), {.workers = 2, .stuck_functions = 1, .observe = heard});
    pool_options options = bed(2);
    options.functions.on(others.get_executor());
    const pool napping = owner.open(guest("sleeper.wat"), std::move(options)).value();
    const auto nap = napping.function<std::uint64_t(std::uint64_t)>("nap").value();
    const auto killed = nap.submit({.run_limit = no_limit}, forever).value();
    begun.get_future().wait();
    EXPECT_EQ(killed.kill(), kill_answer::stopping);
    EXPECT_TRUE(heard->wait_for(1));
    const auto refused = nap(1);
    EXPECT_EQ(refused.code, errc::host_failed);
    EXPECT_THAT(refused.detail, HasSubstr("1 host functions have not returned"));
    release.set_value();
    EXPECT_TRUE(heard->wait_for(0));
    EXPECT_TRUE(nap(1));
  }
  others.join();
}

TEST_F(never_returning, a_coroutine_that_does_not_end_counts_until_its_frame_is_gone) {
  asio::io_context io;
  const auto work = asio::make_work_guard(io);
  std::thread runs([&] { io.run(); });
  asio::steady_timer until(io, 24h);
  {
    host owner(shared_engine(), {.workers = 2, .stuck_functions = 1, .observe = heard});
    pool_options options;
    options.functions.define(
        "holdfast:demo/host", "sleep",
        [&](std::uint64_t ms) -> asio::awaitable<void> {
          if (ms != forever) co_return;
          co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
          begun.set_value();
          co_await until.async_wait(asio::as_tuple(asio::use_awaitable));
        },
        io.get_executor());
    const pool napping = owner.open(guest("sleeper.wat"), std::move(options)).value();
    const auto nap = napping.function<std::uint64_t(std::uint64_t)>("nap").value();
    const auto killed = nap.submit({.run_limit = no_limit}, forever).value();
    begun.get_future().wait();
    EXPECT_EQ(heard->heard().size(), 0U);
    EXPECT_EQ(killed.kill(), kill_answer::stopping);
    EXPECT_TRUE(heard->wait_for(1));
    EXPECT_EQ(nap(1).code, errc::host_failed);
    asio::post(io, [&] { until.cancel(); });
    EXPECT_TRUE(heard->wait_for(0));
    EXPECT_TRUE(nap(1));
  }
  io.stop();
  runs.join();
}

struct first_failure {
  std::promise<std::string> detail;
  std::atomic<bool> heard{false};
  void hear(const std::string& why) {
    if (!heard.exchange(true)) detail.set_value(why);
  }
};

TEST_F(never_returning, a_host_function_makes_those_that_wait_for_its_thread_count_by_their_arguments) {
  host owner(shared_engine(), {.workers = 2, .function_threads = 1, .function_bytes = 8, .observe = heard});
  const pool napping = owner.open(guest("sleeper.wat"), bed(3)).value();
  const auto nap = napping.function<std::uint64_t(std::uint64_t)>("nap").value();
  const auto holds = nap.submit({.run_limit = no_limit}, forever).value();
  begun.get_future().wait();
  // One of the two waits, and the other is refused for it.
  const auto told = std::make_shared<first_failure>();  // the other's callback may come after all of this
  std::vector<typed_ticket<std::uint64_t>> both;
  for (int i = 0; i < 2; ++i) both.push_back(nap.submit({.run_limit = no_limit}, 1).value());
  for (const auto& each : both) each.on_done([told](const auto& ended) { told->hear(ended.detail); });
  auto refused = told->detail.get_future();
  ASSERT_EQ(refused.wait_for(20s), std::future_status::ready);
  EXPECT_THAT(refused.get(), HasSubstr("host_options::function_bytes"));
  for (const auto& each : both) {
    if (each.phase() == call_phase::done) continue;
    EXPECT_EQ(each.kill(), kill_answer::stopping);
    EXPECT_EQ(each.wait().code, errc::killed);
  }
  // The cut makes room, soon after the outcome is told: then one waits again, and is stopped by its limit.
  const auto end = std::chrono::steady_clock::now() + 20s;
  std::error_code code = errc::host_failed;
  while (code == errc::host_failed && std::chrono::steady_clock::now() < end)
    code = nap.call({.run_limit = 20ms}, 1).code;
  EXPECT_EQ(code, errc::deadline_killed);
  release.set_value();
  EXPECT_TRUE(holds.wait());
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
