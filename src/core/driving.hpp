// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Whether this thread is one that others depend on: it drives a cell or fires deadlines.
///
/// Such a thread runs no further guest below it (waiters' callbacks may submit), and must never wait for a
/// cell.
namespace holdfast::core {

class driving_mark {
 public:
  driving_mark() noexcept;
  driving_mark(const driving_mark&) = delete;
  driving_mark& operator=(const driving_mark&) = delete;
  ~driving_mark();

  static bool here() noexcept;

 private:
  const bool before_;
};

}  // namespace holdfast::core
