// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <holdfast/duration.hpp>

/// How times are spread: counts between fixed bounds, 1, 2 and 5 of each power of ten.
namespace holdfast::serve {

/// Copied to be read; whoever writes has a lock.
class histogram {
 public:
  static constexpr std::size_t bounds = 25;  ///< from 1 us to 100 s
  /// The upper bound of that place.
  static duration bound(std::size_t place) noexcept;

  void add(duration what) noexcept;
  void add(const histogram& other) noexcept;

  /// Of the place; that of `bounds` has what is above them all.
  std::uint64_t at(std::size_t place) const noexcept { return counts_[place]; }
  std::uint64_t count() const noexcept;
  duration sum() const noexcept { return sum_; }

  /// The time that so large a share was within, as far as the bounds tell. 0: there is none.
  duration quantile(double share) const noexcept;

 private:
  std::array<std::uint64_t, bounds + 1> counts_{};
  duration sum_{};
};

}  // namespace holdfast::serve
