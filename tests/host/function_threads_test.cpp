// SPDX-License-Identifier: Apache-2.0
#include "host/function_threads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/stuck_observer.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using detail::function_threads;
using testing::ElementsAre;
using testing::HasSubstr;
namespace asio = boost::asio;

/// A function that does not return before it is let go, and its instance.
struct blocked {
  std::stop_source instance;
  std::promise<void> begun;
  std::promise<void> released;
  std::atomic<bool> refused{false};
  std::string why;

  bridge::function_job job() {
    return {.work =
                [this](const auto& /*running*/) {
                  begun.set_value();
                  released.get_future().wait();
                },
            .refuse =
                [this](std::string_view text) {
                  why = text;
                  refused.store(true);
                },
            .cut = instance.get_token()};
  }
};

// Its job, which keeps it.
bridge::function_job kept_alive(const std::shared_ptr<blocked>& lives) {
  auto job = lives->job();
  job.work = [lives, work = job.work](const auto& running) { work(running); };
  return job;
}

// Whether the threads run a job soon; a refusal is no.
bool answers(const function_threads& threads) {
  std::promise<bool> ran;
  threads.post({.work = [&](const auto& /*running*/) { ran.set_value(true); },
                .refuse = [&](std::string_view) { ran.set_value(false); }});
  return ran.get_future().get();
}

TEST(function_threads, take_another_thread_for_one_whose_function_does_not_return) {
  const auto heard = std::make_shared<stuck_observer>();
  blocked one;
  {
    const function_threads threads(1, {.stuck = 4}, heard);
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

TEST(function_threads, lend_the_thread_of_one_that_waits_to_another_within_the_limit) {
  const function_threads threads(1, {.stuck = 1}, nullptr);
  std::promise<std::pair<bool, bool>> told;
  threads.post({.work =
                    [&](const auto& /*running*/) {
                      const detail::lent_thread outer;
                      // On the thread that took the place: it may not be lent too.
                      std::promise<bool> second;
                      threads.post({.work =
                                        [&](const auto& /*running*/) {
                                          const detail::lent_thread inner;
                                          second.set_value(static_cast<bool>(inner));
                                        },
                                    .refuse = [&](std::string_view) { second.set_value(true); }});
                      const bool given = second.get_future().get();
                      told.set_value({static_cast<bool>(outer), given});
                    },
                .refuse = [&](std::string_view) { told.set_value({false, true}); }});
  EXPECT_EQ(told.get_future().get(), std::pair(true, false));
  EXPECT_TRUE(answers(threads));
}

TEST(function_threads, lend_nothing_where_no_host_function_runs) {
  const detail::lent_thread here;
  EXPECT_TRUE(here) << "anybody else may sleep";
}

TEST(function_threads, count_a_thread_once_that_was_lent_as_its_instance_was_cut) {
  const auto heard = std::make_shared<stuck_observer>();
  std::stop_source instance;
  std::promise<void> lent;
  std::promise<void> released;
  {
    const function_threads threads(1, {.stuck = 4}, heard);
    threads.post({.work =
                      [&](const auto& /*running*/) {
                        const detail::lent_thread place;
                        lent.set_value();
                        released.get_future().wait();
                      },
                  .cut = instance.get_token()});
    lent.get_future().wait();
    instance.request_stop();
    EXPECT_EQ(threads.stuck(), 1U);
    EXPECT_TRUE(answers(threads));
    released.set_value();
    EXPECT_TRUE(heard->wait_for(0));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(answers(threads));
  }
  EXPECT_THAT(heard->heard(), ElementsAre(1, 0));
}

TEST(function_threads, refuse_at_the_limit_and_begin_again_when_one_returns) {
  const auto heard = std::make_shared<stuck_observer>();
  blocked one;
  blocked two;
  const function_threads threads(1, {.stuck = 2}, heard);
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
  const function_threads threads(1, {.stuck = 1}, nullptr);
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
  const function_threads threads(2, {.stuck = 4}, heard);
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
    const function_threads threads(1, {.stuck = 4}, nullptr);
    threads.post(kept_alive(lives));
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
    const function_threads threads(1, {.stuck = 4}, nullptr);
    threads.post(kept_alive(lives));
    lives->begun.get_future().wait();
    threads.post(waits.job());
    EXPECT_FALSE(waits.refused);
  }
  EXPECT_TRUE(waits.refused);
  EXPECT_THAT(waits.why, HasSubstr("the host ends"));
  lives->released.set_value();
  while (lives.use_count() > 1) std::this_thread::yield();
}

/// A job with arguments that shows what becomes of them, and may outlive this.
struct laden {
  std::shared_ptr<int> arguments = std::make_shared<int>(0);
  std::weak_ptr<int> kept = arguments;
  std::stop_source instance;
  std::shared_ptr<int> ran = std::make_shared<int>(0);
  std::shared_ptr<std::string> told = std::make_shared<std::string>();

  std::string why() const { return *told; }
  bridge::function_job job(std::size_t bytes, asio::any_io_executor on = {}) {
    return {
        .work = [kept = std::exchange(arguments, nullptr), ran = ran](const auto& /*running*/) { ++*ran; },
        .refuse = [told = told](std::string_view text) { *told = text; },
        .cut = instance.get_token(),
        .executor = std::move(on),
        .bytes = bytes};
  }
};

/// Threads of which the only one has something to do.
struct busy_threads {
  explicit busy_threads(detail::function_limits limits) : threads(1, limits, nullptr) {
    threads.post(holds.job());
    holds.begun.get_future().wait();
  }
  ~busy_threads() {
    if (!freed) free();
  }
  void free() {
    freed = true;
    holds.released.set_value();
  }
  bool freed = false;
  blocked holds;
  function_threads threads;
};

TEST(function_threads, drop_what_waits_with_its_arguments_when_its_instance_is_cut) {
  busy_threads busy({});
  laden waits;
  busy.threads.post(waits.job(8));
  EXPECT_FALSE(waits.kept.expired());
  waits.instance.request_stop();
  EXPECT_TRUE(waits.kept.expired()) << "at once, not when a thread comes to it";
  busy.free();
  EXPECT_TRUE(answers(busy.threads));
  EXPECT_EQ(*waits.ran, 0);
  EXPECT_EQ(waits.why(), "") << "nobody is there to be told";
  EXPECT_EQ(busy.threads.stuck(), 0U) << "it never ran";
}

TEST(function_threads, do_not_begin_what_was_cut_before_it_came) {
  const function_threads threads(1, {}, nullptr);
  laden late;
  late.instance.request_stop();
  threads.post(late.job(8));
  EXPECT_TRUE(late.kept.expired());
  EXPECT_TRUE(answers(threads));
  EXPECT_EQ(*late.ran, 0);
}

TEST(function_threads, do_not_count_what_was_cut_among_what_waits) {
  std::string why;  // outlives what waits
  std::stop_source instance;
  busy_threads busy({});
  const auto fill = [&] {
    why.clear();
    busy.threads.post({.work = [](const auto& /*running*/) {},
                       .refuse = [&](std::string_view text) { why = text; },
                       .cut = instance.get_token()});
    return why.empty();
  };
  int waiting = 0;
  while (waiting < 10'000 && fill()) ++waiting;
  EXPECT_EQ(waiting, 4096);
  EXPECT_THAT(why, HasSubstr("4096 host functions wait for a thread already"));
  instance.request_stop();
  instance = std::stop_source();
  EXPECT_TRUE(fill());
}

TEST(function_threads, bound_the_arguments_that_wait_by_their_bytes) {
  busy_threads busy({.bytes = 100});
  laden first;
  laden fits;
  laden over;
  busy.threads.post(first.job(80));
  busy.threads.post(fits.job(20));
  busy.threads.post(over.job(1));
  EXPECT_EQ(fits.why(), "");
  EXPECT_EQ(over.why(),
            "the host function was not run: with its 1 bytes of arguments more than 100 would wait, the most "
            "that host_options::function_bytes allows");
  EXPECT_TRUE(over.kept.expired());
  first.instance.request_stop();
  laden next;
  busy.threads.post(next.job(80));
  EXPECT_EQ(next.why(), "") << "what was cut made room";
  busy.free();
  EXPECT_TRUE(answers(busy.threads)) << "what came before it was run";
  EXPECT_EQ(*next.ran, 1);
  laden last;
  busy.threads.post(last.job(100));
  EXPECT_EQ(last.why(), "");
}

TEST(function_threads, take_what_is_larger_than_the_bound_while_nothing_waits) {
  busy_threads busy({.bytes = 100});
  laden large;
  busy.threads.post(large.job(1'000));
  EXPECT_EQ(large.why(), "");
  laden small;
  busy.threads.post(small.job(1));
  EXPECT_THAT(small.why(), HasSubstr("function_bytes"));
}

TEST(function_threads, empty_what_waits_for_an_executor_when_its_instance_is_cut) {
  asio::io_context io;
  const function_threads threads(1, {.bytes = 100}, nullptr);
  laden waits;
  threads.post(waits.job(100, io.get_executor()));
  laden over;
  threads.post(over.job(1, io.get_executor()));
  EXPECT_THAT(over.why(), HasSubstr("function_bytes")) << "one bound for both kinds";
  waits.instance.request_stop();
  EXPECT_TRUE(waits.kept.expired());
  laden next;
  threads.post(next.job(100, io.get_executor()));
  EXPECT_EQ(next.why(), "");
  EXPECT_EQ(*next.ran, 0) << "never in the posting thread";
  io.poll();
  EXPECT_EQ(*waits.ran, 0);
  EXPECT_EQ(*next.ran, 1);
  EXPECT_TRUE(next.kept.expired());
  EXPECT_EQ(threads.stuck(), 0U);
}

TEST(function_threads, forget_what_waited_for_an_executor_whose_context_ended) {
  auto io = std::make_unique<asio::io_context>();
  const function_threads threads(1, {.bytes = 100}, nullptr);
  laden waits;
  threads.post(waits.job(100, io->get_executor()));
  io.reset();
  EXPECT_TRUE(waits.kept.expired());
  asio::io_context other;
  laden next;
  threads.post(next.job(100, other.get_executor()));
  EXPECT_EQ(next.why(), "");
}

TEST(function_threads, count_what_is_stuck_on_an_executor_and_refuse_all_at_the_limit) {
  const auto heard = std::make_shared<stuck_observer>();
  asio::thread_pool others(1);
  const function_threads threads(1, {.stuck = 1}, heard);
  blocked one;
  auto job = one.job();
  job.executor = others.get_executor();
  threads.post(std::move(job));
  one.begun.get_future().wait();
  EXPECT_EQ(threads.stuck(), 0U) << "slow is not stuck";
  one.instance.request_stop();
  EXPECT_EQ(threads.stuck(), 1U);
  laden on_thread;
  threads.post(on_thread.job(0));
  EXPECT_THAT(on_thread.why(), HasSubstr("1 host functions have not returned"));
  laden on_executor;
  threads.post(on_executor.job(0, others.get_executor()));
  EXPECT_THAT(on_executor.why(), HasSubstr("stuck_functions"));
  one.released.set_value();
  EXPECT_TRUE(heard->wait_for(0));
  EXPECT_TRUE(answers(threads));
  EXPECT_THAT(heard->heard(), ElementsAre(1, 0));
  others.join();
}

TEST(function_threads, count_what_has_returned_and_not_ended_until_it_has) {
  const auto heard = std::make_shared<stuck_observer>();
  asio::io_context io;
  const function_threads threads(1, {}, heard);
  std::stop_source instance;
  std::shared_ptr<void> frame;
  threads.post({.work = [&](std::shared_ptr<void> running) { frame = std::move(running); },
                .refuse = [](std::string_view) {},
                .cut = instance.get_token(),
                .executor = io.get_executor()});
  io.poll();
  ASSERT_NE(frame, nullptr);
  instance.request_stop();
  EXPECT_EQ(threads.stuck(), 1U);
  frame.reset();
  EXPECT_EQ(threads.stuck(), 0U);
  EXPECT_THAT(heard->heard(), ElementsAre(1, 0));
}

TEST(function_threads, start_the_thread_that_the_limit_forbade_when_one_on_an_executor_ends) {
  asio::io_context io;
  blocked one;
  const function_threads threads(1, {.stuck = 2}, nullptr);
  std::stop_source instance;
  std::shared_ptr<void> frame;
  threads.post({.work = [&](std::shared_ptr<void> running) { frame = std::move(running); },
                .refuse = [](std::string_view) {},
                .cut = instance.get_token(),
                .executor = io.get_executor()});
  io.poll();
  instance.request_stop();
  threads.post(one.job());
  one.begun.get_future().wait();
  one.instance.request_stop();
  EXPECT_EQ(threads.stuck(), 2U);
  EXPECT_FALSE(answers(threads));
  frame.reset();
  EXPECT_TRUE(answers(threads)) << "the only thread is still lost";
  one.released.set_value();
}

TEST(function_threads, do_not_wait_at_the_end_for_what_is_stuck_on_an_executor) {
  asio::io_context io;
  std::stop_source instance;
  std::shared_ptr<void> frame;
  const auto begun = std::chrono::steady_clock::now();
  {
    const function_threads threads(1, {}, nullptr);
    threads.post({.work = [&](std::shared_ptr<void> running) { frame = std::move(running); },
                  .refuse = [](std::string_view) {},
                  .cut = instance.get_token(),
                  .executor = io.get_executor()});
    io.poll();
    instance.request_stop();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 500ms) << "the executor's thread may be this one";
  frame.reset();
}

}  // namespace
}  // namespace holdfast
