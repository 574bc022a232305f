// SPDX-License-Identifier: Apache-2.0
#include "cli/latency_spread.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace holdfast::cli {

// Below 64 ns each has its own place; above, a place has the same first seven bits.
std::size_t latency_spread::place_of(std::uint64_t nanoseconds) noexcept {
  if (nanoseconds < steps) return nanoseconds;
  const auto shift = static_cast<std::size_t>(std::bit_width(nanoseconds)) - 7;
  return (shift + 1) * steps + ((nanoseconds >> shift) - steps);
}

std::uint64_t latency_spread::last_of(std::size_t place) noexcept {
  if (place < steps) return place;
  const std::size_t shift = place / steps - 1;
  return ((place % steps + steps + 1) << shift) - 1;
}

void latency_spread::add(duration what) noexcept {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max<duration::rep>(what.count(), 0));
  ++counts_[std::min(place_of(nanoseconds), counts_.size() - 1)];
  ++count_;
  max_ = std::max(max_, what);
}

duration latency_spread::quantile(double share) const noexcept {
  if (count_ == 0) return duration::zero();
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_) - 1e-9)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::min(duration(static_cast<duration::rep>(last_of(i))), max_);
  }
  return max_;
}

}  // namespace holdfast::cli
