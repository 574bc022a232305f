// SPDX-License-Identifier: Apache-2.0
#include "bench/figure.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

namespace holdfast::bench {
namespace {

using clock = std::chrono::steady_clock;
using nanoseconds = std::chrono::duration<double, std::nano>;

constexpr std::size_t rounds = 101;

// Several ticks of the engine, so that each batch has its share of them, and short against what else the
// machine does.
constexpr std::chrono::milliseconds round_time{10};

nanoseconds time_of(const batch& calls, unsigned count) {
  const auto begun = clock::now();
  calls(count);
  return clock::now() - begun;
}

/// Warms a way up, and finds how many of its calls fill a round.
unsigned calls_a_round(const batch& calls) {
  for (unsigned count = 16;; count *= 2) {
    const nanoseconds took = time_of(calls, count);
    if (took >= round_time)
      return std::max(1U, static_cast<unsigned>(count * (nanoseconds(round_time) / took)));
  }
}

double median(std::vector<double>& of) {
  const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
  std::ranges::nth_element(of, middle);
  return *middle;
}

}  // namespace

figure measure(std::string name, std::optional<double> bar, const batch& ours, const batch& direct) {
  struct way {
    const batch& calls;
    unsigned count;
    std::vector<double> took{};
  };
  std::array<way, 2> ways{way{ours, calls_a_round(ours)}, way{direct, calls_a_round(direct)}};
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < ways.size(); ++turn) {
      way& next = ways[(round + turn) % ways.size()];
      next.took.push_back(time_of(next.calls, next.count).count() / next.count);
    }
  }
  return {.name = std::move(name), .value = median(ways[0].took), .floor = median(ways[1].took), .bar = bar};
}

}  // namespace holdfast::bench
