// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/observer.hpp>
#include <map>

/// What is done to a call after each of its steps, and what became of it.
namespace holdfast::testing_support {

enum class act { nothing, drop, time_out, exit_thread, revoke, kill, expire };

inline const char* name_of(act what) {
  switch (what) {
    case act::nothing:
      return "nothing";
    case act::drop:
      return "drop";
    case act::time_out:
      return "time out";
    case act::exit_thread:
      return "exit the thread";
    case act::revoke:
      return "revoke";
    case act::kill:
      return "kill";
    case act::expire:
      return "expire";
  }
  return "?";
}

// Told of outcomes as an observer is, so that a dropped ticket does not hide what became of its call.
struct outcomes final : observer {
  void on_done(const call_id& call, outcome what) noexcept override {
    ++ends[call];
    last[call] = what;
  }
  void on_started(const call_id& call, std::uint32_t, std::uint64_t) noexcept override { ++starts[call]; }
  std::map<call_id, int> ends, starts;
  std::map<call_id, outcome> last;
};

}  // namespace holdfast::testing_support
