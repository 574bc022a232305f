// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <holdfast/observer.hpp>
#include <memory>

#include "engine/function_job.hpp"

/// Threads for host functions, away from the workers: a function that blocks holds no guest's thread.
///
/// A function whose instance was cut while it runs is stuck until it returns: nobody waits for it, and it may
/// never. Its thread is its own then and another takes its place, up to a limit, where all that waits and all
/// that comes is refused. So there are never more threads than `count` and the limit together.
namespace holdfast::detail {

class function_threads {
 public:
  /// `told` may be null. Throws `std::system_error` where a thread cannot be started.
  function_threads(unsigned count, std::size_t most_stuck, std::shared_ptr<observer> told);
  function_threads(const function_threads&) = delete;
  function_threads& operator=(const function_threads&) = delete;

  /// Refuses what has not begun and waits a little for what runs. A function that never returns keeps its
  /// thread, and nothing else: it is left behind.
  ~function_threads();

  /// Runs the job, or refuses it in here: too much waits, too many are stuck, or the end has begun. Any
  /// thread.
  void post(bridge::function_job work) const;

  /// How many are stuck now.
  std::size_t stuck() const noexcept;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace holdfast::detail
