// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>

#include "bench/alternate.hpp"
#include "bench/subject.hpp"

/// One way alone, for a profiler.
namespace holdfast::bench {

using repeat = std::function<void(const batch& calls)>;

/// Runs the way of that name. False: there is none.
inline bool run_only(std::span<const way> ways, const std::string& name, const repeat& run) {
  for (const way& each : ways) {
    if (each.name != name) continue;
    run(each.calls);
    return true;
  }
  return false;
}

bool only_calls(subject& with, const std::string& name, const repeat& run);
bool only_brief(subject& with, const std::string& name, const repeat& run);
bool only_actors(subject& with, const std::string& name, const repeat& run);
bool only_sharing(subject& with, const std::string& name, const repeat& run);
bool only_instances(subject& with, const std::string& name, const repeat& run);

}  // namespace holdfast::bench
