// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/error.hpp>

/// The single terminal result of a call. Every accepted call reaches exactly one.
namespace holdfast {

enum class outcome {
  completed = 1,     ///< the guest returned; a WIT `result` error is a value too
  refused,           ///< not admitted, or no instance left to run it; never entered
  revoked,           ///< taken back before it began
  expired_in_queue,  ///< its deadline passed before it began
  trapped,           ///< the guest faulted
  host_failed,       ///< a host function or the taking over of a value failed
  deadline_killed,   ///< stopped at its deadline or run limit
  killed,            ///< stopped by an explicit kill or by shutdown
  collateral,        ///< its store was lost to a neighbour's fault
  lost_in_crash,     ///< started, unfinished when the process died, not retry-safe
};

/// The outcome that an error code stands for. `detached`, `gone` and set-up errors, which are no outcomes,
/// count as `refused`: whether the guest ran is for `effect_of(errc)` to say of these.
outcome outcome_of(errc code) noexcept;

/// Whether the guest ran.
effect effect_of(outcome what) noexcept;

/// The word for it, as on the wire: `completed`, `deadline_killed`, ...
const char* to_string(outcome what) noexcept;

}  // namespace holdfast
