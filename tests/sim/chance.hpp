// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Chance that is the same on every machine.
///
/// The standard's distributions may differ from library to library, so a seed would tell another story
/// elsewhere. Here is all the simulator needs of them.
namespace holdfast::sim {

class chance {
 public:
  explicit constexpr chance(std::uint64_t seed) noexcept : state_(seed) {}

  /// An independent stream: what one consumes does not move the other.
  static constexpr chance stream(std::uint64_t seed, std::uint64_t which) noexcept {
    chance mixed(seed ^ (which + 1) * 0xd1342543de82ef95U);
    return chance(mixed.next());
  }

  constexpr std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
  }

  /// From 0 to `bound - 1`. A bound of 0 gives 0.
  constexpr std::uint32_t below(std::uint32_t bound) noexcept {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

  /// From `low` to `high`, both included.
  constexpr std::uint32_t between(std::uint32_t low, std::uint32_t high) noexcept {
    return low + below(high - low + 1);
  }

  constexpr bool one_in(std::uint32_t n) noexcept { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace holdfast::sim
