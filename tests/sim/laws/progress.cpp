// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <holdfast/observer.hpp>
#include <map>
#include <utility>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// Nothing that could go on is left lying: when time has to pass because nothing runs, no guest was woken and
/// not driven, and no call waits beside a cell that has nothing to do.
class progress final : public law {
 public:
  progress() : law("woken_is_driven") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::calmed:
        calm_ = true;
        now_ = what.at;
        for (cell_of& each : cells_) each.since = what.at;
        return;
      case seen::time_moved:
        if (calm_) look();
        now_ = what.at;
        return;
      case seen::policed:
        pools_[what.pool].at_once = what.code;
        pools_[what.pool].ages = what.third != 0 || what.bytes != 0;
        return;
      case seen::shared:
        pools_[what.pool].share = what.number;
        pools_[what.pool].hasty = what.second < what.number || what.third != 0;
        return;
      case seen::guest_shut:
      case seen::guest_open:
        if (what.cell >= 0) cells_[what.cell].shut = what.what == seen::guest_shut;
        return;
      case seen::paced:
        pools_[what.pool].longest = duration(static_cast<duration::rep>(what.number));
        return;
      case seen::cell_made:
        cells_[what.cell].pool = what.pool;
        return;
      case seen::moved:
        cells_[what.cell].state = static_cast<cell_state>(what.code);
        return;
      case seen::woken:
        if (what.cell < 0) return;  // a spare: its own law
        cells_[what.cell].woken = what.generation;
        return;
      case seen::spare_moved:
        cells_[what.cell].alive = what.generation;
        cells_[what.cell].shut = cells_[what.cell].tails = false;
        return;
      case seen::guest_made:
        if (what.cell < 0) {
          spares_[static_cast<int>(what.number)] = true;
          ++pools_[what.pool].building;
          return;
        }
        cells_[what.cell].alive = what.generation;
        cells_[what.cell].shut = cells_[what.cell].tails = false;
        cells_[what.cell].builds = true;
        ++pools_[cells_[what.cell].pool].building;
        return;
      case seen::guest_ready:
      case seen::guest_gone: {
        if (what.cell < 0) {
          bool& builds = spares_[static_cast<int>(what.number)];
          if (std::exchange(builds, false)) --pools_[what.pool].building;
          for (cell_of& each : cells_)
            if (each.pool == what.pool) each.since = what.at;
          return;
        }
        cell_of& cell = cells_[what.cell];
        if (cell.builds) --pools_[cell.pool].building;
        cell.builds = false;
        if (what.what == seen::guest_gone) cell.alive = 0;
        for (cell_of& each : cells_)  // its permit is free now
          if (each.pool == cell.pool) each.since = what.at;
        return;
      }
      case seen::ran:
      case seen::guest_polled:
        if (what.cell < 0) return;
        cells_[what.cell].woken = 0;
        return;
      case seen::asked:
        calls_[what.call].pool = what.pool;
        calls_[what.call].home = what.cell;
        calls_[what.call].alone = (what.code & trait::alone) != 0;
        calls_[what.call].goes_on = (what.code & trait::goes_on) != 0;
        calls_[what.call].held = (what.code & trait::journalled) != 0 && (what.code & trait::repeatable) == 0;
        return;
      case seen::noted:
        calls_[what.call].held = false;
        [[fallthrough]];
      case seen::accepted:
      case seen::queued_again:
        calls_[what.call].waits = !calls_[what.call].held;  // until its start is on record
        return;
      case seen::started:
        calls_[what.call].waits = false;
        calls_[what.call].cell = what.cell;
        cells_[what.cell].run.push_back(what.call);
        cells_[what.cell].tails = cells_[what.cell].tails || calls_[what.call].goes_on;
        return;
      case seen::backing_off:
      case seen::done: {
        of& call = calls_[what.call];
        call.waits = false;
        if (call.cell >= 0) std::erase(cells_[call.cell].run, what.call);
        return;
      }
      default:
        return;
    }
  }

 private:
  struct of {
    int pool = 0;
    int home = -1;  // the one cell that can run it; -1: any
    int cell = -1;  // that runs it
    bool waits = false;
    bool held = false;
    bool alone = false;
    bool goes_on = false;  // after its result
  };
  struct cell_of {
    int pool = 0;
    cell_state state = cell_state::building;
    std::uint64_t alive = 0;  // the generation of its instance; 0: it has none
    bool builds = false;
    duration since{};         // it may have waited for a permit until then
    std::uint64_t woken = 0;  // ... that was woken and not driven since
    bool shut = false;        // it lets no call in
    bool tails = false;       // a task of it may have gone on after its result
    std::vector<int> run;
  };

  struct pool_of {
    int at_once = 1;
    int building = 0;
    duration longest{};
    std::uint64_t share = 1;  // calls that may share an instance
    bool hasty = false;       // ... fewer, where one is hasty, or none for a while
    bool ages = false;
  };

  /// Whether nothing keeps another call from beginning there.
  bool has_room(const cell_of& one) {
    const pool_of& pool = pools_[one.pool];
    return one.state == cell_state::running && !one.shut && !one.tails && !pool.hasty && !pool.ages &&
           one.run.size() < pool.share &&
           std::ranges::none_of(one.run, [this](int each) { return calls_[each].alone; });
  }

  /// With every cell of its pool broken a call waits for nothing.
  void look_for_hopeless() {
    for (int call = 0; call < calls_.size(); ++call) {
      const of& one = calls_[call];
      if (!one.waits) continue;
      bool hope = false;
      for (const cell_of& each : cells_)
        hope = hope || (each.pool == one.pool && each.state != cell_state::broken);
      if (!hope)
        broken("no_call_waits_for_nothing", "time passes, and call " + std::to_string(call) +
                                                " waits in a pool whose cells are all broken");
    }
  }

  void look() {
    look_for_hopeless();
    for (int cell = 0; cell < cells_.size(); ++cell) {
      const cell_of& one = cells_[cell];
      if (one.woken != 0 && one.woken == one.alive)
        broken("time passes, and the guest of cell " + std::to_string(cell) + " was woken and is not driven");
      const pool_of& pool = pools_[one.pool];
      const bool wants = one.state == cell_state::building || one.state == cell_state::rebuilding;
      if (wants && one.alive == 0 && pool.building < pool.at_once &&
          now_ - one.since > pool.longest + std::chrono::milliseconds(2))
        broken("cell_is_rebuilt", "time passes, and cell " + std::to_string(cell) +
                                      " does not build its instance, though it may");
      if (one.state != cell_state::idle && !has_room(one)) continue;
      for (int call = 0; call < calls_.size(); ++call) {
        const of& other = calls_[call];
        if (other.waits && other.pool == one.pool && (other.home < 0 || other.home == cell))
          broken("no_call_beside_an_idle_cell", "time passes, and call " + std::to_string(call) +
                                                    " waits beside cell " + std::to_string(cell) +
                                                    ", which is idle or has room for it");
      }
    }
  }

  bool calm_ = false;
  duration now_{};
  std::map<int, bool> spares_;  // that are built
  by_number<pool_of> pools_;
  by_number<of> calls_;
  by_number<cell_of> cells_;
};

}  // namespace

std::unique_ptr<law> law_of_progress() { return std::make_unique<progress>(); }

}  // namespace holdfast::sim
