// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "host/acts.hpp"
#include "host/manual_host.hpp"

// The contract on the real engine: every scenario, with every act after every step of it. Whatever callers
// do, a call that has begun goes on to its end and the instance stays whole; whatever stops a guest, the next
// one answers.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

bool only_leaves(act what) {
  return what == act::nothing || what == act::drop || what == act::time_out || what == act::exit_thread;
}

struct scenario {
  std::string name;
  std::string file;
  std::string function;
  wit::arguments arguments;
  duration run_limit = 1h;
  outcome alone = outcome::completed;  // what becomes of it when nobody does anything
  std::string check = "count";         // an export to call afterwards; a `result` must be on its ok side
  std::vector<std::string> brief{};
  bool goes_on = false;  // after its result
};

// A caller on a thread of its own, which holds the only ticket and ends when it is told to.
class caller_thread {
 public:
  explicit caller_thread(ticket claim) : thread_([this, mine = std::move(claim)] { end_.acquire(); }) {}
  ~caller_thread() { leave(); }
  void leave() {
    if (!thread_.joinable()) return;
    end_.release();
    thread_.join();
  }

 private:
  std::binary_semaphore end_{0};
  std::thread thread_;
};

struct seen {
  std::size_t steps = 0;
};

seen play(const scenario& what, act then, std::size_t after) {
  SCOPED_TRACE(what.name + ": " + name_of(then) + " after step " + std::to_string(after));
  outcomes told;
  manual_host owner(told);
  std::vector<host_call> parked;
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep",
                           [&](host_call call) { parked.push_back(std::move(call)); });
  options.functions.define("", "sleep", [&](host_call call) { parked.push_back(std::move(call)); });
  std::vector<host_call> paused;
  options.functions.define("holdfast:demo/host", "pause",
                           [&](host_call call) { paused.push_back(std::move(call)); });
  options.brief = what.brief;
  pool shop = owner.get().open(guest(what.file), options).value();
  owner.settle();

  std::optional<ticket> claim =
      shop.submit(what.function, what.arguments, {.deadline = 10h, .run_limit = what.run_limit}).value();
  const call_id id = claim->id();
  std::optional<caller_thread> caller;
  if (then == act::exit_thread) caller.emplace(std::move(*claim)), claim.reset();
  bool timed_out = false;
  if (then == act::time_out) {
    claim->on_done([&](reply answer) { timed_out = answer.code == make_error_code(errc::detached); }, 1s);
  }
  revoke_answer revoked = revoke_answer::running;

  seen shown;
  const auto answer_what_it_does_after_its_result = [&] {
    if (told.ends[id] == 0) return;
    for (host_call& each : paused) std::move(each).reply(wit::value(9U));
    paused.clear();
    owner.settle();
  };
  for (std::size_t step = 0; told.ends[id] == 0 || step <= after; ++step) {
    answer_what_it_does_after_its_result();
    if (step == after) {
      switch (then) {
        case act::nothing:
          break;
        case act::drop:
          claim.reset();
          break;
        case act::time_out:
          owner.world.advance(1s);
          break;
        case act::exit_thread:
          caller->leave();
          break;
        case act::revoke:
          revoked = claim->revoke();
          break;
        case act::kill:
          claim->kill();
          break;
        case act::expire:
          owner.world.advance(11h);
          break;
      }
    }
    if (told.ends[id] > 0) {
      if (step > after) break;
      continue;
    }
    shown.steps = step;
    // Host functions answer late, so that there are steps in which the guest is parked; loops run into their
    // limit.
    if (!owner.step()) {
      if (!parked.empty()) {
        std::move(parked.back()).reply();
        parked.pop_back();
      } else if (!paused.empty()) {
        std::move(paused.back()).reply(wit::value(9U));
        paused.pop_back();
      } else {
        owner.world.advance(what.run_limit);
      }
    } else if (what.run_limit != 1h && step >= 6) {
      owner.world.advance(what.run_limit);
    }
    if (step > 3000) {
      ADD_FAILURE() << "the call does not end";
      return shown;
    }
  }
  owner.settle();
  answer_what_it_does_after_its_result();

  EXPECT_EQ(told.ends[id], 1) << "exactly one outcome";
  const outcome became = told.last[id];
  EXPECT_EQ(effect_of(became) == effect::executed, told.starts[id] == 1)
      << "the outcome says whether the guest ran";
  if (only_leaves(then)) {
    EXPECT_EQ(became, what.alone) << "leaving changes nothing: " << to_string(became);
  }
  if (revoked == revoke_answer::revoked) {
    EXPECT_EQ(became, outcome::revoked);
  }
  if (then == act::time_out && shown.steps > after) {
    EXPECT_TRUE(timed_out);
  }

  // The next call finds a healthy instance: the same one, or the next generation where this one was spoiled.
  const std::uint64_t expected =
      became == outcome::completed || effect_of(became) == effect::not_executed ? 1 : 2;
  std::optional<reply> next;
  const ticket last = shop.submit(what.check, {}, {}).value();
  last.on_done([&](reply answer) { next = std::move(answer); });
  owner.settle();
  EXPECT_TRUE(next.has_value());
  if (next.has_value()) {
    EXPECT_TRUE(*next) << next->detail;
    // What goes on after its result has the time that its call had, and none once that is over.
    if (!(what.goes_on && then == act::expire && next->generation == 2)) {
      EXPECT_EQ(next->generation, expected);
    }
    if (const auto* either = next->value ? next->value->get_if<wit::result_value>() : nullptr) {
      EXPECT_TRUE(either->is_ok()) << "the guest's state is not whole";
    }
  }
  parked.clear();
  paused.clear();
  return shown;
}

void play_all(const scenario& what) {
  const std::size_t steps = play(what, act::nothing, 0).steps;
  std::size_t played = 0;
  for (const act then : {act::drop, act::time_out, act::exit_thread, act::revoke, act::kill, act::expire}) {
    for (std::size_t after = 0; after <= steps + 1; ++after) {
      play(what, then, after);
      ++played;
      if (testing::Test::HasFailure()) return;
    }
  }
  std::printf("%s: %zu steps, %zu runs\n", what.name.c_str(), steps, played);
  EXPECT_GE(played, 12U);
}

TEST(every_step_on_the_real_engine, of_a_quick_call) {
  play_all({.name = "quick",
            .file = "orders.wasm",
            .function = "place",
            .arguments = args(1U, "book", 2U),
            .check = "audit"});
}

TEST(every_step_on_the_real_engine, of_a_call_that_is_interrupted_half_way) {
  play_all({.name = "slow",
            .file = "orders.wasm",
            .function = "place-slowly",
            .arguments = args(1U, 30000U),
            .check = "audit"});
}

TEST(every_step_on_the_real_engine, of_a_call_that_waits_in_the_host) {
  play_all({.name = "parked", .file = "sleeper.wat", .function = "nap", .arguments = args(5U)});
}

TEST(every_step_on_the_real_engine, of_the_component_that_shows_the_problem) {
  play_all(
      {.name = "the problem", .file = "parked.wat", .function = "run", .arguments = {}, .check = "state"});
}

TEST(every_step_on_the_real_engine, of_a_call_that_traps) {
  play_all({.name = "trap",
            .file = "orders.wasm",
            .function = "trap",
            .arguments = args(1U),
            .alone = outcome::trapped,
            .check = "audit"});
}

TEST(every_step_on_the_real_engine, of_a_call_that_loops_for_ever) {
  play_all({.name = "loop",
            .file = "orders.wasm",
            .function = "spin",
            .arguments = args(1U),
            .run_limit = 1min,
            .alone = outcome::deadline_killed,
            .check = "audit"});
}

TEST(every_step_on_the_real_engine, of_a_task_that_waits) {
  for (const char* how : {"paused", "stackful"})
    play_all({.name = how, .file = "tasks.wat", .function = how, .arguments = args(1U), .check = "stack"});
}

TEST(every_step_on_the_real_engine, of_a_task_that_goes_on_after_its_result) {
  play_all({.name = "tail",
            .file = "tasks.wat",
            .function = "tail",
            .arguments = args(1U),
            .check = "stack",
            .goes_on = true});
}

TEST(every_step_on_the_real_engine, of_a_task_that_traps_after_it_waited) {
  play_all({.name = "late trap",
            .file = "tasks.wat",
            .function = "fails-late",
            .arguments = args(1U),
            .alone = outcome::trapped,
            .check = "stack"});
}

TEST(every_step_on_the_real_engine, of_a_task_that_waits_for_nothing) {
  play_all({.name = "stuck",
            .file = "tasks.wat",
            .function = "stuck",
            .arguments = args(1U),
            .run_limit = 1min,
            .alone = outcome::deadline_killed,
            .check = "stack"});
}

TEST(every_step_on_the_real_engine, of_a_brief_call) {
  play_all({.name = "brief", .file = "echo.wat", .function = "place", .arguments = args(1U), .brief = {"*"}});
}

TEST(every_step_on_the_real_engine, of_a_brief_call_that_loops_for_ever) {
  play_all({.name = "brief loop",
            .file = "echo.wat",
            .function = "spin",
            .arguments = {},
            .alone = outcome::deadline_killed,
            .brief = {"spin"}});
}

}  // namespace
}  // namespace holdfast
