// SPDX-License-Identifier: Apache-2.0
//
// A game server with scripts of strangers: the world moves on every tick, whatever a script does.
// game_tick COMPONENT, such as build/release/guests/ledger.wasm.

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <holdfast/holdfast.hpp>
#include <iostream>

namespace asio = boost::asio;
namespace hf = holdfast;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto tick = 20ms;       // from one to the next
constexpr auto budget = 8ms;      // of it, to wait for scripts
constexpr auto patience = 200ms;  // for one turn of a script; then it is stopped

// An actor: its gold is its own, and outlives its instance.
struct creature {
  hf::actor script;
  std::uint64_t bad_turn;  // in which it loops for ever; 0: none
  std::uint64_t turns = 0, late = 0, cut = 0;
  std::optional<hf::ticket> thinks{};

  void begin_turn() {
    if (thinks) return;  // it still thinks about the last one
    const char* const function = ++turns == bad_turn ? "spin" : "deposit";
    auto begun = script.submit(function, hf::args(std::uint64_t{10}), {.run_limit = patience});
    if (begun) thinks = *std::move(begun);
  }

  void end_turn(steady::time_point by) {
    if (!thinks) return;
    const hf::reply told = thinks->wait(std::max<hf::duration>(by - steady::now(), 0ns));
    if (told.code == hf::errc::detached) {
      ++late;  // it stands still in this tick, and is asked again in the next
      return;
    }
    if (told.code == hf::errc::deadline_killed) ++cut;
    thinks.reset();
  }
};

int main(int argc, char** argv) try {
  const hf::engine engine;
  const hf::component code = hf::component::load(engine, argc > 1 ? argv[1] : "ledger.wasm").value();
  hf::host host(engine);
  const hf::actors creatures = host.open_actors(code, {.name = "creatures"}).value();
  std::vector<creature> all{{creatures.at("elf").value(), 0}, {creatures.at("troll").value(), 4}};

  // [tick]
  asio::io_context io;
  asio::steady_timer next(io, steady::now());
  const auto done = [](const creature& each) { return each.turns >= 10 && !each.thinks; };
  while (!std::all_of(all.begin(), all.end(), done)) {
    for (creature& each : all) {
      if (each.turns < 10) each.begin_turn();
    }
    const auto by = steady::now() + budget;
    for (creature& each : all) each.end_turn(by);
    // ... here the rest of the world moves.
    next.expires_at(next.expiry() + tick);
    next.wait();
  }
  // [/tick]

  for (const creature& each : all) {
    const auto gold = each.script.call<std::uint64_t>("balance", {});
    std::cout << each.script.key() << ": 10 turns, " << gold.value.value_or(0) << " gold"
              << (each.cut > 0 && each.late > 0 ? ", left by the tick, then cut, and plays on" : "")
              << ", generation " << gold.generation << "\n";
  }
} catch (const std::exception& wrong) {
  std::cerr << wrong.what() << "\n";
  return 1;
}
