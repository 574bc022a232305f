// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

/// Times several ways of doing one thing in turns.
///
/// A loop of our own and not Google Benchmark's: that one finishes one way before it begins the other, and
/// minutes of a shared machine lie between the two. Here each round times every way, and who goes first
/// changes with every round, because a machine is never twice the same: only the ratio is worth a bar.
namespace holdfast::bench {

/// Makes so many calls.
/// @throws std::runtime_error where one fails: a figure of failed calls is none
using batch = std::function<void(unsigned calls)>;

struct way {
  std::string name;
  batch calls;
  std::string what{};  ///< for people, where the name does not say it
};

struct turns {
  unsigned rounds = 101;  ///< at least 7
  /// Several ticks of the engine, so that each round has its share of them, and short against what else the
  /// machine does.
  std::chrono::milliseconds round_time{10};
};

/// Nanoseconds a call, the median round of each way, in the order given.
std::vector<double> alternate(std::span<const way> ways, const turns& how = {});

/// The middle one; of an even number the upper of the two. @pre not empty
double median(std::vector<double> of);

}  // namespace holdfast::bench
