// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <holdfast/duration.hpp>

/// How long it is remembered what became of calls with a key.
namespace holdfast {

/// Bounds of the outcomes that stand under a key, of all pools of a host together. Over a bound the oldest
/// goes, and its key is new again; an outcome that is larger than all may be is not remembered. Calls that
/// wait or run are not counted: their queue bounds them.
struct key_policy {
  std::size_t count = 100'000;             ///< outcomes
  std::size_t bytes = 64U << 20;           ///< keys, results and about 1 KiB each, of all together
  duration time = std::chrono::hours(24);  ///< from the outcome
  /// Where there is a journal: calls with a key that wait, run, or have an outcome that is not written yet.
  /// One more is refused as `queue_full`.
  std::size_t under_way = 16'384;
  std::size_t under_way_bytes = 256U << 20;  ///< results that are not written yet; the same
};

}  // namespace holdfast
