// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <holdfast/outcome.hpp>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// A call is collateral only where its instance was really lost to another, and whoever is told of a fault is
/// the one whose fault it was.
class collateral final : public law {
 public:
  collateral() : law("collateral_has_cause") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::shared:
        pools_[what.pool] = what.number;
        return;
      case seen::asked:
        calls_[what.call].pool = what.pool;
        calls_[what.call].deadline = what.number;
        calls_[what.call].run_limit = what.second;
        return;
      case seen::started: {
        of& call = calls_[what.call];
        call.in = {what.cell, what.generation};
        const auto now = static_cast<std::uint64_t>(what.at.count());
        const bool limited = call.run_limit < std::numeric_limits<std::uint64_t>::max() / 2 - now;
        call.stop_at = limited ? std::min(call.deadline, now + call.run_limit) : call.deadline;
        return;
      }
      case seen::killing:
        calls_[what.call].killed = true;
        return;
      case seen::guest_failed: {
        instance& lost = instances_[{what.cell, what.generation}];
        if (static_cast<errc>(what.code) == errc::killed) {
          // It may strike another than the one that it was for, which has ended in the same slice.
          lost.taken_along = lost.taken_along || lost.asked > 0 || lost.polls - lost.asked_until < 2;
        } else if (what.call >= 0) {
          lost.at_fault.insert(what.call);
        } else {
          lost.taken_along = true;
        }
        return;
      }
      case seen::guest_asked:
        ++instances_[{what.cell, what.generation}].asked;
        calls_[what.call].asked = true;
        return;
      case seen::guest_polled:
        if (what.cell >= 0) ++instances_[{what.cell, what.generation}].polls;
        return;
      case seen::tail_ended:
        if (what.code == 0) instances_[{what.cell, what.generation}].taken_along = true;
        return;
      case seen::done:
        return end(what, static_cast<outcome>(what.code));
      case seen::backing_off:
        if (what.number != 0) end(what, outcome_of(static_cast<errc>(what.code)));
        return;
      case seen::rested:
        for (const auto& [where, each] : instances_)
          if (each.collateral >= 0 && !each.taken_along)
            broken("call " + std::to_string(each.collateral) +
                   " is collateral, and nothing took the instance of cell " + std::to_string(where.first) +
                   " along");
        return;
      default:
        return;
    }
  }

 private:
  using place = std::pair<int, std::uint64_t>;
  struct of {
    int pool = 0;
    place in{-1, 0};
    bool asked = false;
    bool killed = false;
    std::uint64_t deadline = 0;
    std::uint64_t run_limit = 0;
    std::uint64_t stop_at = 0;
  };
  struct instance {
    std::set<int> at_fault;
    int asked = 0;  // of its calls, to stop, that are in flight
    int polls = 0;
    int asked_until = -2;      // the poll at whose end the last of them ended
    bool taken_along = false;  // by a call that was told so, or by a task after its result
    int collateral = -1;
  };

  void end(const event& what, outcome how) {
    const int number = what.call;
    of& call = calls_[number];
    const place in = std::exchange(call.in, place{-1, 0});
    if (in.first < 0) return;
    instance& ran_in = instances_[in];
    // One without a grace is cut before it is asked.
    const bool due = call.killed || call.stop_at <= static_cast<std::uint64_t>(what.at.count());
    if (call.asked || due) ran_in.asked_until = ran_in.polls;
    if (std::exchange(call.asked, false)) --ran_in.asked;
    switch (how) {
      case outcome::collateral:
        if (pools_[call.pool] < 2)
          broken("call " + std::to_string(number) + " is collateral, and nothing shared its instance");
        ran_in.collateral = number;
        return;
      case outcome::trapped:
      case outcome::host_failed:
        if (!ran_in.at_fault.contains(number))
          broken("fault_is_its_own",
                 "call " + std::to_string(number) + " is told of a fault that was none of its own");
        ran_in.taken_along = true;
        return;
      case outcome::killed:
      case outcome::deadline_killed:
        ran_in.taken_along = true;
        return;
      default:
        return;
    }
  }

  by_number<of> calls_;
  by_number<std::uint64_t> pools_;  // how many calls may share an instance
  std::map<place, instance> instances_;
};

}  // namespace

std::unique_ptr<law> law_of_collateral() { return std::make_unique<collateral>(); }

}  // namespace holdfast::sim
