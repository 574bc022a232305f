// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <functional>
#include <iterator>

#include "bench/latencies.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr duration round_time = 300ms;
constexpr std::size_t rounds = 7;
constexpr std::size_t depth =
    1U << 16;                      // seconds of calls: a queue that is full would be a figure of another row
constexpr std::size_t crowd = 16;  // unanswered calls that keep a guest busy

/// Calls that come when they come: one every `gap`, for so long, at most `most` of them unanswered; a gap of
/// 0: as many as that allows. A latency counts from when a call was meant to be made, so whatever held the
/// others up is part of it. This thread looks out for answers without a pause, as `Actor::open_loop` of the
/// peers does.
class open_loop {
 public:
  open_loop(const adder& add, start how) : add_(add), options_{.deadline = 10s, .how = how} {}

  void run(duration gap, duration time, std::size_t most, latencies& into) {
    into_ = &into;
    const auto begun = clock::now();
    duration due{0};
    while (due < time || unanswered_ != 0) {
      const duration now = clock::now() - begun;
      if (due < time && now >= due && unanswered_ < most) {
        call_at(begun + due);
        due = gap == duration::zero() ? now : due + gap;
      }
      loop_.poll_one();
    }
    if (failed_) throw std::runtime_error("an asynchronous call of add failed");
  }

 private:
  void call_at(clock::time_point due) {
    ++unanswered_;
    const std::uint32_t a = next_++;
    add_.async_call(
        options_, a, std::uint32_t{7},
        asio::bind_executor(loop_, [this, due, a](std::error_code code, typed_reply<std::uint32_t> told) {
          --unanswered_;
          if (code || *told != a + 7) failed_ = true;
          into_->record(clock::now() - due);
        }));
  }

  const adder& add_;
  const call_options options_;
  asio::io_context loop_{1};
  const asio::executor_work_guard<asio::io_context::executor_type> open_{loop_.get_executor()};
  latencies* into_ = nullptr;
  std::size_t unanswered_ = 0;
  std::uint32_t next_ = 0;
  bool failed_ = false;
};

using run_at = std::function<void(duration gap, duration time, std::size_t most, latencies& into)>;

/// Calls a second where there are always some unanswered.
double peak(const run_at& run) {
  latencies many;
  run(duration::zero(), round_time, crowd, many);
  return static_cast<double>(many.count()) / std::chrono::duration<double>(round_time).count();
}

struct contender {
  const char* name;
  run_at run;
  latencies took{};
};

std::string a_second(double rate) { return std::to_string(std::lround(rate)) + "/s"; }

void add_rows(const std::string& prefix, const std::string& how, const contender& ours,
              const contender& theirs, const std::string& note, results& into) {
  constexpr std::array names{"p50", "p90", "p99", "p999", "p9999"};
  static_assert(names.size() == std::size(quantiles));
  for (std::size_t i = 0; i < names.size(); ++i) {
    into.add({.name = prefix + names[i],
              .what = i == 0 ? how : "the same, " + std::string(names[i]),
              .unit = "us",
              .value = ours.took.at(quantiles[i]) * 1e-3,
              .floor = theirs.took.at(quantiles[i]) * 1e-3,
              .note = i == 0 ? note : ""});
  }
}

}  // namespace

void measure_latency(subject& with, results& into) {
  // One worker each: the other core is the load generator's.
  host owner(with.with, {.workers = 1});
  const pool guests = with.open(owner, {.cells = 1, .queue_depth = depth});
  const adder add = must(guests.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"));
  const actor_peer cure(with.direct, 1, depth);
  open_loop posts(add, start::post);
  open_loop dispatches(add, start::dispatch);
  const auto of = [](open_loop& way) -> run_at {
    return [&way](duration gap, duration time, std::size_t most, latencies& told) {
      way.run(gap, time, most, told);
    };
  };
  std::array<contender, 3> all{{
      {"Holdfast, post", of(posts)},
      {"Holdfast, dispatch", of(dispatches)},
      {"Tokio task", [&](duration gap, duration time, std::size_t most,
                         latencies& told) { cure.open_loop(gap, time, most, told.raw()); }},
  }};
  for (const contender& each : all) peak(each.run);  // warms up
  const std::array peaks{peak(all[0].run), peak(all[1].run), peak(all[2].run)};
  into.latency_rate = *std::ranges::min_element(peaks) / 2;
  const auto gap = std::chrono::duration_cast<duration>(std::chrono::duration<double>(1 / into.latency_rate));
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < all.size(); ++turn) {
      contender& next = all[(round + turn) % all.size()];
      next.run(gap, round_time, depth, next.took);
    }
  }
  for (const contender& each : all) {
    latency_curve& made = into.latency.emplace_back(latency_curve{each.name, {}});
    for (const double quantile : quantiles) made.ns.push_back(each.took.at(quantile));
  }
  const std::string note = a_second(into.latency_rate) + ", half of the least peak: " + a_second(peaks[0]) +
                           " by post, " + a_second(peaks[1]) + " by dispatch, " + a_second(peaks[2]) +
                           " of the Tokio task";
  add_rows("latency_",
           "from when a call of `add` was meant to be made to its answer, `start::post` at a fixed rate, "
           "median; the "
           "floor is a Tokio task with mpsc and oneshot on a runtime of one worker at the same rate",
           all[0], all[2], note, into);
  add_rows("latency_dispatch_", "the same with `start::dispatch`, median", all[1], all[2], "", into);
}

}  // namespace holdfast::bench
