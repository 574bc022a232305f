// SPDX-License-Identifier: Apache-2.0
#include "bench/alternate.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace holdfast::bench {
namespace {

using clock = std::chrono::steady_clock;
using nanoseconds = std::chrono::duration<double, std::nano>;

nanoseconds time_of(const batch& calls, unsigned count) {
  const auto begun = clock::now();
  calls(count);
  return clock::now() - begun;
}

/// Warms a way up, and finds how many of its calls fill a round.
unsigned calls_a_round(const batch& calls, nanoseconds round_time) {
  for (unsigned count = 1;; count *= 2) {
    const nanoseconds took = time_of(calls, count);
    if (took >= round_time) return std::max(1U, static_cast<unsigned>(count * (round_time / took)));
  }
}

}  // namespace

double median(std::vector<double> of) {
  const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
  std::ranges::nth_element(of, middle);
  return *middle;
}

std::vector<double> alternate(std::span<const way> ways, const turns& how) {
  std::vector<unsigned> counts;
  for (const way& each : ways) counts.push_back(calls_a_round(each.calls, how.round_time));
  std::vector<std::vector<double>> took(ways.size());
  for (std::size_t round = 0; round < how.rounds; ++round) {
    for (std::size_t turn = 0; turn < ways.size(); ++turn) {
      const std::size_t next = (round + turn) % ways.size();
      took[next].push_back(time_of(ways[next].calls, counts[next]).count() / counts[next]);
    }
  }
  std::vector<double> medians;
  for (auto& each : took) medians.push_back(median(std::move(each)));
  return medians;
}

}  // namespace holdfast::bench
