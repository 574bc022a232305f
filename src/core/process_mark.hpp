// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Whether this is still the process in which something began.
///
/// A fork copies memory and one thread. The workers, the ticker and the reactor stay behind, so nothing that
/// needs them would ever come to an end in the child, and locks that they held stay locked. What was made
/// before a fork asks its mark first, without a lock or a system call.
namespace holdfast::core {

/// Thread-safe.
class process_mark {
 public:
  /// Marks this process.
  process_mark() noexcept;

  /// True in a child that was forked after the mark was made, and in its children.
  bool forked() const noexcept;

 private:
  unsigned made_in_;
};

}  // namespace holdfast::core
