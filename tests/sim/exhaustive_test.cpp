// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>

#include "sim/choices.hpp"
#include "sim/run.hpp"

// Every schedule of small scenarios, one run each, to the end.
//
// Two callers, one cell with its first instance built, one worker. Each caller submits its call and then acts
// on it; each guest yields once before it returns or traps. A schedule is the list of whose turn it is at
// each point where more than one could go on. `every_choice` runs each list once: the number of runs is the
// number of different lists, nothing is left out and nothing is merged.
//
// Between acts (`grain::acts`) the points are: the start of each fiber, before each act of a caller, each
// task of the worker, each poll of a guest, each waiter that is told, the clock's one jump past the deadline
// and the ticker's round after it. What lies between two points touches core only as one uninterrupted step,
// as if under one lock. Finer (`grain::locks`) there is a point before each lock that core takes, after each
// that it gives back, and at each call of core to the observer, the guest and the scheduler. Those schedules
// are complete for one caller beside the worker; for two they are all those with at most so many preemptions.
namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

enum class does { nothing, leave, revoke, deadline, trap, kill };
constexpr std::array all_acts{does::nothing,  does::leave, does::revoke,
                              does::deadline, does::trap,  does::kill};

const char* name(does what) {
  static constexpr const char* words[] = {"nothing", "leave", "revoke", "deadline", "trap", "kill"};
  return words[static_cast<std::size_t>(what)];
}

call_plan call_that(does what, start how) {
  call_plan made{.guest = {.what = guest_plan::kind::give_back, .slices = 1}, .joined = true, .how = how};
  switch (what) {
    case does::nothing:
      break;
    case does::leave:
      made.bound = true;
      made.own = {{.what = act::kind::leave}};
      break;
    case does::revoke:
      made.own = {{.what = act::kind::revoke}};
      break;
    case does::deadline:
      made.deadline = 10ms;
      break;
    case does::trap:
      made.guest.what = guest_plan::kind::trap;
      break;
    case does::kill:
      made.own = {{.what = act::kind::kill}};
      break;
  }
  return made;
}

plan scenario(std::initializer_list<does> what, start how) {
  plan made;
  made.pools = {{.cells = 1}};
  made.prebuilt = true;
  made.parking.time = 1ms;
  for (const does each : what) {
    made.callers.push_back({static_cast<int>(made.calls.size())});
    made.calls.push_back(call_that(each, how));
    if (each == does::deadline) made.jumps = {20ms};
  }
  made.probe = static_cast<int>(made.calls.size());
  made.calls.push_back({.bound = true, .joined = true, .good = true});
  return made;
}

struct explored {
  std::uint64_t runs = 0;
  std::uint64_t broken = 0;
  std::size_t deepest = 0;
  std::string first;
};

explored explore(const plan& what, grain how, std::size_t preemptions = every_choice::unbounded) {
  explored all;
  every_choice decide(preemptions);
  do {
    const report told = play(what, decide, how, 1);
    ++all.runs;
    if (!told.violations.empty() && all.broken++ == 0)
      all.first = told.violations.front().law + ": " + told.violations.front().what + ", in run " +
                  std::to_string(all.runs);
  } while (decide.advance());
  all.deepest = decide.deepest();
  EXPECT_EQ(all.runs, decide.runs());
  return all;
}

explored explore_pairs(grain how, start begins, std::size_t preemptions = every_choice::unbounded) {
  explored all;
  for (const does one : all_acts) {
    for (const does two : all_acts) {
      const explored found = explore(scenario({one, two}, begins), how, preemptions);
      EXPECT_EQ(found.broken, 0U) << name(one) << " beside " << name(two) << ": " << found.first;
      all.runs += found.runs;
      all.deepest = std::max(all.deepest, found.deepest);
    }
  }
  return all;
}

void print(const char* what, const explored& found) {
  std::printf("%s: %llu interleavings, of at most %zu decisions\n", what,
              static_cast<unsigned long long>(found.runs), found.deepest);
}

TEST(exhaustive, two_callers_on_one_cell_keep_every_law_in_every_order_of_acts) {
  const explored found = explore_pairs(grain::acts, start::post);
  print("2 callers x 1 cell x {nothing, leave, revoke, deadline, trap, kill}", found);
}

TEST(exhaustive, two_callers_that_dispatch_keep_every_law_in_every_order_of_acts) {
  const explored found = explore_pairs(grain::acts, start::dispatch);
  print("the same, each caller drives the first slice", found);
}

TEST(exhaustive, two_callers_keep_every_law_with_a_preemption_at_any_lock) {
  const explored found = explore_pairs(grain::locks, start::post, 1);
  print("the same, at every lock, at most 1 preemption", found);
}

TEST(exhaustive, one_caller_keeps_every_law_in_every_order_of_locks) {
  for (const does what : all_acts) {
    const explored found = explore(scenario({what}, start::post), grain::locks, 3);
    EXPECT_EQ(found.broken, 0U) << name(what) << ": " << found.first;
    print(name(what), found);
  }
}

}  // namespace
}  // namespace holdfast::sim
