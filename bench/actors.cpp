// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/thread_pool.hpp>
#include <optional>

#include "bench/alternate.hpp"
#include "bench/callers.hpp"
#include "bench/only.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;

constexpr unsigned threads = 2;
constexpr unsigned depth = 1024;  // of either queue

/// One instance, and callers on threads of their own.
class crowd {
 public:
  explicit crowd(const subject& with)
      : owner_(with.with),
        pool_(with.open(owner_, {.cells = 1, .queue_depth = depth})),
        add_(must(pool_.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"))) {}
  ~crowd() { io_.join(); }

  void async(style how, start first, unsigned count, unsigned calls) {
    callers all(io_.get_executor(), add_, how, first);
    all.begin(count, std::max(1U, calls / count));
    all.wait();
  }

  void blocking(unsigned calls) const {
    for (std::uint32_t i = 0; i < calls; ++i) {
      const auto told = add_(i, 7);
      must_complete(told);
      if (*told != i + 7) throw std::runtime_error("add answered another sum");
    }
  }

 private:
  asio::thread_pool io_{threads};
  host owner_;
  pool pool_;
  adder add_;
};

std::vector<way> ways_of(crowd& ours, const actor_peer& theirs, subject& with, unsigned count) {
  const auto async = [&ours, count](style how, start first) {
    return [&ours, count, how, first](unsigned calls) { ours.async(how, first, count, calls); };
  };
  std::vector<way> ways{
      {"direct", [&](unsigned calls) { with.direct.add(calls); }},
      {"tokio", [&theirs, count](unsigned calls) { theirs.add(count, std::max(1U, calls / count)); }},
      {"coroutine_dispatch", async(style::coroutine, start::dispatch)},
      {"coroutine_post", async(style::coroutine, start::post)},
      {"handler_dispatch", async(style::handler, start::dispatch)},
      {"handler_post", async(style::handler, start::post)},
  };
  if (count == 1) ways.push_back({"blocking", [&ours](unsigned calls) { ours.blocking(calls); }});
  return ways;
}

void measure_crowd(crowd& ours, const actor_peer& theirs, subject& with, unsigned count, double bar_limit,
                   results& into) {
  const std::vector<way> ways = ways_of(ours, theirs, with, count);
  // Rounds that are long against the beginning and the end, where not all callers are there.
  const std::vector<double> took =
      alternate(ways, {.rounds = 31, .round_time = std::chrono::milliseconds(20)});
  const std::string name = "actor_" + std::to_string(count);
  const auto rate = [](double nanoseconds) { return 1e9 / nanoseconds; };
  std::size_t best = 2;
  for (std::size_t i = 3; i < ways.size(); ++i) {
    if (took[i] < took[best]) best = i;
  }
  const std::string callers_text = count == 1 ? "1 caller" : std::to_string(count) + " callers";
  into.add({.name = name,
            .what = "calls a second of one instance by " + callers_text +
                    ", our best way; the floor is a Tokio task with mpsc and oneshot",
            .unit = "calls/s",
            .value = rate(took[best]),
            .floor = rate(took[1]),
            .must = bar{bar_limit, bound::at_least},
            .note = ways[best].name});
  for (std::size_t i = 2; i < ways.size(); ++i) {
    into.add({.name = name + "_" + ways[i].name,
              .what = "the same by " + ways[i].name,
              .unit = "calls/s",
              .value = rate(took[i]),
              .floor = rate(took[1])});
  }
  into.add({.name = name + "_direct",
            .what = "time a call of our best way; the floor is the direct call by one caller",
            .value = took[best],
            .floor = took[0],
            .aim = 1.15});
}

}  // namespace

void measure_actors(subject& with, results& into) {
  crowd ours(with);
  const actor_peer theirs(with.direct, threads, depth);
  measure_crowd(ours, theirs, with, 1, 1.3, into);
  measure_crowd(ours, theirs, with, 16, 1.1, into);
  measure_crowd(ours, theirs, with, 256, 1.2, into);
}

bool only_actors(subject& with, const std::string& name, const repeat& run) {
  crowd ours(with);
  const actor_peer theirs(with.direct, threads, depth);
  for (const unsigned count : {1U, 16U, 256U}) {
    std::vector<way> ways = ways_of(ours, theirs, with, count);
    for (way& each : ways) each.name = "actor_" + std::to_string(count) + "_" + each.name;
    if (run_only(ways, name, run)) return true;
  }
  return false;
}

}  // namespace holdfast::bench
