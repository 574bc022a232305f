// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storm/storm.hpp"

/// What a storm came to, as a line of JSON and as sentences.
namespace holdfast::storm {

/// Whether late deadlines are a breach. On a machine that does other work at the same time they prove
/// nothing.
enum class lateness : std::uint8_t { judged, printed };

struct verdict {
  lateness late = lateness::judged;
  storm_result told{};
  machine start{};  ///< after a storm of the same kind, drained
  machine end{};
  double tick_ms = 0;

  /// What does not hold, a sentence each; empty: all holds.
  std::vector<std::string> breaches() const;
  std::string json() const;
};

/// The value that so much of a sorted list does not exceed; 0 for none.
double percentile(const std::vector<double>& sorted, double share) noexcept;

}  // namespace holdfast::storm
