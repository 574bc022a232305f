// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <random>

#include "bench/latencies.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr duration work_time = 100us;
constexpr duration in_time = 100ms;  // an answer that comes later is good for nothing
constexpr std::size_t depth = 256;
constexpr duration level_time = 1500ms;

using worker = function<std::uint32_t(std::uint32_t)>;

/// Calls that come when they come, whether earlier ones were answered or not.
///
/// A call's latency counts from when it was meant to be made. Where the generator itself is late, that is
/// part of it: nothing is left out because the system was busy.
class open_loop {
 public:
  open_loop(const worker& work, std::uint32_t rounds) : work_(work), rounds_(rounds) {}

  load_level run(double times, double rate) {
    std::mt19937_64 dice(11);
    std::exponential_distribution<double> gap(rate);
    const auto next_gap = [&] {
      return std::chrono::duration_cast<duration>(std::chrono::duration<double>(gap(dice)));
    };
    const auto begun = clock::now();
    const auto end = begun + level_time;
    std::uint64_t offered = 0;
    for (auto due = begun + next_gap(); due < end;) {
      if (clock::now() < due) {
        loop_.poll();
        loop_.restart();
        continue;
      }
      ++offered;
      call_at(due, end);
      due += next_gap();
      loop_.poll_one();
      loop_.restart();
    }
    loop_.run();  // until the last is answered
    const double seconds = std::chrono::duration<double>(level_time).count();
    load_level level{.times = times,
                     .offered = static_cast<double>(offered) / seconds,
                     .goodput = static_cast<double>(good_) / seconds,
                     .refused = static_cast<double>(refused_.count()) / seconds};
    for (const double each : quantiles) {
      level.answered_ns.push_back(answered_.at(each));
      level.refused_ns.push_back(refused_.at(each));
    }
    return level;
  }

  double refused_p99() const { return refused_.p99(); }

 private:
  void call_at(clock::time_point due, clock::time_point end) {
    work_.async_call(
        call_options{.deadline = in_time}, rounds_,
        asio::bind_executor(loop_, [this, due, end](std::error_code code, const typed_reply<std::uint32_t>&) {
          const auto now = clock::now();
          if (!code) {
            answered_.record(now - due);
            // Within the time of the level: what is left in the queue at its end is no rate.
            if (now - due <= in_time && now <= end) ++good_;
          } else if (code == effect::not_executed) {
            refused_.record(now - due);
          }
        }));
  }

  const worker& work_;
  const std::uint32_t rounds_;
  asio::io_context loop_{1};
  latencies answered_;
  latencies refused_;
  std::uint64_t good_ = 0;
};

/// How many rounds take the guest so long.
std::uint32_t rounds_for(const worker& work, duration time) {
  constexpr std::uint32_t trial = 1U << 20;
  must_complete(work(trial));
  duration best = duration::max();
  for (int i = 0; i < 7; ++i) {
    const auto begun = clock::now();
    must_complete(work(trial));
    best = std::min<duration>(best, clock::now() - begun);
  }
  return static_cast<std::uint32_t>(static_cast<double>(trial) *
                                    (std::chrono::duration<double>(time) / best));
}

/// Calls a second of callers who wait for their answers, enough of them to keep the guest busy.
double capacity(const worker& work, std::uint32_t rounds) {
  asio::io_context loop(1);
  const auto end = clock::now() + 1s;
  std::uint64_t made = 0;
  const std::function<void()> next = [&] {
    work.async_call(call_options{}, rounds,
                    asio::bind_executor(loop, [&](std::error_code code, const typed_reply<std::uint32_t>&) {
                      if (code) throw std::runtime_error("a call of work failed: " + code.message());
                      ++made;
                      if (clock::now() < end) next();
                    }));
  };
  for (int i = 0; i < 16; ++i) next();
  loop.run();
  return static_cast<double>(made);
}

}  // namespace

void measure_overload(subject& with, results& into) {
  const std::vector<char> text = read_file(HOLDFAST_SOURCE_DIR "/bench/guests/work.wat");
  const component guest = must(component::compile(with.with, std::as_bytes(std::span(text))));
  // One worker: the other core is the load generator's.
  host owner(with.with, {.workers = 1});
  const pool guests = must(owner.open(guest, {.cells = 1, .queue_depth = depth}));
  must(guests.wait_ready());
  const worker work = must(guests.function<std::uint32_t(std::uint32_t)>("work"));
  const std::uint32_t rounds = rounds_for(work, work_time);
  const double full = capacity(work, rounds);

  double peak = 0;
  double at_five = 0;
  double refusal = 0;
  for (const double times : {0.5, 1.0, 2.0, 3.0, 5.0, 10.0}) {
    open_loop generator(work, rounds);
    load_level level = generator.run(times, times * full);
    peak = std::max(peak, level.goodput);
    if (times == 5.0) {
      at_five = level.goodput;
      refusal = generator.refused_p99();
    }
    into.load.push_back(std::move(level));
  }
  into.add(
      {.name = "overload_5x",
       .what =
           "answers within 100 ms at five times capacity, open loop, a guest of 100 us, a queue of 256; the "
           "floor is the best of 0.5 to 10 times",
       .unit = "calls/s",
       .value = at_five,
       .floor = peak,
       .must = bar{0.9, bound::at_least},
       .note = "capacity " + std::to_string(static_cast<long>(full)) + " calls/s, one worker"});
  into.add({.name = "overload_5x_refusal",
            .what = "from when a call was meant to be made to its refusal, p99",
            .unit = "ms",
            .value = refusal * 1e-6,
            .must = bar{10, bound::at_most, bounded::value}});
}

}  // namespace holdfast::bench
