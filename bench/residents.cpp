// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <vector>

#include "bench/alternate.hpp"
#include "bench/process.hpp"
#include "bench/rows.hpp"

// Actors: a call of one that is resident, and of one that has to be brought back.
namespace holdfast::bench {
namespace {

constexpr std::uint32_t resident = 1'000;
constexpr std::uint64_t known = 100'000;
constexpr std::uint64_t mib = 1U << 20;

using asks = function<std::uint64_t()>;

void call(const asks& balance) {
  const auto told = balance();
  must_complete(told);
}

void deposit(const actor& to) { must_complete(to.call("deposit", args(std::uint64_t{1}))); }

void measure(results& into) {
  const engine on({.max_instances = resident + 64,
                   .max_memory = mib,
                   .memory_reservation = mib,
                   .max_stack = 128U << 10});
  const component ledger = must(component::load(on, HOLDFAST_SOURCE_DIR "/guests/ledger/ledger.wasm"));
  host owner(on);
  const pool one_cell = subject::open(owner, ledger, {.limits = {.memory = mib}});
  const actors bank =
      must(owner.open_actors(ledger, {.resident = resident, .waiting = 64, .limits = {.memory = mib}}));
  const component again = must(
      component::load(on, HOLDFAST_SOURCE_DIR "/guests/ledger/ledger.wasm", {.replay = determinism::on}));
  const actors repeatable =
      must(owner.open_actors(again, {.name = "again", .resident = 8, .limits = {.memory = mib}}));
  const actor logged = must(repeatable.at("one"));
  const auto account = [&](std::uint64_t number) {
    return must(bank.at("account-" + std::to_string(number)));
  };

  // All of them live, and most have given their places up again.
  const std::uint64_t before = resident_bytes();
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < known; ++i) deposit(account(i));
  const double took =
      std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count();
  const std::uint64_t after = resident_bytes();
  if (bank.figures().activations < known) throw std::runtime_error("not all accounts were brought to life");

  const actor first = account(known - 1);
  const auto of_actor = must(first.function<std::uint64_t()>("balance"));
  const auto of_pool = must(one_cell.function<std::uint64_t()>("balance"));
  std::uint64_t next = 0;
  const std::vector<way> ways{
      {"pool",
       [&](unsigned count) {
         for (; count > 0; --count) call(of_pool);
       }},
      {"hit",
       [&](unsigned count) {
         for (; count > 0; --count) call(of_actor);
       }},
      {"found",
       [&](unsigned count) {
         for (; count > 0; --count)
           must_complete(bank.at("account-99999")->call<std::uint64_t>("balance", {}));
       }},
      {"pool_found",
       [&](unsigned count) {
         for (; count > 0; --count) must_complete(one_cell.call<std::uint64_t>("balance", {}));
       }},
      {"pool_deposit",
       [&](unsigned count) {
         for (; count > 0; --count) must_complete(one_cell.call("deposit", args(std::uint64_t{1})));
       }},
      {"kept",
       [&](unsigned count) {
         for (; count > 0; --count) deposit(first);
       }},
      {"logged",
       [&](unsigned count) {
         for (; count > 0; --count) deposit(logged);
       }},
  };
  const std::vector<double> hit = alternate(ways);
  // Each is the one that was called longest ago: with fewer places than accounts none is ever there.
  const std::vector<way> misses{{"miss", [&](unsigned count) {
                                   for (; count > 0; --count) {
                                     deposit(account(next));
                                     next = (next + 1) % (known / 2);
                                   }
                                 }}};
  const std::uint64_t activations = bank.figures().activations;
  const std::vector<double> miss = alternate(misses, {.rounds = 31});
  if (bank.figures().activations - activations < 1000) throw std::runtime_error("these were no misses");

  into.add({.name = "actor_hit",
            .what =
                "a typed call of an actor that is resident, one of 1,000, with 100,000 known; the floor is "
                "the same call of a pool",
            .value = hit[1],
            .floor = hit[0],
            .must = bar{1.3}});
  into.add({.name = "actor_hit_by_key",
            .what = "the same, found by its key for each call; the floor is a pool's by name",
            .value = hit[2],
            .floor = hit[3]});
  into.add(
      {.name = "actor_hit_kept",
       .what = "a call of an actor that changes it, with its state asked for and kept; the floor is the same "
               "call of a pool",
       .value = hit[5],
       .floor = hit[4]});
  into.add(
      {.name = "actor_hit_logged",
       .what = "the same of a deterministic actor: what it takes to do the call again is kept, and its state "
               "is asked for after each 64th; the floor is the same call of a pool",
       .value = hit[6],
       .floor = hit[4]});
  into.add({.name = "actor_miss",
            .what =
                "a call of an actor that is not resident: the one called longest ago gives its place up, an "
                "instance is made and takes its state over, and the call's state is kept; the floor is the "
                "call of one that is there",
            .value = miss[0],
            .floor = hit[5]});
  into.add({.name = "actor_first",
            .what = "a first call, 100,000 one after the other",
            .value = took / known,
            .floor = hit[5]});
  into.add({.name = "actor_passive_bytes",
            .what = "memory for each of 100,000 actors, 1,000 of them resident, with a state of 17 bytes",
            .unit = "B",
            .value = static_cast<double>(after - before) / known});
}

}  // namespace

void measure_residents(subject& /*with*/, results& into) { measure(into); }

}  // namespace holdfast::bench
