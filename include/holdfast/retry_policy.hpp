// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/duration.hpp>

/// When Holdfast sends a call again by itself.
namespace holdfast {

/// Off unless `attempts` says otherwise. Again means: after a full queue, where the guest was never entered,
/// or, for an export whose contract says `idempotent` or `read-only`, after a trap, a failed host function, a
/// run limit or a store lost to a neighbour. Never after an explicit kill, never past the call's deadline.
/// While it backs off a call holds neither an instance nor a place in the queue.
struct retry_policy {
  unsigned attempts = 1;                          ///< in all, the first included; 1: never again
  duration base = std::chrono::milliseconds(10);  ///< longest first wait, doubled each time
  duration max = std::chrono::seconds(1);         ///< longest wait; each is drawn between half of it and all
  double budget = 0.1;  ///< retries a call admitted: the share of traffic that retries may add
  unsigned burst = 10;  ///< retries that may be made on top, such as before any traffic
};

}  // namespace holdfast
