// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/observer.hpp>
#include <holdfast/outcome.hpp>
#include <map>
#include <utility>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// No outcome without what leads to it: a kept call is not revoked by leaving, nobody is killed unasked, no
/// deadline comes early.
class causes final : public law {
 public:
  causes() : law("outcome_has_cause") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::rested:
        for (const hurried& each : hurried_)
          if (!lost_[{each.cell, each.generation}]) broken("grace_is_given", each.text);
        return;
      case seen::guest_failed:
        if (static_cast<errc>(what.code) != errc::killed) lost_[{what.cell, what.generation}] = true;
        break;
      case seen::tail_ended:
        if (what.code == 0) lost_[{what.cell, what.generation}] = true;
        return;
      case seen::opened:
        pools_[what.pool].call_bytes = what.third;
        return;
      case seen::cell_made:
        cells_[what.cell].pool = what.pool;
        return;
      case seen::ran:
        cells_[what.cell].free_at = what.at;
        return;
      case seen::moved:
        if (static_cast<cell_state>(what.code) == cell_state::broken)
          pools_[cells_[what.cell].pool].broken = true;
        return;
      case seen::draining:
      case seen::closing:
        pools_[what.pool].closing = true;
        if (what.what == seen::closing && !pools_[what.pool].cutting) {
          pools_[what.pool].cutting = true;
          pools_[what.pool].cut_at = what.at;
        }
        return;
      default:
        break;
    }
    if (what.call < 0) return;
    of& call = calls_[what.call];
    switch (what.what) {
      case seen::asked:
        call.pool = what.pool;
        call.parent = what.parent;
        call.traits = what.code;
        call.deadline = duration(static_cast<duration::rep>(what.number));
        call.run_limit = duration(static_cast<duration::rep>(what.second));
        call.grace = duration(static_cast<duration::rep>(what.third));
        call.bytes = what.bytes;
        break;
      case seen::answered:
        refusal(what, call);
        break;
      case seen::accepted:
        call.began_after = what.at;
        break;
      case seen::guest_failed:
        call.gave_up = static_cast<errc>(what.code) == errc::host_failed;
        break;
      case seen::started:
        call.gave_up = false;
        call.began_after = std::max(call.began_after, cells_[what.cell].free_at);
        call.cell = call.ran_in = what.cell;
        call.generation = what.generation;
        if (call.began_after >= call.deadline)
          broken("not_begun_past_deadline", "call " + std::to_string(what.call) + " began at " +
                                                to_text(call.began_after) + " or later, its deadline was " +
                                                to_text(call.deadline));
        break;
      case seen::backing_off:
        // After an attempt: the end of one takes its instance along.
        if (what.number != 0) lost_[{call.ran_in, call.generation}] = true;
        if (call.cell >= 0) cells_[call.cell].free_at = what.at;
        call.cell = -1;
        call.overflowed = call.overflowed || what.number == 0;
        break;
      case seen::revoking:
        call.revoking = true;
        break;
      case seen::killing:
        if (!call.killing) call.killed_at = what.at;
        call.killing = true;
        break;
      case seen::leaving:
        call.leaving = true;
        break;
      case seen::patient:
        call.leaves_at = std::min(call.leaves_at, duration(static_cast<duration::rep>(what.number)));
        break;
      case seen::done:
        if (call.cell >= 0) cells_[call.cell].free_at = what.at;
        call.cell = -1;
        end(what, call);
        break;
      default:
        break;
    }
  }

 private:
  struct of {
    int pool = 0;
    int traits = 0;
    int parent = -1;
    int cell = -1;
    int ran_in = -1;
    std::uint64_t generation = 0;
    duration deadline{};
    duration run_limit{};
    std::uint64_t bytes = 0;
    duration began_after{};   // the run began no earlier
    bool overflowed = false;  // it waited outside for room
    bool revoking = false;
    bool killing = false;
    duration killed_at{};
    duration grace{};
    bool gave_up = false;  // the guest failed in the host, by itself
    bool leaving = false;
    duration leaves_at = duration::max();
  };
  struct pool_of {
    std::uint64_t call_bytes = 0;
    bool closing = false;
    bool cutting = false;
    duration cut_at{};
    bool broken = false;
  };
  struct cell_of {
    int pool = 0;
    duration free_at{};  // it had no call then
  };

  void refusal(const event& what, const of& call) {
    const pool_of& pool = pools_[call.pool];
    bool fair = true;
    switch (static_cast<errc>(what.code)) {
      case errc::draining:
        fair = pool.closing;
        break;
      case errc::broken:
        fair = pool.broken;
        break;
      case errc::limit:
        fair = call.bytes > pool.call_bytes;
        break;
      case errc::bad_arguments:
        fair = (call.traits & trait::pinned) != 0;
        break;
      case errc::cycle:
        fair = call.parent >= 0;
        break;
      default:
        break;  // a full queue: the law of bounds
    }
    if (!fair)
      broken("refused_for_cause", "call " + std::to_string(what.call) + " was refused as " +
                                      to_string(static_cast<errc>(what.code)) + " without cause");
  }

  void end(const event& what, const of& call) {
    const auto end = static_cast<outcome>(what.code);
    const pool_of& pool = pools_[call.pool];
    const bool bound = (call.traits & trait::bound) != 0;
    bool fair = true;
    switch (end) {
      case outcome::revoked:
        if (const bool left = call.leaving || what.at >= call.leaves_at;
            !call.revoking && !call.killing && left && !bound)
          return broken("kept_is_kept", "call " + std::to_string(what.call) +
                                            " is kept and was revoked because its waiters left");
        fair = call.revoking || call.killing || (bound && (call.leaving || what.at >= call.leaves_at));
        break;
      case outcome::expired_in_queue:
        fair = what.at >= call.deadline;
        break;
      case outcome::deadline_killed:
        fair = what.at >= call.deadline || what.at - call.began_after >= call.run_limit;
        break;
      case outcome::killed:
        fair = call.killing || pool.cutting;
        break;
      case outcome::refused:
        fair = pool.closing || pool.broken || call.overflowed ||
               (call.traits & (trait::unsuitable | trait::pinned)) != 0;
        break;
      default:
        break;
    }
    // A host function that gives up because it was asked to needs no cut.
    if ((end == outcome::killed || end == outcome::deadline_killed) && !call.gave_up) {
      duration stopped = call.deadline;
      if (call.run_limit < duration::max() - call.began_after)
        stopped = std::min(stopped, call.began_after + call.run_limit);
      if (call.killing) stopped = std::min(stopped, call.killed_at);
      if (pool.cutting) stopped = std::min(stopped, pool.cut_at);
      // Its instance may have been lost to another call: that is known at the end.
      if (fair && what.at - stopped < call.grace)
        hurried_.push_back({call.ran_in, call.generation,
                            "call " + std::to_string(what.call) + " was stopped at " + to_text(stopped) +
                                " at the earliest, and cut before its grace was over"});
      else
        lost_[{call.ran_in, call.generation}] = true;
    }
    if (!fair) broken("call " + std::to_string(what.call) + " ended as " + to_string(end) + " without cause");
  }

  struct hurried {
    int cell;
    std::uint64_t generation;
    std::string text;
  };

  by_number<of> calls_;
  by_number<pool_of> pools_;
  by_number<cell_of> cells_;
  std::map<std::pair<int, std::uint64_t>, bool> lost_;  // instances, by a fault or a cut that was due
  std::vector<hurried> hurried_;
};

}  // namespace

std::unique_ptr<law> law_of_causes() { return std::make_unique<causes>(); }

}  // namespace holdfast::sim
