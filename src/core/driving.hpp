// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

/// Whether this thread is one that others depend on: it drives a cell or fires deadlines.
///
/// Such a thread runs no further guest below it (waiters' callbacks may submit), and must never wait for a
/// cell.
namespace holdfast::core {

class driving_mark {
 public:
  driving_mark() noexcept : before_(std::exchange(marked, true)) {}
  driving_mark(const driving_mark&) = delete;
  driving_mark& operator=(const driving_mark&) = delete;
  ~driving_mark() { marked = before_; }

  static bool here() noexcept { return marked; }

  /// For those who switch stacks: marks this thread as the stack that comes is, answers how the one that goes
  /// was.
  static bool exchange(bool now) noexcept { return std::exchange(marked, now); }

 private:
  static constinit inline thread_local bool marked = false;

  const bool before_;
};

}  // namespace holdfast::core
