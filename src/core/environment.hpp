// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/observer.hpp>

#include "core/random_source.hpp"
#include "core/scheduler.hpp"
#include "core/time_source.hpp"
#include "core/timers.hpp"

/// What core needs from outside: time, threads, chance and somebody to tell. All of it injected.
namespace holdfast::core {

struct environment {
  time_source& time;
  scheduler& run;
  timers& deadlines;
  random_source& random;
  observer& observe;
};

}  // namespace holdfast::core
