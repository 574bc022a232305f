// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/observer.hpp>

#include "core/random_source.hpp"
#include "core/scheduler.hpp"
#include "core/time_source.hpp"
#include "core/timers.hpp"

/// What core needs from outside: time, threads, chance and somebody to tell. All of it injected.
namespace holdfast::core {

class parking;

struct environment {
  time_source& time;
  scheduler& run;
  timers& deadlines;
  random_source& random;
  observer& observe;
  parking* kept = nullptr;  ///< where calls are found by their id; null: they are not
  bool watched = true;      ///< false: of what every call does, somebody to tell need not be told
};

}  // namespace holdfast::core
