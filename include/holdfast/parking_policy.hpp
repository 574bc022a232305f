// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/duration.hpp>

/// How long results wait for callers who left, and what became of such calls.
namespace holdfast {

/// Bounds of the results that are kept for whoever asks by id. Over a bound the oldest goes, those that were
/// read already first.
struct parking_policy {
  std::size_t count = 4096;                 ///< results
  std::size_t bytes = 64U << 20;            ///< of all results together
  duration time = std::chrono::minutes(5);  ///< from the outcome, or from the last reading
};

/// The account of calls whose caller left: an *orphan* runs on and nobody waits for it.
struct orphan_figures {
  std::size_t orphans = 0;           ///< calls that nobody waits for now, queued or running
  std::uint64_t orphaned = 0;        ///< how often a call became one
  duration cost = duration::zero();  ///< time that guests ran for nobody
  std::size_t parked = 0;            ///< results that are kept now
  std::size_t parked_bytes = 0;      ///< ... and their size
  std::uint64_t claimed = 0;         ///< late results that somebody came back for
  std::uint64_t dropped = 0;         ///< late results that nobody came back for in time
};

}  // namespace holdfast
