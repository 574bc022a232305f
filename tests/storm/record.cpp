// SPDX-License-Identifier: Apache-2.0
#include "storm/record.hpp"

namespace holdfast::storm {

const char* to_string(site where) noexcept {
  static constexpr std::array<const char*, sites> names{"orders",  "echo",   "sleeper", "fickle",
                                                        "ring_a",  "ring_b", "vault",   "polite",
                                                        "version", "after",  "passing"};
  return names[static_cast<std::size_t>(where)];
}

std::int64_t work_of(const record& one) noexcept {
  switch (one.what) {
    case deed::place:
    case deed::place_slowly:
    case deed::place_pair:
    case deed::nap:
    case deed::nap_deaf:
    case deed::nap_listening:
    case deed::nap_calling:
    case deed::nap_failing:
    case deed::nap_round:
    case deed::well:
    case deed::take:
      return 1;
    case deed::open:
      return one.amount;
    case deed::give:
      return -1;
    default:
      return 0;
  }
}

outcomes ends_of(deed what) noexcept {
  using enum outcome;
  switch (what) {
    case deed::trap:
    case deed::hog:
    case deed::open_trap:
    case deed::trap_late:
      return outcomes(trapped);
    case deed::spin:
    case deed::open_spin:
    case deed::work_on:
    case deed::spin_late:
    case deed::nap_deaf:
      return outcomes(deadline_killed);
    case deed::work:  // it ends by itself when it is asked to, unless the grace is over first
    case deed::nap_listening:
      return outcomes(completed, deadline_killed);
    case deed::nap_failing:  // the budget for retries may be used up
      return outcomes(completed, host_failed);
    case deed::give:  // an instance that has none traps
      return outcomes(completed, trapped);
    case deed::take:  // the instance that issued the handle may be gone
    case deed::release:
      return outcomes(completed, refused);
    default:
      return outcomes(completed);
  }
}

bool spins(deed what) noexcept {
  return what == deed::spin || what == deed::open_spin || what == deed::spin_late;
}

bool hangs(deed what) noexcept {
  return spins(what) || what == deed::work_on || what == deed::nap_deaf || what == deed::work ||
         what == deed::nap_listening;
}

}  // namespace holdfast::storm
