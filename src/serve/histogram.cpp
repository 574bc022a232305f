// SPDX-License-Identifier: Apache-2.0
#include "serve/histogram.hpp"

#include <algorithm>
#include <numeric>

namespace holdfast::serve {
namespace {

constexpr auto all_bounds = [] {
  std::array<duration, histogram::bounds> made{};
  duration::rep power = 1000;  // nanoseconds
  for (std::size_t i = 0; i < made.size(); ++i) {
    constexpr std::array<duration::rep, 3> steps{1, 2, 5};
    made[i] = duration(power * steps[i % steps.size()]);
    if (i % steps.size() == steps.size() - 1) power *= 10;
  }
  return made;
}();
static_assert(all_bounds.front() == std::chrono::microseconds(1));
static_assert(all_bounds.back() == std::chrono::seconds(100));

}  // namespace

duration histogram::bound(std::size_t place) noexcept { return all_bounds[place]; }

void histogram::add(duration what) noexcept {
  // A bound is of its place.
  const auto found = std::ranges::lower_bound(all_bounds, what);
  ++counts_[static_cast<std::size_t>(found - all_bounds.begin())];
  sum_ += what;
}

void histogram::add(const histogram& other) noexcept {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  sum_ += other.sum_;
}

std::uint64_t histogram::count() const noexcept {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

duration histogram::quantile(double share) const noexcept {
  const double wanted = share * static_cast<double>(count());
  double before = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const auto here = static_cast<double>(counts_[i]);
    if (here > 0 && before + here >= wanted) {
      if (i == bounds) return all_bounds.back();
      const duration low = i > 0 ? all_bounds[i - 1] : duration::zero();
      const double part = (wanted - before) / here;
      return low + duration(static_cast<duration::rep>(static_cast<double>((all_bounds[i] - low).count()) *
                                                       std::clamp(part, 0.0, 1.0)));
    }
    before += here;
  }
  return duration::zero();
}

}  // namespace holdfast::serve
