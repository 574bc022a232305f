// SPDX-License-Identifier: Apache-2.0
#include "storm/record.hpp"

namespace holdfast::storm {

const char* to_string(site where) noexcept {
  static constexpr std::array<const char*, sites> names{"orders",  "echo",    "sleeper", "fickle",  "ring_a",
                                                        "ring_b",  "vault",   "polite",  "version", "after",
                                                        "passing", "company", "circle"};
  return names[static_cast<std::size_t>(where)];
}

company_size size_of(site where) noexcept {
  if (where == site::company) return {.calls = 16, .beside_hasty = 4};
  if (where == site::circle) return {.calls = 3, .beside_hasty = 2};
  return {};
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
    case deed::wait:
    case deed::stopped:
    case deed::hold:
    case deed::block:
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
    case deed::wait_trap:
      return outcomes(trapped);
    case deed::spin:
    case deed::open_spin:
    case deed::work_on:
    case deed::spin_late:
    case deed::nap_deaf:
    case deed::wait_deaf:
      return outcomes(deadline_killed);
    case deed::work:  // it ends by itself when it is asked to, unless the grace is over first
    case deed::nap_listening:
      return outcomes(completed, deadline_killed);
    case deed::nap_failing:  // the budget for retries may be used up
      return outcomes(completed, host_failed);
    case deed::tail_trap:  // its result may not be out when it traps
    case deed::give:       // an instance that has none traps
      return outcomes(completed, trapped);
    case deed::take:  // the instance that issued the handle may be gone
    case deed::release:
      return outcomes(completed, refused);
    default:
      return outcomes(completed);
  }
}

bool is_counted(deed what) noexcept {
  return what == deed::wait || what == deed::wait_deaf || what == deed::wait_trap || what == deed::stopped ||
         what == deed::hold || what == deed::tail || what == deed::tail_trap || what == deed::block;
}

bool is_alone(deed what) noexcept { return what == deed::blocks; }

bool spins(deed what) noexcept {
  return what == deed::spin || what == deed::open_spin || what == deed::spin_late;
}

bool hangs(deed what) noexcept {
  return spins(what) || what == deed::work_on || what == deed::nap_deaf || what == deed::work ||
         what == deed::nap_listening || what == deed::wait_deaf;
}

}  // namespace holdfast::storm
