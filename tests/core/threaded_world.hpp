// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/environment.hpp"
#include "core/workers.hpp"

namespace holdfast::core::fakes {

/// Real threads and the real clock over fake guests. Whoever uses it moves the deadlines on.
struct threaded_world {
  steady_time time;
  timers deadlines;
  kernel_random random;
  workers run{2};
  environment env{time, run, deadlines, random, no_observer()};
};

}  // namespace holdfast::core::fakes
