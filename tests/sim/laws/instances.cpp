// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// Instances: as many are built at once as may be, an old one is retired, a call that needs one gets that or
/// none.
class instances final : public law {
 public:
  instances() : law("built_a_few_at_a_time") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::policed:
        pools_[what.pool].at_once = what.code;
        pools_[what.pool].old_after = what.third;
        pools_[what.pool].growth = what.bytes;
        return;
      case seen::held:
        pools_[what.pool].held = true;
        return;
      case seen::cell_made:
        cells_[what.cell].pool = what.pool;
        return;
      case seen::spare_moved: {
        of& cell = cells_[what.cell];
        cell.calls = 0;
        cell.held = 0;
        return;
      }
      case seen::guest_made: {
        if (what.cell < 0) {
          spares_[static_cast<int>(what.number)] = true;
          return begin(what.pool);
        }
        of& cell = cells_[what.cell];
        cell.builds = true;
        cell.calls = 0;
        cell.held = 0;
        return begin(cell.pool);
      }
      case seen::guest_ready:
      case seen::guest_gone: {
        if (what.cell < 0) {
          bool& builds = spares_[static_cast<int>(what.number)];
          if (builds) --pools_[what.pool].building;
          builds = false;
          return;
        }
        of& cell = cells_[what.cell];
        if (cell.builds) --pools_[cell.pool].building;
        cell.builds = false;
        return;
      }
      case seen::holding:
        cells_[what.cell].held = what.number;
        return;
      case seen::returned:
        ++cells_[what.cell].calls;
        return;
      case seen::retired: {
        const of& cell = cells_[what.cell];
        const std::uint64_t old_after = pools_[cell.pool].old_after;
        if (cell.held != 0)
          broken("held_is_not_retired", "an instance of cell " + std::to_string(what.cell) +
                                            " was retired while somebody held a resource of it");
        if (pools_[cell.pool].growth != 0) return;  // it may have grown
        if (old_after == 0)
          broken("retired_with_age",
                 "an instance of cell " + std::to_string(what.cell) + " was retired, none may be");
        if (cell.calls < old_after - old_after / 5)
          broken("retired_with_age", "an instance of cell " + std::to_string(what.cell) +
                                         " was retired after " + std::to_string(cell.calls) + " calls");
        return;
      }
      case seen::asked:
        calls_[what.call] = {(what.code & trait::pinned) != 0, what.parent >= 0, what.cell, what.generation};
        return;
      case seen::started: {
        const home& call = calls_[what.call];
        if (call.pinned && (call.cell != what.cell || call.generation != what.generation))
          broken("pinned_stays_home", "call " + std::to_string(what.call) + " needs generation " +
                                          std::to_string(call.generation) + " of cell " +
                                          std::to_string(call.cell) + " and started in another instance");
        const of& cell = cells_[what.cell];
        const std::uint64_t old_after = pools_[cell.pool].old_after;
        // What somebody waits for who runs there is let in all the same.
        if (old_after != 0 && cell.calls >= old_after && !call.child && !pools_[cell.pool].held &&
            !pools_[cell.pool].ending)
          broken("retired_with_age", "an instance of cell " + std::to_string(what.cell) +
                                         " is given a call after " + std::to_string(cell.calls));
        return;
      }
      case seen::draining:
      case seen::closing:
        pools_[what.pool].ending = true;
        return;
      default:
        return;
    }
  }

 private:
  struct home {
    bool pinned = false;
    bool child = false;
    int cell = -1;
    std::uint64_t generation = 0;
  };
  struct of {
    int pool = 0;
    bool builds = false;
    std::uint64_t calls = 0;
    std::uint64_t held = 0;
  };
  struct pool_of {
    int at_once = 0;
    int building = 0;
    std::uint64_t old_after = 0;
    std::uint64_t growth = 0;
    bool held = false;
    bool ending = false;
  };

  void begin(int number) {
    pool_of& pool = pools_[number];
    if (++pool.building > pool.at_once && pool.at_once > 0)
      broken("pool " + std::to_string(number) + " builds " + std::to_string(pool.building) +
             " instances at once, it may " + std::to_string(pool.at_once));
  }

  std::map<int, bool> spares_;  // that are built
  by_number<of> cells_;
  by_number<pool_of> pools_;
  by_number<home> calls_;
};

}  // namespace

std::unique_ptr<law> law_of_instances() { return std::make_unique<instances>(); }

}  // namespace holdfast::sim
