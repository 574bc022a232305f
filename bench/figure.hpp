// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

/// A figure: what Holdfast takes for something, beside what the machine takes for it without Holdfast.
///
/// Both are measured in one run, in turns, because a machine is never twice the same: only their ratio is
/// worth a bar.
namespace holdfast::bench {

struct figure {
  std::string name{};
  double value = 0;             ///< Holdfast, in nanoseconds a call
  double floor = 0;             ///< the direct way, in nanoseconds a call
  std::optional<double> bar{};  ///< the most that the ratio may be; empty: nothing was promised yet

  double ratio() const noexcept { return value / floor; }
  bool ok() const noexcept { return !bar || ratio() <= *bar; }
};

/// Makes so many calls.
/// @throws std::runtime_error where one fails: a figure of failed calls is none
using batch = std::function<void(unsigned calls)>;

/// Measures two ways in turns, and gives the median round of each.
///
/// A loop of our own and not Google Benchmark's: that one finishes one way before it begins the other, and
/// minutes of a shared machine lie between the two. Here each round times both, and who goes first changes
/// with every round.
figure measure(std::string name, std::optional<double> bar, const batch& ours, const batch& direct);

}  // namespace holdfast::bench
