// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "bench/latencies.hpp"
#include "bench/rows.hpp"
#include "bench/spinning.hpp"

namespace holdfast::bench {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr double in_ms = 1e-6;

void deadline_overshoot(const subject& with, results& into) {
  host owner(with.with);
  const pool guests = with.open(owner, {.cells = 1});
  const auto spin = must(guests.function<void()>("spin"));
  latencies seen;
  for (int i = 0; i < 300; ++i) {
    // Of many lengths, so that they end anywhere within a tick.
    const duration limit = 3ms + i % 50 * 83us;
    const auto begun = clock::now();
    const auto told = spin.call({.run_limit = limit});
    const auto took = clock::now() - begun;
    if (told.code != errc::deadline_killed) throw std::runtime_error("a spinning guest was not stopped");
    seen.record(took - limit);
  }
  const double tick = std::chrono::duration<double, std::milli>(with.with.options().tick).count();
  into.add(
      {.name = "deadline_overshoot",
       .what = "an infinite loop with a run limit of 3 to 7 ms: how much later its caller is told, p99 of " +
               std::to_string(seen.count()),
       .unit = "ms",
       .value = seen.p99() * in_ms,
       .must = bar{2 * tick + 5, bound::at_most, bounded::value}});
  into.add({.name = "deadline_overshoot_median",
            .what = "the same, median",
            .unit = "ms",
            .value = seen.median() * in_ms});
}

/// From the kill of a guest that spins to the next good answer.
template <class Answer>
void kill_once(const pool& guests, const wit::arguments& spin_arguments, Answer answer, latencies& seen) {
  const ticket spinning = spin_in(guests, spin_arguments);
  const auto begun = clock::now();
  spinning.kill();
  answer();
  seen.record(clock::now() - begun);
  if (spinning.wait().code != errc::killed) throw std::runtime_error("a spinning guest was not killed");
}

void kills(const subject& with, results& into) {
  host owner(with.with);
  const pool guests = with.open(owner, {.cells = 1});
  const adder add = must(guests.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"));
  const auto answer = [&] {
    const auto told = add(1, 7);
    must_complete(told);
  };
  latencies single;
  for (int i = 0; i < 200; ++i) {
    kill_once(guests, {}, answer, single);
    std::this_thread::sleep_for(3ms);
  }
  latencies in_a_row;
  for (int row = 0; row < 10; ++row) {
    for (int i = 0; i < 20; ++i) kill_once(guests, {}, answer, in_a_row);
    std::this_thread::sleep_for(10ms);
  }
  const bar promised{5, bound::at_most, bounded::value};
  const auto both = [&](const std::string& name, const std::string& what, const latencies& seen,
                        bool bounds) {
    figure p99{.name = name,
               .what = what + ", p99 of " + std::to_string(seen.count()),
               .unit = "ms",
               .value = seen.p99() * in_ms};
    if (bounds) p99.must = promised;
    into.add(std::move(p99));
    into.add(
        {.name = name + "_median", .what = "the same, median", .unit = "ms", .value = seen.median() * in_ms});
  };
  both("kill_to_answer",
       "kill of a spinning guest to the next good answer, one kill at a time, without a spare", single, true);
  both("kill_to_answer_row", "the same, 20 kills in a row", in_a_row, true);
  {
    const pool kept = with.open(owner, {.cells = 1, .rebuild = {.spares = 1}});
    const adder add_kept = must(kept.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"));
    latencies spared;
    for (int i = 0; i < 200; ++i) {
      kill_once(kept, {}, [&] { must_complete(add_kept(1, 7)); }, spared);
      std::this_thread::sleep_for(3ms);
    }
    both("kill_to_answer_spare", "kill of a spinning guest to the next good answer, with a spare", spared,
         true);
  }

  const std::filesystem::path javascript = HOLDFAST_GUESTS_DIR "/counter-js.wasm";
  if (!std::filesystem::exists(javascript)) {
    into.missing.push_back("kill_to_answer_js: " + javascript.string() + " is not built");
    return;
  }
  const component script = must(component::load(with.with, javascript, {.cache = default_compile_cache()}));
  const auto kill_scripts = [&](unsigned spares) {
    const pool counters = must(owner.open(script, {.cells = 1, .rebuild = {.spares = spares}}));
    must(counters.wait_ready());
    latencies scripted;
    for (int i = 0; i < 50; ++i) {
      if (spares > 0) std::this_thread::sleep_for(30ms);  // one kill at a time: the next is ready again
      kill_once(
          counters, args(std::uint64_t{1}), [&] { must_complete(counters.call("count", {})); }, scripted);
    }
    return scripted;
  };
  both("kill_to_answer_js", "the same for a JavaScript guest, one kill at a time, without a spare",
       kill_scripts(0), false);
  both("kill_to_answer_js_spare", "the same with a spare", kill_scripts(1), false);
}

}  // namespace

void measure_stopping(subject& with, results& into) {
  deadline_overshoot(with, into);
  kills(with, into);
}

}  // namespace holdfast::bench
