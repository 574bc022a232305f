// SPDX-License-Identifier: Apache-2.0
#include <holdfast/observer.hpp>

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
        return;
      case seen::time_moved:
        if (calm_) look();
        return;
      case seen::cell_made:
        cells_[what.cell].pool = what.pool;
        return;
      case seen::moved:
        cells_[what.cell].state = static_cast<cell_state>(what.code);
        return;
      case seen::woken:
        cells_[what.cell].woken = what.generation;
        return;
      case seen::guest_made:
        cells_[what.cell].alive = what.generation;
        return;
      case seen::guest_gone:
        cells_[what.cell].alive = 0;
        return;
      case seen::ran:
      case seen::guest_polled:
        cells_[what.cell].woken = 0;
        return;
      case seen::asked:
        calls_[what.call].pool = what.pool;
        calls_[what.call].home = what.cell;
        return;
      case seen::accepted:
      case seen::queued_again:
        calls_[what.call].waits = true;
        return;
      case seen::started:
      case seen::backing_off:
      case seen::done:
        calls_[what.call].waits = false;
        return;
      default:
        return;
    }
  }

 private:
  struct of {
    int pool = 0;
    int home = -1;  // the one cell that can run it; -1: any
    bool waits = false;
  };
  struct cell_of {
    int pool = 0;
    cell_state state = cell_state::building;
    std::uint64_t alive = 0;  // the generation of its instance; 0: it has none
    std::uint64_t woken = 0;  // ... that was woken and not driven since
  };

  void look() {
    for (int cell = 0; cell < cells_.size(); ++cell) {
      const cell_of& one = cells_[cell];
      if (one.woken != 0 && one.woken == one.alive)
        broken("time passes, and the guest of cell " + std::to_string(cell) + " was woken and is not driven");
      if (one.state != cell_state::idle) continue;
      for (int call = 0; call < calls_.size(); ++call) {
        const of& other = calls_[call];
        if (other.waits && other.pool == one.pool && (other.home < 0 || other.home == cell))
          broken("no_call_beside_an_idle_cell", "time passes, and call " + std::to_string(call) +
                                                    " waits beside cell " + std::to_string(cell) +
                                                    ", which is idle");
      }
    }
  }

  bool calm_ = false;
  by_number<of> calls_;
  by_number<cell_of> cells_;
};

}  // namespace

std::unique_ptr<law> law_of_progress() { return std::make_unique<progress>(); }

}  // namespace holdfast::sim
