// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "crash/faulty_disk.hpp"

/// One process: a host with its journal, and callers who ask for every key until they are answered or the
/// process dies.
namespace holdfast::crash {

struct life_plan {
  std::string journal;
  std::string witness;
  std::string guests;
  std::uint64_t keys = 16;
  unsigned callers = 2;
  std::uint64_t seed = 1;
  bool forever = false;  ///< it asks again and again, until it is killed
  fault what{};
};

/// How a process ended by itself.
enum ending : int { well = 0, broke = 1, not_begun = 3 };

/// Lives it, in this process.
int live(const life_plan& how);

/// Has another process live it. What it wrote to its error stream is `said`.
struct death {
  int code = 0;    ///< its exit code, or
  int signal = 0;  ///< what killed it
  std::string said{};
};
death spawn_and_wait(const life_plan& how);
/// The same, killed so long after it has begun to answer.
death spawn_and_kill(const life_plan& how, std::uint64_t microseconds);

/// What `spawn_and_wait` gives to its own program.
life_plan plan_from(int count, char** words);

}  // namespace holdfast::crash
