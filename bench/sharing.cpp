// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>

#include "bench/alternate.hpp"
#include "bench/callers.hpp"
#include "bench/only.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;

constexpr std::array<unsigned, 3> counts{1, 16, 128};  // calls in flight

/// One instance, and callers on an event loop of this thread: each makes its calls one after the other.
class company {
 public:
  company(const subject& with, const component& guest, unsigned count)
      : owner_(with.with),
        pool_(subject::open(owner_, guest, {.cells = 1, .sharing = {.calls = count}})),
        add_(must(pool_.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"))),
        count_(count) {}

  void async(style how, start first, unsigned calls) {
    callers all(loop_.get_executor(), add_, how, first);
    all.begin(count_, std::max(1U, calls / count_));
    loop_.restart();
    loop_.run();
    all.wait();
  }

  void blocking(unsigned calls) const { add_in_turn(add_, calls); }

 private:
  host owner_;
  pool pool_;
  adder add_;
  unsigned count_;
  asio::io_context loop_{1};
};

/// The ways of so many calls in flight, the direct one first.
std::vector<way> ways_of(company& ours, concurrent_peer& direct, unsigned count) {
  const auto async = [&](style how, start first) {
    return [&ours, how, first](unsigned calls) { ours.async(how, first, calls); };
  };
  std::vector<way> ways{
      {"direct", [&direct, count](unsigned calls) { direct.add(count, std::max(count, calls)); }},
      {"handler_dispatch", async(style::handler, start::dispatch),
       "a chain of handlers a caller, `dispatch`"},
      {"handler_post", async(style::handler, start::post), "a chain of handlers a caller, `post`"},
      {"coroutine_dispatch", async(style::coroutine, start::dispatch), "a coroutine a caller, `dispatch`"},
      {"coroutine_post", async(style::coroutine, start::post), "a coroutine a caller, `post`"},
  };
  if (count == 1)
    ways.push_back({"blocking", [&ours](unsigned calls) { ours.blocking(calls); }, "the blocking call"});
  return ways;
}

std::string row_of(unsigned count) { return "sharing_" + std::to_string(count); }

void measure(company& ours, concurrent_peer& direct, unsigned count, results& into) {
  const std::vector<way> ways = ways_of(ours, direct, count);
  const std::vector<double> took =
      alternate(ways, {.rounds = 51, .round_time = std::chrono::milliseconds(20)});
  const auto best =
      static_cast<std::size_t>(std::ranges::min_element(took.begin() + 1, took.end()) - took.begin());
  const std::string name = row_of(count);
  into.add({.name = name,
            .what = "a call of an async function that yields once, " + std::to_string(count) +
                    " in flight in one instance, the best of our ways below; the floor is `call_concurrent`",
            .value = took[best],
            .floor = took[0],
            .must = bar{1.3},
            .note = ways[best].name});
  for (std::size_t i = 1; i < ways.size(); ++i)
    into.add({.name = name + "_" + ways[i].name, .what = ways[i].what, .value = took[i], .floor = took[0]});
}

/// The guest, in an engine of ours and in one of the peer's, with so many calls in flight.
class stage {
 public:
  explicit stage(subject& with)
      : text_(read_file(HOLDFAST_SOURCE_DIR "/bench/guests/yields.wat")),
        with_(with),
        guest_(must(component::compile(with.with, bytes()))),
        direct_(bytes(), with.with.options().tick) {}

  template <class Play>
  void play(unsigned count, Play&& how) {
    company ours(with_, guest_, count);
    how(ours, direct_);
  }

 private:
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(text_)); }

  std::vector<char> text_;
  subject& with_;
  component guest_;
  concurrent_peer direct_;
};

}  // namespace

void measure_sharing(subject& with, results& into) {
  stage all(with);
  for (const unsigned count : counts)
    all.play(count, [&](company& ours, concurrent_peer& direct) { measure(ours, direct, count, into); });
}

bool only_sharing(subject& with, const std::string& name, const repeat& run) {
  for (const unsigned count : counts) {
    const std::string prefix = row_of(count) + "_";
    if (!name.starts_with(prefix)) continue;
    bool ran = false;
    stage(with).play(count, [&](company& ours, concurrent_peer& direct) {
      ran = run_only(ways_of(ours, direct, count), name.substr(prefix.size()), run);
    });
    return ran;
  }
  return false;
}

}  // namespace holdfast::bench
