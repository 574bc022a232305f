// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <holdfast/duration.hpp>
#include <memory>

/// Threads for host functions, away from the workers: a function that blocks holds no guest's thread.
namespace holdfast::detail {

class function_threads {
 public:
  /// Throws `std::system_error` where a thread cannot be started.
  explicit function_threads(unsigned count);
  function_threads(const function_threads&) = delete;
  function_threads& operator=(const function_threads&) = delete;

  /// Drops what has not begun and waits a little for what runs. A function that never returns keeps its
  /// thread, and nothing else: it is left behind.
  ~function_threads();

  /// Any thread. False: too much waits, or the end has begun; the work is dropped.
  bool post(std::function<void()> work) const;

 private:
  void end() noexcept;

  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace holdfast::detail
