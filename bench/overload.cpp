// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <memory>
#include <random>

#include "bench/alternate.hpp"
#include "bench/latencies.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr duration work_time = 100us;
constexpr duration in_time = 100ms;       // an answer that comes later is good for nothing
constexpr duration in_short_time = 10ms;  // ... for those whose deadline is before the end of a full queue
constexpr std::size_t depth = 256;
constexpr duration round_time = 500ms;

using worker = function<std::uint32_t(std::uint32_t)>;

/// Calls that come when they come, whether earlier ones were answered or not, at one rate.
///
/// A call's latency counts from when it was meant to be made. Where the generator itself is late, that is
/// part of it: nothing is left out because the system was busy.
class open_loop {
 public:
  /// `deadline`: an answer that comes later is good for nothing.
  open_loop(const worker& work, std::uint32_t rounds, double times, double rate, duration deadline)
      : work_(work), rounds_(rounds), times_(times), deadline_(deadline), gap_(rate) {}

  /// One round.
  void run() {
    good_now_ = 0;
    auto due = clock::now() + next_gap();
    for (const auto end = clock::now() + round_time; due < end;) {
      if (clock::now() >= due) {
        call_at(due, end);
        due += next_gap();
      }
      loop_.restart();
      loop_.poll_one();
    }
    loop_.restart();
    loop_.run();  // until the last is answered
    good_.push_back(static_cast<double>(good_now_) / seconds(round_time));
  }

  load_level level() const {
    const double time = seconds(round_time) * static_cast<double>(good_.size());
    load_level made{.times = times_,
                    .offered = static_cast<double>(offered_) / time,
                    .goodput = median(good_),
                    .refused = static_cast<double>(refused_.count()) / time,
                    .expired = static_cast<double>(expired_) / time,
                    .stopped = static_cast<double>(stopped_) / time};
    for (const double each : quantiles) {
      made.answered_ns.push_back(answered_.at(each));
      made.refused_ns.push_back(refused_.at(each));
    }
    return made;
  }

  double times() const noexcept { return times_; }
  double refused_p99() const { return refused_.p99(); }

 private:
  static double seconds(duration of) { return std::chrono::duration<double>(of).count(); }

  duration next_gap() {
    return std::chrono::duration_cast<duration>(std::chrono::duration<double>(gap_(dice_)));
  }

  void call_at(clock::time_point due, clock::time_point end) {
    ++offered_;
    work_.async_call(
        call_options{.deadline = deadline_}, rounds_,
        asio::bind_executor(loop_, [this, due, end](std::error_code code, const typed_reply<std::uint32_t>&) {
          told(code, clock::now(), due, end);
        }));
  }

  void told(std::error_code code, clock::time_point now, clock::time_point due, clock::time_point end) {
    if (!code) {
      answered_.record(now - due);
      // Within the round: what is left in the queue at its end is no rate.
      if (now - due <= deadline_ && now <= end) ++good_now_;
    } else if (code == errc::expired_in_queue) {
      ++expired_;
    } else if (code == effect::not_executed) {
      refused_.record(now - due);
    } else {
      ++stopped_;
    }
  }

  const worker& work_;
  const std::uint32_t rounds_;
  const double times_;
  const duration deadline_;
  std::exponential_distribution<double> gap_;
  std::mt19937_64 dice_{11};
  asio::io_context loop_{1};
  latencies answered_;
  latencies refused_;
  std::vector<double> good_;
  std::uint64_t good_now_ = 0;
  std::uint64_t offered_ = 0;
  std::uint64_t expired_ = 0;
  std::uint64_t stopped_ = 0;  // by their deadline, while they ran
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

std::string text_of(const load_level& level) {
  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(),
                "load %.1fx: offered %.0f/s, good %.0f/s, refused %.0f/s, expired %.0f/s, stopped %.0f/s; "
                "answers p50 %.2f "
                "p99.99 %.2f ms, "
                "refusals p50 %.3f p99.99 %.3f ms",
                level.times, level.offered, level.goodput, level.refused, level.expired, level.stopped,
                level.answered_ns.front() * 1e-6, level.answered_ns.back() * 1e-6,
                level.refused_ns.front() * 1e-6, level.refused_ns.back() * 1e-6);
  return text.data();
}

void add_rows(unsigned times, double goodput, double refusal_ns, double peak, const std::string& note,
              results& into) {
  const std::string name = "overload_" + std::to_string(times) + "x";
  const bool promised = times == 5;
  figure good{
      .name = name,
      .what = "answers within 100 ms at " + std::to_string(times) +
              " times capacity, open loop, a guest of 100 us, a queue of 256; the floor is the best of "
              "0.5 to 10 times",
      .unit = "calls/s",
      .value = goodput,
      .floor = peak,
      .note = note};
  figure refusal{.name = name + "_refusal",
                 .what = "from when a call was meant to be made to its refusal, p99",
                 .unit = "ms",
                 .value = refusal_ns * 1e-6};
  if (promised) {
    good.must = bar{0.9, bound::at_least};
    refusal.must = bar{10, bound::at_most, bounded::value};
  }
  into.add(std::move(good));
  into.add(std::move(refusal));
}

}  // namespace

void measure_overload(subject& with, results& into) {
  const std::vector<char> text = read_file(HOLDFAST_SOURCE_DIR "/bench/guests/work.wat");
  const component guest = must(component::compile(with.with, std::as_bytes(std::span(text))));
  // One worker: the other core is the load generator's.
  host owner(with.with, {.workers = 1});
  const pool guests = subject::open(owner, guest, {.cells = 1, .queue_depth = depth});
  const worker work = must(guests.function<std::uint32_t(std::uint32_t)>("work"));
  const std::uint32_t rounds = rounds_for(work, work_time);
  const double full = capacity(work, rounds);

  std::vector<std::unique_ptr<open_loop>> levels;
  for (const double times : {0.5, 1.0, 2.0, 3.0, 5.0, 10.0}) {
    levels.push_back(std::make_unique<open_loop>(work, rounds, times, times * full, in_time));
  }
  open_loop hasty(work, rounds, 5, 5 * full, in_short_time);
  for (int round = 0; round < 7; ++round) {
    for (const auto& each : levels) each->run();
    hasty.run();
  }

  double peak = 0;
  for (const auto& each : levels) {
    const load_level level = into.load.emplace_back(each->level());
    std::printf("# %s\n", text_of(level).c_str());
    peak = std::max(peak, level.goodput);
  }
  const std::string note = "capacity " + std::to_string(static_cast<long>(full)) + " calls/s, one worker";
  for (std::size_t i = 0; i < levels.size(); ++i) {
    // 0.5 and 3 are for the table.
    const double times = levels[i]->times();
    if (times == 1.0 || times == 2.0 || times == 5.0 || times == 10.0)
      add_rows(static_cast<unsigned>(times), into.load[i].goodput, levels[i]->refused_p99(), peak, note,
               into);
  }
  const load_level level = hasty.level();
  std::printf("# a deadline of 10 ms: %s\n", text_of(level).c_str());
  into.add(
      {.name = "overload_5x_hasty",
       .what =
           "answers within 10 ms at 5 times capacity, of calls whose deadline that is, though a full queue "
           "lasts longer; the floor is the best of those with a deadline of 100 ms",
       .unit = "calls/s",
       .value = level.goodput,
       .floor = peak,
       .must = bar{0.9, bound::at_least},
       .note = note});
}

}  // namespace holdfast::bench
