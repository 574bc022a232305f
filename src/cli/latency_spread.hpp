// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <holdfast/duration.hpp>

/// How times are spread, each known to within 1.6 %, in room that does not grow.
namespace holdfast::cli {

class latency_spread {
 public:
  void add(duration what) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  duration max() const noexcept { return max_; }
  /// The time that so large a share was within; never above `max`. Zero: there is none.
  duration quantile(double share) const noexcept;

 private:
  static constexpr std::size_t steps = 64;  // of each power of two
  static constexpr std::size_t powers = 58;
  static std::size_t place_of(std::uint64_t nanoseconds) noexcept;
  static std::uint64_t last_of(std::size_t place) noexcept;

  std::array<std::uint64_t, steps * powers> counts_{};
  std::uint64_t count_ = 0;
  duration max_{};
};

}  // namespace holdfast::cli
