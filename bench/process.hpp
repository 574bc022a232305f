// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What the system tells of this process.
namespace holdfast::bench {

std::uint64_t resident_bytes();
std::uint64_t address_space_bytes();
std::uint64_t mapping_count();

/// How much of the machine others had: figures of a busy machine are worth less.
class machine_share {
 public:
  machine_share();
  /// The part of all cores' time since then that other processes used, 0 to 1.
  double of_others() const;

 private:
  struct times {
    double busy = 0;  // of all processes, in seconds
    double all = 0;
    double own = 0;
  };
  static times now();
  times begun_;
};

}  // namespace holdfast::bench
