// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "host/acts.hpp"
#include "host/manual_host.hpp"
#include "host/parked_calls.hpp"

// Three calls that share an instance on the real engine, and one of them is left, revoked, killed or expires
// after every step: what becomes of it, of the two beside it, and of the next.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

struct scenario {
  const char* function;
  bool listens = false;  // its host function answers when it is asked to stop
};

constexpr std::uint32_t calls = 3;
constexpr std::uint32_t victim = 1;

struct seen {
  std::size_t steps = 0;
  bool lost = false;  // somebody beside it was
};

seen play(const scenario& what, act then, std::size_t after) {
  SCOPED_TRACE(std::string(what.function) + (what.listens ? ", listening: " : ": ") + name_of(then) +
               " after step " + std::to_string(after));
  outcomes told;
  manual_host owner(told, {}, calm_engine());
  parked_calls parked;
  pool_options options;
  options.cells = 1;
  options.sharing.beside_hasty = calls;
  if (what.listens) options.stop_grace = 1s;
  parked.keep(options.functions, "pause");
  parked.keep(options.functions, "block");
  const pool company = owner.get().open(guest("company.wat", calm_engine()), options).value();
  owner.settle();

  std::vector<std::optional<ticket>> all;
  std::vector<call_id> ids;
  for (std::uint32_t i = 0; i < calls; ++i) {
    all.emplace_back(company
                         .submit(what.function, args(i),
                                 {.deadline = i == victim ? duration(1h) : duration(10h), .run_limit = 10h})
                         .value());
    ids.push_back(all.back()->id());
  }
  revoke_answer revoked = revoke_answer::running;
  bool acted = false;
  seen shown;
  for (std::size_t step = 0;; ++step) {
    if (step == after) {
      acted = true;
      switch (then) {
        case act::nothing:
        case act::time_out:
        case act::exit_thread:
          break;
        case act::drop:
          all[victim].reset();
          break;
        case act::revoke:
          revoked = all[victim]->revoke();
          break;
        case act::kill:
          all[victim]->kill();
          break;
        case act::expire:
          owner.world.advance(1h);
          break;
      }
    }
    if (owner.step()) continue;
    // The host answers late, and whom it is asked to stop first.
    if (what.listens) {
      const auto asked = std::ranges::find_if(
          parked, [](const auto& each) { return each.second.stop_token().stop_requested(); });
      if (asked != parked.end()) {
        parked.answer(asked->first, 99);
        continue;
      }
    }
    if (!parked.empty()) {
      parked.answer(parked.begin()->first);
      continue;
    }
    shown.steps = step;
    if (acted || then == act::nothing) break;
    if (step > 3000) break;
  }

  bool& lost = shown.lost;
  for (std::uint32_t i = 0; i < calls; ++i) {
    EXPECT_EQ(told.ends[ids[i]], 1) << "call " << i;
    const outcome end = told.last[ids[i]];
    if (i != victim) {
      EXPECT_TRUE(end == outcome::completed || end == outcome::collateral) << i << " " << to_string(end);
      lost = lost || end == outcome::collateral;
      if (end == outcome::completed) {
        EXPECT_EQ(all[i]->wait(0s).value, wit::value(i)) << "its own answer";
      }
      continue;
    }
    switch (then) {
      case act::nothing:
      case act::time_out:
      case act::exit_thread:
      case act::drop:
        EXPECT_EQ(end, outcome::completed);
        break;
      case act::revoke:
        EXPECT_EQ(end, revoked == revoke_answer::revoked ? outcome::revoked : outcome::completed);
        break;
      case act::kill:
        EXPECT_TRUE(end == outcome::completed || end == outcome::killed || end == outcome::revoked)
            << to_string(end);
        break;
      case act::expire:
        EXPECT_TRUE(end == outcome::completed || end == outcome::deadline_killed ||
                    end == outcome::expired_in_queue)
            << to_string(end);
        break;
    }
  }
  const outcome of_victim = told.last[ids[victim]];
  const bool cut = of_victim == outcome::killed || of_victim == outcome::deadline_killed;
  EXPECT_TRUE(!lost || cut) << "collateral only of one that was cut";
  EXPECT_TRUE(!lost || !what.listens) << "one that listens costs the others nothing";
  const auto now = company.cells().front();
  EXPECT_EQ(now.state, cell_state::idle);
  if (!cut) {
    EXPECT_EQ(now.generation, 1U);
  }

  const ticket next = company.submit(what.function, args(7U), {.deadline = 10h, .run_limit = 10h}).value();
  owner.settle();
  parked.answer(7);
  owner.settle();
  EXPECT_EQ(next.wait(0s).value, wit::value(7U)) << "the next call: " << next.wait(0s).detail;
  return shown;
}

void play_all(const scenario& what) {
  const std::size_t steps = play(what, act::nothing, 0).steps;
  std::size_t played = 0;
  std::size_t lost = 0;
  for (const act each : {act::drop, act::revoke, act::kill, act::expire}) {
    for (std::size_t after = 0; after <= steps + 1; ++after, ++played) {
      lost += play(what, each, after).lost ? 1 : 0;
      if (testing::Test::HasFailure()) return;
    }
  }
  std::printf("%s: %zu steps, %zu runs, %zu with others lost\n", what.function, steps, played, lost);
  EXPECT_GT(steps, 10U);
  // One that has the instance to itself has nobody beside it.
  EXPECT_EQ(lost > 0, !what.listens && what.function == std::string("wait"));
}

TEST(every_step_beside_others, of_calls_that_wait) { play_all({.function = "wait"}); }

TEST(every_step_beside_others, of_calls_that_wait_and_listen) {
  play_all({.function = "wait", .listens = true});
}

TEST(every_step_beside_others, of_calls_that_hold_the_instance) { play_all({.function = "block"}); }

}  // namespace
}  // namespace holdfast
