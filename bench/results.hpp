// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/figure.hpp"

/// What a run found out.
namespace holdfast::bench {

/// Cells of one size of pool.
struct cells_point {
  std::size_t cells = 0;
  double call_ns = 0;                ///< a call of a pool with so many cells
  std::optional<double> apart_ns{};  ///< a call of one of so many pools with a cell each, at random
  double cell_bytes = 0;             ///< resident memory a cell that was never called
  std::uint64_t mappings = 0;        ///< that the engine and its pools up to this size have
  std::uint64_t address_space = 0;   ///< that the engine has, in bytes
};

/// What happened at one rate of arrival.
struct load_level {
  double times = 0;                   ///< of capacity
  double offered = 0;                 ///< calls a second
  double goodput = 0;                 ///< answers in time a second
  double refused = 0;                 ///< a second, at the door
  double expired = 0;                 ///< a second, whose deadline passed in the queue
  double stopped = 0;                 ///< a second, whose deadline passed while they ran
  std::vector<double> answered_ns{};  ///< at each of `quantiles`
  std::vector<double> refused_ns{};
};

/// How long answers took where calls came at a fixed rate.
struct latency_curve {
  std::string name;
  std::vector<double> ns;  ///< at each of `quantiles`
};

inline constexpr double quantiles[] = {0.5, 0.9, 0.99, 0.999, 0.9999};

struct results {
  std::vector<figure> figures{};
  std::vector<cells_point> cells{};
  std::vector<load_level> load{};
  std::vector<latency_curve> latency{};
  double latency_rate = 0;             ///< calls a second of each of these
  std::vector<std::string> missing{};  ///< rows that there are none of, and why
  std::vector<std::string> remarks{};

  /// Keeps the figure and prints its line.
  void add(figure of);
};

}  // namespace holdfast::bench
