// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <utility>

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
// that it gives back, and at each call of core to the observer, the guest and the scheduler. Of those
// schedules all are played that take the turn at most so often from somebody who could go on.
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
  // One that dispatches is polled twice by its caller, and goes on after that.
  const std::uint32_t slices = how == start::dispatch ? 2 : 1;
  call_plan made{
      .guest = {.what = guest_plan::kind::give_back, .slices = slices}, .joined = true, .how = how};
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

// Debug builds and sanitizers play a part of it: the same schedules, fewer scenarios.
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool whole = true;
#else
constexpr bool whole = false;
#endif

enum class pairs { ordered, unordered };

// The two callers differ in their numbers alone, and every order of them is played: a pair and its mirror
// have the same schedules with the numbers exchanged. The first test plays both and finds them equal in
// number; the others play one of each.
explored explore_pairs(grain how, start begins, pairs which,
                       std::size_t preemptions = every_choice::unbounded) {
  explored all;
  std::map<std::pair<does, does>, std::uint64_t> runs;
  for (const does one : all_acts) {
    for (const does two : all_acts) {
      if (which == pairs::unordered && two < one) continue;
      if (!whole && (one != does::nothing || two == does::deadline)) continue;
      const explored found = explore(scenario({one, two}, begins), how, preemptions);
      EXPECT_EQ(found.broken, 0U) << name(one) << " beside " << name(two) << ": " << found.first;
      all.runs += found.runs;
      all.deepest = std::max(all.deepest, found.deepest);
      runs[{one, two}] = found.runs;
      if (const auto mirror = runs.find({two, one}); mirror != runs.end()) {
        EXPECT_EQ(mirror->second, found.runs) << name(one) << " beside " << name(two);
      }
    }
  }
  return all;
}

// A number that shrinks is a point or a scenario lost: say why before lowering it here. (They were higher
// while each call had a timer of its own: three locks less, and no timer of a call that is done.)
void expect(const char* what, const explored& found, std::uint64_t at_least) {
  std::printf("%s: %llu interleavings, of at most %zu decisions\n", what,
              static_cast<unsigned long long>(found.runs), found.deepest);
  if (whole) {
    EXPECT_GE(found.runs, at_least) << what;
  }
}

TEST(exhaustive, two_callers_on_one_cell_keep_every_law_in_every_order_of_acts) {
  expect("2 callers x 1 cell x {nothing, leave, revoke, deadline, trap, kill}",
         explore_pairs(grain::acts, start::post, pairs::ordered), 1'240'374);
}

TEST(exhaustive, two_callers_that_dispatch_keep_every_law_in_every_order_of_acts) {
  expect("the same, each caller drives the first slice, a pair and its mirror once",
         explore_pairs(grain::acts, start::dispatch, pairs::unordered), 2'178'409);
}

TEST(exhaustive, two_callers_keep_every_law_with_a_preemption_at_any_lock) {
  expect("2 callers x 1 cell, at every lock, at most 1 preemption, a pair and its mirror once",
         explore_pairs(grain::locks, start::post, pairs::unordered, 1), 579'913);
}

TEST(exhaustive, one_caller_keeps_every_law_with_three_preemptions_at_any_lock) {
  explored all;
  for (const does what : all_acts) {
    // Beside a deadline there are two fibers more, clock and ticker: two preemptions there.
    const std::size_t preemptions = !whole ? 1 : what == does::deadline ? 2 : 3;
    const explored found = explore(scenario({what}, start::post), grain::locks, preemptions);
    EXPECT_EQ(found.broken, 0U) << name(what) << ": " << found.first;
    all.runs += found.runs;
    all.deepest = std::max(all.deepest, found.deepest);
  }
  expect("1 caller x 1 cell, at every lock, at most 3 preemptions, 2 beside a deadline", all, 174'976);
}

// Beside the callers somebody drains the pool, or closes it, at any point.
explored explore_ends(std::size_t callers, grain how, std::size_t preemptions = every_choice::unbounded) {
  explored all;
  for (const auto ends : {pool_act::kind::drain, pool_act::kind::close}) {
    for (const start begins : {start::post, start::dispatch}) {
      for (const does what : all_acts) {
        if (what == does::deadline && callers > 1) continue;  // clock and ticker are two fibers more
        if (!whole && what != does::nothing) continue;
        plan made = callers == 1 ? scenario({what}, begins) : scenario({what, does::nothing}, begins);
        made.calls.pop_back();  // the probe: the pool may be gone
        made.probe = -1;
        made.pool_acts = {{.pool = 0, .after = duration::zero(), .what = ends}};
        made.patient = false;
        const explored found = explore(made, how, preemptions);
        EXPECT_EQ(found.broken, 0U) << name(what) << (ends == pool_act::kind::drain ? ", drain" : ", close")
                                    << (begins == start::dispatch ? ", dispatch: " : ", post: ")
                                    << found.first;
        all.runs += found.runs;
        all.deepest = std::max(all.deepest, found.deepest);
      }
    }
  }
  return all;
}

TEST(exhaustive, callers_keep_every_law_beside_a_drain_and_a_close_in_every_order_of_acts) {
  explored all = explore_ends(1, grain::acts);
  const explored two = explore_ends(2, grain::acts);
  all.runs += two.runs;
  all.deepest = std::max(all.deepest, two.deepest);
  expect("1 and 2 callers x 1 cell x {drain, close} x {post, dispatch}", all, 119'508);
}

TEST(exhaustive, one_caller_keeps_every_law_beside_a_drain_and_a_close_with_preemptions_at_any_lock) {
  expect("1 caller x 1 cell x {drain, close} x {post, dispatch}, at every lock, at most 1 preemption",
         explore_ends(1, grain::locks, 1), 210'165);
}

// Two callers with one key, of whom one comes second, joins, is outrun, or finds what the other left.
explored explore_key(grain how, std::size_t preemptions = every_choice::unbounded) {
  explored all;
  for (const does one : all_acts) {
    for (const does two : all_acts) {
      if (one == does::deadline || two == does::deadline) continue;  // clock and ticker are two fibers more
      if (!whole && (one != does::leave || two != does::nothing)) continue;
      plan made = scenario({one, two}, start::post);
      for (call_plan& each : made.calls)
        if (!each.good) each.key = 0;
      const explored found = explore(made, how, preemptions);
      EXPECT_EQ(found.broken, 0U) << name(one) << " beside " << name(two) << ": " << found.first;
      all.runs += found.runs;
      all.deepest = std::max(all.deepest, found.deepest);
    }
  }
  return all;
}

TEST(exhaustive, two_callers_of_one_key_keep_every_law_in_every_order_of_acts) {
  expect("2 callers x 1 key x {nothing, leave, revoke, trap, kill}", explore_key(grain::acts), 101'252);
}

TEST(exhaustive, two_callers_of_one_key_keep_every_law_with_a_preemption_at_any_lock) {
  expect("the same, at every lock, at most 1 preemption", explore_key(grain::locks, 1), 18'476);
}

// A caller with a key and a journal, whose writer is one more fiber: what it writes may be there before or
// after anything else, and a drain may come in between.
explored explore_journal(grain how, std::size_t preemptions = every_choice::unbounded) {
  explored all;
  for (const bool repeatable : {false, true}) {
    for (const bool drains : {false, true}) {
      for (const does what : all_acts) {
        if (what == does::deadline) continue;  // clock and ticker are two fibers more
        if (!whole && what != does::revoke) continue;
        plan made = scenario({what}, start::post);
        made.calls.front().key = 0;
        made.calls.front().repeatable = repeatable;
        made.journal = {.there = true, .batch = 1};
        if (drains) {
          made.calls.pop_back();  // the probe: the pool may be gone
          made.probe = -1;
          made.pool_acts = {{.pool = 0, .after = duration::zero(), .what = pool_act::kind::close}};
          made.patient = false;
        }
        const explored found = explore(made, how, preemptions);
        EXPECT_EQ(found.broken, 0U) << name(what) << (repeatable ? ", may run twice" : ", once")
                                    << (drains ? ", closed: " : ": ") << found.first;
        all.runs += found.runs;
        all.deepest = std::max(all.deepest, found.deepest);
      }
    }
  }
  return all;
}

TEST(exhaustive, a_caller_with_a_journal_keeps_every_law_in_every_order_of_acts) {
  expect("1 caller x 1 key x a journal x {nothing, leave, revoke, trap, kill} x {nothing, close}",
         explore_journal(grain::acts), 7'580);
}

TEST(exhaustive, a_caller_with_a_journal_keeps_every_law_with_a_preemption_at_any_lock) {
  expect("the same, at every lock, at most 1 preemption", explore_journal(grain::locks, 1), 41'304);
}

}  // namespace
}  // namespace holdfast::sim
