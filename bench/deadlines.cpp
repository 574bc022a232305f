// SPDX-License-Identifier: Apache-2.0
#include <future>

#include "bench/alternate.hpp"
#include "bench/rows.hpp"
#include "bench/spinning.hpp"
#include "engine/engine_impl.hpp"

namespace holdfast::bench {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::uint32_t pending = 100'000;

/// A host with a pool that answers, and one whose only guest waits in the host: what is queued there stays.
class blocked_host {
 public:
  explicit blocked_host(const subject& with)
      : owner_(with.with),
        answering_(with.open(owner_, {.cells = 1})),
        add_(must(answering_.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"))) {
    const std::vector<char> text = read_file(HOLDFAST_SOURCE_DIR "/guests/text/sleeper.wat");
    const component sleeper = must(component::compile(with.with, std::as_bytes(std::span(text))));
    pool_options options{.cells = 1, .queue_depth = pending + 1};
    options.functions.define("holdfast:demo/host", "sleep",
                             [until = released_.get_future().share()](std::uint64_t) { until.wait(); });
    blocked_ = must(owner_.open(sleeper, options));
    must(blocked_->wait_ready());
    napping_ =
        must(blocked_->submit("nap", args(std::uint64_t{1}), {.deadline = no_limit, .run_limit = no_limit}));
    wait_until([&] { return napping_->phase() == call_phase::running; }, "blocked guest");
  }
  ~blocked_host() {
    for (const ticket& each : queued_) each.revoke();
    released_.set_value();
    napping_->wait();
  }
  blocked_host(const blocked_host&) = delete;
  blocked_host& operator=(const blocked_host&) = delete;

  void queue_all() {
    queued_.reserve(pending);
    for (std::uint32_t i = 0; i < pending; ++i) {
      queued_.push_back(must(blocked_->submit(
          "count", {}, {.deadline = std::chrono::hours(1) + i * std::chrono::microseconds(7)})));
    }
  }

  /// Calls that wait and are taken back, each with a deadline among the others'.
  void queue_and_revoke(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      next_ = next_ * 5 + 1;  // in no order that a heap would like
      const ticket waits = must(blocked_->submit(
          "count", {}, {.deadline = std::chrono::hours(1) + next_ % pending * std::chrono::microseconds(7)}));
      if (waits.revoke() != revoke_answer::revoked)
        throw std::runtime_error("a queued call could not be revoked");
    }
  }

  void add(unsigned count) const {
    for (std::uint32_t i = 0; i < count; ++i) must_complete(add_(i, 7));
  }

 private:
  std::promise<void> released_;
  host owner_;
  pool answering_;
  adder add_;
  std::optional<pool> blocked_;
  std::optional<ticket> napping_;
  std::vector<ticket> queued_;
  std::uint32_t next_ = 0;
};

double tick_ns(const subject& with) {
  constexpr int together = 100;  // a clock's own time is as long as a tick's
  std::vector<double> took;
  for (int i = 0; i < 101; ++i) {
    const auto begun = clock::now();
    for (int beat = 0; beat < together; ++beat) with.with.internals()->beat(begun);
    took.push_back(std::chrono::duration<double, std::nano>(clock::now() - begun).count() / together);
  }
  return median(std::move(took));
}

}  // namespace

void measure_deadlines(subject& with, results& into) {
  blocked_host without(with);
  blocked_host full(with);
  const double quiet_tick = tick_ns(with);
  full.queue_all();
  const double busy_tick = tick_ns(with);
  const std::vector<way> ways{
      {"without", [&](unsigned count) { without.add(count); }},
      {"full", [&](unsigned count) { full.add(count); }},
      {"one deadline", [&](unsigned count) { without.queue_and_revoke(count); }},
      {"one more", [&](unsigned count) { full.queue_and_revoke(count); }},
  };
  const std::vector<double> took = alternate(ways);
  into.add({.name = "deadlines_100k",
            .what = "a call in a host where 100,000 deadlines are pending, past the queue, so that its own "
                    "is never among "
                    "them; the floor is the same without them",
            .value = took[1],
            .floor = took[0]});
  into.add({.name = "deadlines_100k_armed",
            .what = "a call that is queued and revoked, so that its deadline comes and goes among the "
                    "100,000; the floor "
                    "is the same without them",
            .value = took[3],
            .floor = took[2]});
  into.add({.name = "deadlines_100k_tick",
            .what = "a tick of the engine, none of those deadlines due; the floor is a tick without them",
            .value = busy_tick,
            .floor = quiet_tick});
}

}  // namespace holdfast::bench
