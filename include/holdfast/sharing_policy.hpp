// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <holdfast/duration.hpp>

/// How calls share an instance.
namespace holdfast {

/// Instances of a component with async functions (WASI 0.3) run several calls at once: one goes on while
/// others wait. What loses the instance loses all of them: the call that trapped or was stopped has that for
/// its outcome, and those beside it are `collateral`, whose effect nobody can say. Exports lifted
/// synchronously let nothing begin beside them, and other components run one call at a time, whatever stands
/// here.
///
/// A call that will be stopped soon is put beside few others, so that few are lost with it.
struct sharing_policy {
  std::uint32_t calls = 16;                  ///< in flight in one instance, at least one; 1: one at a time
  std::uint32_t beside_hasty = 4;            ///< ... at most, while one of them is hasty; at least one
  duration hasty = std::chrono::seconds(1);  ///< a call with less than this until it is stopped, as it begins
  /// How long an instance may go on without having been idle since a call in it had its result. Past it
  /// nothing begins until what is in flight has ended: only then it can be told whether a task goes on after
  /// its call's result, which is stopped when it has had as much time as its call. `no_limit`: for as long as
  /// calls come.
  duration tail = std::chrono::minutes(5);
};

}  // namespace holdfast
