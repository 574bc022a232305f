// SPDX-License-Identifier: Apache-2.0
#include "sim/plan.hpp"

#include <algorithm>

#include "sim/chance.hpp"

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

duration some(chance& from, std::uint32_t low, std::uint32_t high) {
  return std::chrono::milliseconds(from.between(low, high));
}

guest_plan guest_of(chance& from, std::uint32_t faults) {
  guest_plan what;
  using kind = guest_plan::kind;
  what.slices = from.one_in(2) ? from.below(4) : 0;
  what.heeds = !from.one_in(3);
  what.woken_elsewhere = from.one_in(5);
  what.late_wake = from.one_in(10);
  if (from.one_in(6)) what.tail = from.between(1, 4);
  what.tail_hangs = from.below(100) < faults / 4;
  what.tail_traps = from.below(100) < faults / 4;
  what.alone = from.one_in(8);
  what.keeps = from.one_in(4);
  what.holds_back = from.one_in(8);
  if (from.below(100) >= faults) return what;
  static constexpr kind all[] = {kind::trap,       kind::loop,       kind::host_later, kind::host_later,
                                 kind::host_never, kind::host_fails, kind::host_calls, kind::host_calls,
                                 kind::host_sends, kind::unsuitable, kind::give_back};
  what.what = all[from.below(std::size(all))];
  what.delay = from.one_in(3) ? 0ms : some(from, 0, 30);
  if (from.one_in(3)) what.spoils_first = from.between(1, 2);
  return what;
}

std::vector<act> acts_of(chance& from, bool owner, bool bound) {
  static constexpr act::kind all[] = {
      act::kind::attach, act::kind::leave,    act::kind::leave,  act::kind::wait, act::kind::revoke,
      act::kind::kill,   act::kind::pause,    act::kind::find,   act::kind::read, act::kind::attach,
      act::kind::pause,  act::kind::withdraw, act::kind::forsake};
  std::vector<act> made;
  for (std::uint32_t left = from.below(4); left > 0; --left) {
    act one{.what = all[from.below(std::size(all))], .length = some(from, 0, 12)};
    made.push_back(one);
  }
  if (owner && from.one_in(2)) made.push_back({.what = act::kind::wait});
  if (owner && !bound && from.one_in(3)) made.push_back({.what = act::kind::abandon});
  return made;
}

call_plan call_of(std::uint64_t seed, int number, int pools, std::uint32_t faults) {
  chance from = chance::stream(seed, 1000 + static_cast<std::uint64_t>(number));
  call_plan made;
  made.pool = static_cast<int>(from.below(static_cast<std::uint32_t>(pools)));
  made.guest = guest_of(from, faults);
  made.bound = from.one_in(2);
  made.joined = made.bound || from.one_in(3);
  made.findable = from.one_in(3);
  made.quiet = from.one_in(4);
  made.how = from.one_in(2) ? start::dispatch : start::post;
  // Every call has an end in sight: a deadline, and at times an earlier limit.
  made.deadline = from.one_in(8) ? some(from, 0, 4) : some(from, 10, 150);
  if (from.one_in(3)) made.run_limit = some(from, 1, 30);
  if (from.one_in(2)) made.grace = some(from, 1, 15);
  if (from.one_in(3)) made.patience = some(from, 0, 40);
  made.bytes = from.one_in(6) ? from.between(50, 120) : from.between(1, 20);
  if (from.one_in(3)) made.before = some(from, 0, 20);
  if (from.one_in(2)) {
    made.attempts = from.between(2, 4);
    made.repeatable = from.one_in(2);
  }
  made.pinned = from.one_in(12);
  made.stale = from.one_in(4);
  made.own = acts_of(from, true, made.bound);
  for (std::uint32_t left = from.one_in(2) ? from.between(1, 2) : 0; left > 0; --left)
    made.others.push_back(acts_of(from, false, made.bound));
  return made;
}

pool_plan pool_of(chance& from, std::uint32_t faults) {
  pool_plan made;
  made.cells = from.one_in(2) ? 1 : from.between(2, 3);
  if (from.one_in(3)) made.limits.depth = from.between(1, 4);
  if (from.one_in(4)) made.limits.bytes = from.between(60, 200);
  if (from.one_in(6)) made.limits.call_bytes = 100;
  made.rebuild.base = some(from, 1, 5);
  made.rebuild.max = 20ms;
  made.rebuild.give_up_after = from.one_in(2) ? from.between(1, 3) : 0;
  made.rebuild.build_limit = some(from, 5, 25);
  made.rebuild.at_once = from.between(1, 3);
  if (from.one_in(3)) made.rebuild.retire_calls = from.between(1, 6);
  if (from.one_in(4)) made.rebuild.retire_growth = from.between(100, 400);
  if (from.one_in(3)) made.rebuild.spares = from.between(1, 2);
  made.grows = from.below(200);
  made.holds = from.one_in(4);
  made.retry.attempts = 4;
  made.retry.base = some(from, 1, 5);
  made.retry.max = 20ms;
  made.retry.budget = from.one_in(2) ? 1.0 : 0.1;
  made.retry.burst = from.below(6);
  if (from.one_in(2)) {
    made.sharing.calls = from.between(2, 4);
    made.sharing.beside_hasty = from.between(1, 4);
    made.sharing.tail = from.one_in(2) ? some(from, 0, 60) : no_limit;
    made.sharing.hasty = from.one_in(2) ? 0ms : some(from, 0, 20);
  }
  made.drain_grace = from.one_in(2) ? some(from, 0, 20) : some(from, 100, 400);
  for (std::uint32_t left = from.below(6); left > 0; --left) {
    build_plan one{.what = build_plan::kind::good, .slices = from.below(3)};
    if (from.below(100) < faults) one.what = static_cast<build_plan::kind>(from.between(1, 3));
    made.builds.push_back(one);
  }
  return made;
}

}  // namespace

plan plan_of(std::uint64_t seed) {
  chance from = chance::stream(seed, 2);
  plan made;
  const std::uint32_t pools = from.one_in(2) ? 1 : from.between(2, 3);
  const std::uint32_t faults = from.below(3) * 40;
  for (std::uint32_t i = 0; i < pools; ++i) made.pools.push_back(pool_of(from, faults / 2));

  std::uint32_t callers = from.between(1, 5);
  std::uint32_t calls = from.between(callers, 14);
  // Now and then so many at once that the queue has a pace.
  if (chance rush = chance::stream(seed, 3); pools == 1 && rush.one_in(4))
    callers = calls = rush.between(16, 26);
  made.callers.resize(callers);
  for (std::uint32_t i = 0; i < calls; ++i) {
    made.calls.push_back(call_of(seed, static_cast<int>(i), static_cast<int>(pools), faults));
    made.callers[i % callers].push_back(static_cast<int>(i));
  }
  // Now and then some of them have keys, and of those some the same.
  if (chance keyed = chance::stream(seed, 5); keyed.one_in(3)) {
    const std::uint32_t keys = keyed.between(1, 3);
    for (call_plan& each : made.calls) {
      if (keyed.one_in(3)) continue;
      each.key = static_cast<int>(keyed.below(keys));
      each.request = keyed.one_in(6) ? 1 : 0;
      each.pinned = false;
    }
    if (chance kept = chance::stream(seed, 6); kept.one_in(2)) {
      made.journal = {.there = true, .batch = kept.between(1, 5), .write = some(kept, 0, 6)};
      if (kept.one_in(6)) made.journal.most = kept.between(1, 3);
      for (std::uint32_t left = kept.one_in(4) ? kept.below(6) : 0; left > 0; --left)
        made.journal.stuck.push_back(kept.below(3));
    }
  }
  // What host functions and callbacks call: calls that no caller makes.
  for (std::uint32_t i = 0; i < calls; ++i) {
    for (int depth = 0, of = static_cast<int>(i); depth < 3; ++depth) {
      call_plan& parent = made.calls[static_cast<std::size_t>(of)];
      const bool by_host = parent.guest.what == guest_plan::kind::host_calls ||
                           parent.guest.what == guest_plan::kind::host_sends;
      if (!by_host && !(depth == 0 && parent.joined && from.one_in(6))) break;
      const int next = static_cast<int>(made.calls.size());
      (by_host ? parent.child : parent.in_callback) = next;
      call_plan child = call_of(seed, next, static_cast<int>(pools), faults);
      child.bound = child.joined = parent.guest.what == guest_plan::kind::host_calls;
      child.before = 0ms;
      made.calls.push_back(child);
      of = next;
    }
  }

  if (from.one_in(4))
    made.pool_acts.push_back({.pool = static_cast<int>(from.below(pools)),
                              .after = some(from, 0, 40),
                              .what = from.one_in(2) ? pool_act::kind::drain : pool_act::kind::close});
  for (std::uint32_t left = from.one_in(2) ? from.below(8) : 0; left > 0; --left)
    made.ghosts.push_back({.cell = from.below(9), .after = some(from, 0, 60)});
  made.parking = {.count = from.one_in(2) ? from.between(0, 3) : 100,
                  .bytes = from.one_in(3) ? from.between(500, 3000) : 1U << 20,
                  .time = some(from, 1, 60)};
  made.workers = from.between(1, 3);
  made.in_order = from.one_in(2);
  for (std::uint32_t left = from.one_in(3) ? 0 : from.below(40); left > 0; --left)
    made.jumps.push_back(from.one_in(6) ? some(from, 2, 80) : 1ms);
  made.patient = !from.one_in(4);
  return made;
}

}  // namespace holdfast::sim
