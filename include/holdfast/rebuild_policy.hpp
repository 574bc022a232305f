// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/duration.hpp>

/// How a lost instance is rebuilt.
namespace holdfast {

/// After a fault the next instance is built at once. Where that fails, again after a wait, until it is given
/// up.
struct rebuild_policy {
  duration base =
      std::chrono::milliseconds(10);        ///< first wait after a failure, doubled each time, with jitter
  duration max = std::chrono::seconds(30);  ///< the longest wait
  unsigned give_up_after = 8;               ///< failures in a row before a cell is `broken`; 0: never
  duration build_limit = std::chrono::seconds(30);  ///< for one instantiation, start functions included
};

}  // namespace holdfast
