// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "bench/latencies.hpp"
#include "bench/rows.hpp"
#include "bench/spinning.hpp"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

/// One worker, so that a core is left for whoever leaves.
const host_options one_worker{.workers = 1};

void add_pair(results& into, const std::string& name, const std::string& what, const latencies& seen) {
  into.add({.name = name,
            .what = what + "; median of " + std::to_string(seen.count()),
            .value = seen.median(),
            .must = bar{1000, bound::at_most, bounded::value}});
  into.add({.name = name + "_p99", .what = "the same, p99", .value = seen.p99()});
}

void revoke_queued(const subject& with, results& into) {
  host owner(with.with, one_worker);
  const pool guests = with.open(owner, {.cells = 1, .queue_depth = 256});
  const adder add = must(guests.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"));
  const ticket spinning = spin_in(guests);
  latencies seen;
  std::vector<typed_ticket<std::uint32_t>> queued;
  for (int round = 0; round < 100; ++round) {
    queued.clear();
    for (std::uint32_t i = 0; i < 256; ++i) queued.push_back(must(add.submit(i, 7)));
    for (const auto& each : queued) {
      const auto begun = clock::now();
      const revoke_answer told = each.revoke();
      seen.record(clock::now() - begun);
      if (told != revoke_answer::revoked) throw std::runtime_error("a queued call was not revoked");
    }
  }
  spinning.kill();
  spinning.wait();
  add_pair(into, "revoke_queued", "`ticket::revoke` of a call that waits while a guest spins", seen);
}

/// A call of a spinning guest through `async_call`, which its caller leaves by its cancellation slot.
struct left_call {
  asio::cancellation_signal signal{};
  std::optional<reply> told{};

  void begin(const function<void()>& spin, asio::io_context& loop) {
    told.reset();
    spin.async_call(
        call_options{.run_limit = no_limit},
        asio::bind_cancellation_slot(
            signal.slot(), asio::bind_executor(loop, [this](std::error_code, typed_reply<void> what) {
              told = std::move(what);
            })));
  }
};

void detach_running(const subject& with, results& into) {
  constexpr std::uint32_t cells = 16;
  host owner(with.with, one_worker);
  const pool guests = with.open(owner, {.cells = cells});
  const auto spin = must(guests.function<void()>("spin"));
  asio::io_context loop(1);
  std::array<left_call, cells> calls;
  latencies seen;
  latencies emitted;
  const auto all_are = [&](cell_state what) {
    const auto now = guests.cells();
    return std::ranges::all_of(now, [what](const cell_status& each) { return each.state == what; });
  };
  for (int round = 0; round < 50; ++round) {
    wait_until([&] { return all_are(cell_state::idle); }, "idle pool");
    for (left_call& each : calls) each.begin(spin, loop);
    wait_until([&] { return all_are(cell_state::running); }, "run of all spinning guests");
    loop.restart();
    for (left_call& each : calls) {
      const auto begun = clock::now();
      each.signal.emit(asio::cancellation_type::terminal);
      emitted.record(clock::now() - begun);
      while (!each.told) loop.poll_one();
      seen.record(clock::now() - begun);
      if (each.told->code != errc::detached) throw std::runtime_error("a running call was not left");
    }
    for (const left_call& each : calls) must(owner.attach(each.told->id)).kill();
  }
  add_pair(into, "detach_running",
           "a caller of `async_call` leaves a spinning guest by its cancellation slot, until its handler has "
           "been told",
           seen);
  into.add({.name = "detach_running_emit",
            .what = "of this, what the caller spends in `emit`",
            .value = emitted.median()});
}

}  // namespace

void measure_leaving(subject& with, results& into) {
  revoke_queued(with, into);
  detach_running(with, into);
}

}  // namespace holdfast::bench
