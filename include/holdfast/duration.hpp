// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

/// Time as Holdfast counts it: steady, in nanoseconds.
namespace holdfast {

/// 64 bits: 292 years at most.
using duration = std::chrono::nanoseconds;
/// Of the steady clock: it means nothing to another process.
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

/// Written out where no limit is meant: there is no default that never ends.
inline constexpr duration no_limit = duration::max();

}  // namespace holdfast
