// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What the system says of this process.
namespace holdfast::serve {

struct process_figures {
  double cpu_seconds = 0;
  double start_time = 0;  ///< in seconds since 1970
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t max_descriptors = 0;

  /// What cannot be had is 0.
  static process_figures now();
};

}  // namespace holdfast::serve
