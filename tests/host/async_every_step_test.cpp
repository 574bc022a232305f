// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "host/manual_host.hpp"

// Leaving in every way that the asynchronous forms know, after every step of every scenario, on the real
// engine.
namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace testing_support;
using namespace std::chrono_literals;

enum class form { call, plain_callback, future, wait };
enum class act { nothing, terminal, partial, total, all, time_out, stop, end_context };

struct scenario {
  std::string name;
  std::string file;
  std::string function;
  wit::arguments arguments;
  duration run_limit = 1h;
  outcome alone = outcome::completed;
  std::string check = "count";
};

struct outcomes final : observer {
  void on_accepted(const call_id&) noexcept override { ++accepted; }
  void on_started(const call_id&, std::uint32_t, std::uint64_t) noexcept override { ++started; }
  void on_done(const call_id&, outcome what) noexcept override { ++ended, last = what; }
  int accepted = 0, started = 0, ended = 0;
  outcome last{};
};

bool applies(form how, act then) {
  switch (then) {
    case act::nothing:
    case act::time_out:
      return true;
    case act::terminal:
    case act::partial:
    case act::total:
    case act::all:
      return how == form::call || how == form::wait;
    case act::stop:
      return how == form::plain_callback || how == form::future;
    case act::end_context:
      return how != form::future;
  }
  return false;
}

std::string title(const scenario& what, form how, act then, std::size_t after) {
  static const char* const forms[] = {"async_call", "call with a callback", "future_call", "async_wait"};
  static const char* const acts[] = {"nothing",  "terminal", "partial", "total",
                                     "all bits", "time out", "stop",    "end of the context"};
  return what.name + ", " + forms[static_cast<int>(how)] + ": " + acts[static_cast<int>(then)] +
         " after step " + std::to_string(after);
}

std::size_t play(const scenario& what, form how, act then, std::size_t after) {
  SCOPED_TRACE(title(what, how, then, after));
  outcomes seen;
  std::optional<asio::io_context> io(std::in_place);
  manual_host owner(seen, io->get_executor());
  std::vector<host_call> parked;
  pool_options options;
  for (const char* interface : {"holdfast:demo/host", ""}) {
    options.functions.define(interface, "sleep", [&](host_call call) { parked.push_back(std::move(call)); });
  }
  const pool shop = owner.get().open(guest(what.file), options).value();
  owner.settle();
  seen = {};

  asio::cancellation_signal signal;
  std::stop_source stop;
  int tellings = 0;
  reply told;
  const auto take = [&](reply answer) { ++tellings, told = std::move(answer); };
  const auto handler = [&] {
    return asio::bind_cancellation_slot(
        signal.slot(), asio::bind_executor(io->get_executor(),
                                           [&](std::error_code, reply answer) { take(std::move(answer)); }));
  };
  // Patience shorter than every limit, so that its end is nothing else.
  const duration patience = then == act::time_out ? duration(1s) : no_limit;
  const call_options asks{.wait = patience, .deadline = 20h, .run_limit = what.run_limit};
  std::optional<ticket> claim;
  std::future<reply> promised;
  switch (how) {
    case form::call:
      shop.async_call(what.function, what.arguments, asks, handler());
      break;
    case form::plain_callback:
      shop.call(what.function, what.arguments, asks, take, stop.get_token());
      break;
    case form::future:
      promised = shop.future_call(what.function, what.arguments, asks, stop.get_token());
      break;
    case form::wait:
      claim = shop.submit(what.function, what.arguments, asks).value();
      claim->async_wait(handler(), patience);
      break;
  }
  EXPECT_EQ(seen.accepted, 1);
  const auto poll = [&] {
    if (io) io->restart(), io->poll();
    if (promised.valid() && promised.wait_for(0s) == std::future_status::ready) take(promised.get());
  };

  bool left_early = false;  // the run limit of a loop passed before the act, and with it the patience
  const auto pass_run_limit = [&] {
    owner.world.advance(what.run_limit);
    left_early = then == act::time_out;
  };
  enum class where { queued, running, done } found = where::done;
  std::size_t steps = 0;
  for (std::size_t step = 0; seen.ended == 0 || step <= after; ++step) {
    poll();
    if (step == after) {
      found = seen.ended > 0 ? where::done : seen.started > 0 ? where::running : where::queued;
      using bits = asio::cancellation_type;
      if (then == act::terminal) signal.emit(bits::terminal);
      if (then == act::partial) signal.emit(bits::partial);
      if (then == act::total) signal.emit(bits::total);
      if (then == act::all) signal.emit(bits::all);
      if (then == act::time_out) owner.world.advance(1s);
      if (then == act::stop) stop.request_stop();
      if (then == act::end_context) io.reset();
      poll();
    }
    if (seen.ended > 0) continue;
    steps = step;
    if (!owner.step()) {
      if (!parked.empty()) {
        std::move(parked.back()).reply();
        parked.pop_back();
      } else {
        pass_run_limit();
      }
    } else if (what.run_limit != 1h && step >= 6) {
      pass_run_limit();
    }
    if (step > 3000) {
      ADD_FAILURE() << "the call does not end";
      return steps;
    }
  }
  owner.settle();
  poll();

  const bool bound = how != form::wait;
  const bool leaves = left_early || (then != act::nothing && found != where::done);
  const bool revokes = leaves && bound && found == where::queued;
  EXPECT_EQ(seen.ended, 1) << "exactly one outcome";
  EXPECT_EQ(effect_of(seen.last) == effect::executed, seen.started == 1);
  if (revokes) {
    EXPECT_EQ(seen.last, outcome::revoked);
  } else {
    EXPECT_EQ(seen.last, what.alone) << "leaving changes nothing: " << to_string(seen.last);
  }
  if (then == act::end_context) {
    EXPECT_EQ(tellings, found == where::done ? 1 : 0) << "nobody is there to be told";
  } else {
    EXPECT_EQ(tellings, 1) << "told exactly once";
  }
  if (tellings == 1) {
    const bool stays = !leaves || revokes || (bound && then == act::total);
    if (stays) {
      EXPECT_EQ(told.outcome, seen.last) << told.detail;
      EXPECT_EQ(told.code == effect::not_executed, seen.started == 0);
    } else {
      EXPECT_EQ(told.code, errc::detached);
      EXPECT_FALSE(told.outcome);
      EXPECT_NE(told.id, call_id{});
    }
  }

  const bool spoiled = seen.last != outcome::completed && effect_of(seen.last) == effect::executed;
  std::optional<reply> next;
  shop.submit(what.check, {}).value().on_done([&](reply answer) { next = std::move(answer); });
  owner.settle();
  EXPECT_TRUE(next && *next);
  if (next) {
    EXPECT_EQ(next->generation, spoiled ? 2U : 1U);
    if (const auto* either = next->value ? next->value->get_if<wit::result_value>() : nullptr) {
      EXPECT_TRUE(either->is_ok()) << "the guest's state is not whole";
    }
  }
  parked.clear();
  return steps;
}

void play_all(const scenario& what) {
  std::size_t played = 0;
  for (const form how : {form::call, form::plain_callback, form::future, form::wait}) {
    const std::size_t steps = play(what, how, act::nothing, 0);
    for (const act then :
         {act::terminal, act::partial, act::total, act::all, act::time_out, act::stop, act::end_context}) {
      if (!applies(how, then)) continue;
      for (std::size_t after = 0; after <= steps + 1; ++after, ++played) {
        play(what, how, then, after);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  std::printf("%s: %zu runs\n", what.name.c_str(), played);
  EXPECT_GE(played, 30U);
}

TEST(async_every_step_on_the_real_engine, of_a_quick_call) {
  play_all({.name = "quick",
            .file = "orders.wasm",
            .function = "place",
            .arguments = args(1U, "book", 2U),
            .check = "audit"});
}

TEST(async_every_step_on_the_real_engine, of_a_call_that_is_interrupted_half_way) {
  play_all({.name = "slow",
            .file = "orders.wasm",
            .function = "place-slowly",
            .arguments = args(1U, 8000U),
            .check = "audit"});
}

TEST(async_every_step_on_the_real_engine, of_a_call_that_waits_in_the_host) {
  play_all({.name = "parked", .file = "sleeper.wat", .function = "nap", .arguments = args(5U)});
}

TEST(async_every_step_on_the_real_engine, of_a_call_that_traps) {
  play_all({.name = "trap",
            .file = "orders.wasm",
            .function = "trap",
            .arguments = args(1U),
            .alone = outcome::trapped,
            .check = "audit"});
}

TEST(async_every_step_on_the_real_engine, of_a_call_that_loops_for_ever) {
  play_all({.name = "loop",
            .file = "orders.wasm",
            .function = "spin",
            .arguments = args(1U),
            .run_limit = 1min,
            .alone = outcome::deadline_killed,
            .check = "audit"});
}

}  // namespace
}  // namespace holdfast
