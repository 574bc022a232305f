// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/run.hpp"

/// Many seeds, and the smallest plan of one that fails.
namespace holdfast::sim {

struct campaign {
  std::uint64_t from = 0;
  std::uint64_t seeds = 0;
  unsigned jobs = 1;
};

struct tally_of_seeds {
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t points = 0;
  std::uint64_t violations = 0;  ///< seeds that broke a law
  std::uint64_t digest = 0;      ///< of all runs, whatever the number of jobs
  std::optional<std::uint64_t> first_bad_seed{};
  std::string first_law{};  ///< that the first bad seed broke, or how the program died of it
};

/// Plays them, each job in a process of its own: core keeps a lock for the whole process, and a seed of which
/// core dies is found and named like any other. Call it from a program of one thread.
tally_of_seeds play_seeds(const campaign& what);

/// The plan of a bad seed without the calls that its failure does not need.
struct smallest {
  plan left;
  std::vector<int> kept;  ///< the calls of the plan that are needed
  report told;
};
smallest shrink(const plan& whole, std::uint64_t seed);

/// A plan with the calls of `kept` only.
plan only(plan what, const std::vector<int>& kept);

}  // namespace holdfast::sim
