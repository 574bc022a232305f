// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <holdfast/observer.hpp>
#include <memory>

#include "engine/function_job.hpp"

/// The account of host functions, and the threads for those that have no executor: away from the workers, so
/// that a function that blocks holds no guest's thread.
///
/// A function whose instance was cut while it waits is dropped at once, with its arguments. One whose
/// instance was cut while it runs is stuck until it ends, here or on an executor: nobody waits for it, and it
/// may never. A thread that it has is its own then and another takes its place. At a limit of stuck ones all
/// that waits for a thread and all that comes is refused.
///
/// A function that waits for a guest lends its thread's place to another, since the guest may need a host
/// function itself; within the same limit, so there are never more threads than twice `count` and the limit
/// together.
namespace holdfast::detail {

struct function_limits {
  std::size_t stuck = 64;
  /// Of arguments that wait. What comes while nothing waits is taken, however large it is.
  std::size_t bytes = 256U << 20;
};

class function_threads {
 public:
  /// `told` may be null. Throws `std::system_error` where a thread cannot be started.
  function_threads(unsigned count, function_limits limits, std::shared_ptr<observer> told);
  function_threads(const function_threads&) = delete;
  function_threads& operator=(const function_threads&) = delete;

  /// Refuses what waits for a thread and waits a little for what runs on one. A function that never returns
  /// keeps its thread, and nothing else: it is left behind.
  ~function_threads();

  /// Has the job run on its executor or on a thread, or refuses it in here: too much waits, too many are
  /// stuck, or the end has begun. Any thread.
  void post(bridge::function_job work) const;

  /// How many are stuck now.
  std::size_t stuck() const noexcept;

 private:
  friend class lent_thread;
  struct state;
  struct entry;
  std::shared_ptr<state> state_;
};

/// While this thread sleeps until a guest has answered: if it is one for host functions, another takes its
/// place.
class lent_thread {
 public:
  lent_thread() noexcept;
  lent_thread(const lent_thread&) = delete;
  lent_thread& operator=(const lent_thread&) = delete;
  ~lent_thread();

  /// False: no thread could take its place, so it must not sleep.
  explicit operator bool() const noexcept { return given_; }

 private:
  function_threads::entry* of_ = nullptr;
  bool given_ = true;
};

}  // namespace holdfast::detail
