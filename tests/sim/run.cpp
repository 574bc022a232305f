// SPDX-License-Identifier: Apache-2.0
#include "sim/run.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

#include "sim/callers.hpp"

namespace holdfast::sim {
namespace {

/// Whether every pool has what it will ever have: an instance in each cell, or none that can come.
bool all_built(const world& in) {
  for (const auto& each : in.pools)
    if (each.ready < each.cells.size()) return false;
  return true;
}

/// Opens the pools, lets everybody play, and takes everything down again.
void keep(world& in) {
  choices& decide = in.on.decide();
  decide.explore(!in.planned.prebuilt);
  in.open_pools();
  in.spawn_drivers();
  if (in.planned.prebuilt) in.on.wait([&in] { return all_built(in); });
  for (std::size_t i = 0; i < in.planned.callers.size(); ++i) spawn_caller(in, static_cast<int>(i));
  for (const pool_act& each : in.planned.pool_acts) spawn_pool_act(in, each);
  for (const ghost& each : in.planned.ghosts) spawn_ghost(in, each);
  if (in.planned.jumps.empty()) {
    in.run_clock();  // it is calm from the start, and there is one fiber less whose turn could come
  } else {
    in.on.spawn("clock", [&in] { in.run_clock(); });
  }
  decide.explore(true);

  in.on.wait([&in] { return in.callers == 0 && (!in.planned.patient || in.open == 0); });
  if (in.planned.prebuilt) decide.explore(false);
  if (in.planned.probe >= 0) call_and_wait(in, in.planned.probe, -1);

  for (std::size_t i = 0; i < in.pools.size(); ++i) in.drain(static_cast<int>(i));
  const auto all_closed = [&in] {
    for (const auto& each : in.pools)
      if (each.closed < each.cells.size()) return false;
    return true;
  };
  duration grace{};
  for (const pool_plan& each : in.planned.pools) grace = std::max(grace, each.drain_grace);
  in.sleep_until(core::later(in.now(), grace), all_closed);
  for (std::size_t i = 0; i < in.pools.size(); ++i) in.close(static_cast<int>(i));
  in.on.wait(all_closed);
  // A cell that has closed parts from its mailbox as its last act.
  for (const auto& each : in.pools)
    while (!each.box->deserted()) in.on.wait([] { return true; });

  // Host functions and late wakers may outlast the pools; results are kept for a while.
  in.on.wait([&in] { return in.calm && in.callers == 0 && in.open == 0; });
  in.sleep(in.planned.parking.time + 2 * std::chrono::milliseconds(1));
  for (int ticks = 0; ticks < 10 && in.kept->figures().parked > 0; ++ticks)
    in.sleep(std::chrono::milliseconds(1));
  in.keys->close();
  in.ending = true;
}

}  // namespace

grain grain_of(std::uint64_t seed) noexcept {
  return chance::stream(seed, 4).one_in(4) ? grain::acts : grain::locks;
}

report play(const plan& what, choices& decide, grain how, std::uint64_t seed, tracing traced) {
  stage on(decide, how);
  auto in = std::make_unique<world>(what, on, seed, traced == tracing::on);
  on.spawn("keeper", [&in] { keep(*in); });
  const stage::ending how_it_ended = on.run(*in);
  report told = in->finish(how_it_ended);
  // What still stands on some stack refers to it.
  if (how_it_ended != stage::ending::all_ended) static_cast<void>(in.release());
  return told;
}

report play_seed(const plan& what, std::uint64_t seed, tracing traced) {
  seeded_choices decide(seed);
  return play(what, decide, grain_of(seed), seed, traced);
}

report play_seed(std::uint64_t seed, tracing traced) { return play_seed(plan_of(seed), seed, traced); }

}  // namespace holdfast::sim
