// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <boost/asio/thread_pool.hpp>

#include "bench/alternate.hpp"
#include "bench/callers.hpp"
#include "bench/only.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;

constexpr unsigned threads = 2;
constexpr unsigned depth = 1024;  // of either queue

/// What is called, and what was promised of that.
struct kind {
  std::string name;
  std::string of;  // calls
  std::vector<std::string> brief;
  std::array<double, 3> bars;  // by 1, 16 and 256 callers
};
const kind usual{"actor", "", {}, {1.3, 1.1, 1.2}};
const kind brief{"brief", " of an export that is declared brief", {"add"}, {2, 1.5, 2}};
constexpr std::array<unsigned, 3> counts{1, 16, 256};

using executor = asio::thread_pool::executor_type;

/// One instance, and callers on the threads of an Asio pool.
class crowd {
 public:
  crowd(const subject& with, const kind& of)
      : owner_(with.with),
        pool_(with.open(owner_, {.cells = 1, .queue_depth = depth, .brief = of.brief})),
        add_(must(pool_.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"))) {}
  ~crowd() {
    one_thread_.join();
    threads_.join();
  }
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;

  executor one_thread() { return one_thread_.get_executor(); }
  executor all_threads() { return threads_.get_executor(); }

  void async(const executor& on, style how, start first, unsigned count, unsigned calls) {
    callers all(on, add_, how, first);
    all.begin(count, std::max(1U, calls / count));
    all.wait();
  }

  void blocking(unsigned calls) const { add_in_turn(add_, calls); }

 private:
  asio::thread_pool one_thread_{1};
  asio::thread_pool threads_{threads};
  host owner_;
  pool pool_;
  adder add_;
};

struct cures {
  explicit cures(const subject& with)
      : usual(with.direct, threads, depth), one_thread(with.direct, 0, depth) {}
  actor_peer usual;
  actor_peer one_thread;
};

constexpr std::size_t first_of_ours = 3;

std::vector<way> ways_of(crowd& ours, const cures& theirs, subject& with, unsigned count) {
  const auto cure = [count](const actor_peer& which) {
    return [&which, count](unsigned calls) { which.add(count, std::max(1U, calls / count)); };
  };
  const auto async = [&ours, count](const executor& on, style how, start first) {
    return [&ours, on, count, how, first](unsigned calls) { ours.async(on, how, first, count, calls); };
  };
  const auto both = ours.all_threads();
  const auto one = ours.one_thread();
  const std::string coroutines = "a coroutine a caller, ";
  const std::string handlers = "a chain of handlers a caller, ";
  const std::string of_two = " on an Asio pool of 2 threads";
  const std::string of_one = " on an Asio loop of one thread";
  std::vector<way> ways{
      {"direct", [&](unsigned calls) { with.direct.add(calls); }},
      {"tokio", cure(theirs.usual)},
      {"tokio_one_thread", cure(theirs.one_thread),
       "the usual cure on a Tokio runtime of one thread, without any hand-over"},
      {"coroutine_dispatch", async(both, style::coroutine, start::dispatch),
       coroutines + "`dispatch`," + of_two},
      {"coroutine_post", async(both, style::coroutine, start::post), coroutines + "`post`," + of_two},
      {"handler_dispatch", async(both, style::handler, start::dispatch), handlers + "`dispatch`," + of_two},
      {"handler_post", async(both, style::handler, start::post), handlers + "`post`," + of_two},
      {"loop_coroutine_dispatch", async(one, style::coroutine, start::dispatch),
       coroutines + "`dispatch`," + of_one},
      {"loop_handler_dispatch", async(one, style::handler, start::dispatch),
       handlers + "`dispatch`," + of_one},
      {"loop_handler_post", async(one, style::handler, start::post), handlers + "`post`," + of_one},
  };
  if (count == 1)
    ways.push_back({"blocking", [&ours](unsigned calls) { ours.blocking(calls); }, "the blocking call"});
  return ways;
}

void measure_crowd(crowd& ours, const cures& theirs, subject& with, const kind& of, unsigned count,
                   double limit, results& into) {
  const std::vector<way> ways = ways_of(ours, theirs, with, count);
  // Rounds that are long against the beginning and the end, where not all callers are there.
  const std::vector<double> took =
      alternate(ways, {.rounds = 51, .round_time = std::chrono::milliseconds(20)});
  const std::string name = of.name + "_" + std::to_string(count);
  const auto row = [&](const std::string& suffix, const std::string& what, std::size_t which) {
    return figure{.name = name + suffix,
                  .what = what,
                  .unit = "calls/s",
                  .value = 1e9 / took[which],
                  .floor = 1e9 / took[1]};
  };
  const auto best = static_cast<std::size_t>(
      std::ranges::min_element(took.begin() + first_of_ours, took.end()) - took.begin());
  figure bounded_row =
      row("",
          "calls a second" + of.of + " of one instance by " + std::to_string(count) +
              (count == 1 ? " caller" : " callers") +
              ", the best of our ways below; the floor is a Tokio task with mpsc and oneshot on a "
              "runtime of 2 workers",
          best);
  bounded_row.must = bar{limit, bound::at_least};
  bounded_row.note = ways[best].name;
  into.add(std::move(bounded_row));
  for (std::size_t i = 2; i < ways.size(); ++i)
    into.add(row("_" + ways[i].name, "the same: " + ways[i].what, i));
  into.add({.name = name + "_direct",
            .what = "time a call of our best way; the floor is the direct call by one caller",
            .value = took[best],
            .floor = took[0],
            .aim = 1.15});
}

void measure(const kind& what, subject& with, results& into) {
  crowd ours(with, what);
  const cures theirs(with);
  for (std::size_t i = 0; i < counts.size(); ++i)
    measure_crowd(ours, theirs, with, what, counts[i], what.bars[i], into);
}

}  // namespace

void measure_actors(subject& with, results& into) { measure(usual, with, into); }
void measure_brief_actors(subject& with, results& into) { measure(brief, with, into); }

bool only_actors(subject& with, const std::string& name, const repeat& run) {
  for (const kind& what : {usual, brief}) {
    crowd ours(with, what);
    const cures theirs(with);
    for (const unsigned count : counts) {
      std::vector<way> ways = ways_of(ours, theirs, with, count);
      for (way& each : ways) each.name = what.name + "_" + std::to_string(count) + "_" + each.name;
      if (run_only(ways, name, run)) return true;
    }
  }
  return false;
}

}  // namespace holdfast::bench
