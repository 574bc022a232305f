// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/observer.hpp>
#include <limits>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// A call that could only wait for itself is refused: none is accepted by a pool all of whose cells run calls
/// that wait for it. One that comes about later, when a cell breaks that could have run the call, is ended by
/// core, but not looked for here: `lineage_test` does.
class lineage final : public law {
 public:
  lineage() : law("cycle_is_refused") {}

  void see(const event& what) override {
    ++index_;
    std::erase_if(ends_, [&](const ending& each) {
      if (each.fiber != what.fiber) return false;
      cells_[each.cell].served_until = index_;
      return true;
    });
    switch (what.what) {
      case seen::shared:
        pools_[what.pool] = what.number;
        return;
      case seen::cell_made:
        cells_[what.cell].pool = what.pool;
        return;
      case seen::moved: {
        const auto to = static_cast<cell_state>(what.code);
        // Core tells it before its mailbox notes it: who asks meanwhile may find the cell there still.
        if (to == cell_state::broken || to == cell_state::closed) ends_.push_back({what.cell, what.fiber});
        return;
      }
      case seen::closing:
        for (of& call : calls_) call.may_end = call.may_end || call.pool == what.pool;
        return;
      case seen::asked: {
        of& call = calls_[what.call];
        call.asked_at = index_;
        call.pool = what.pool;
        call.parent = what.parent;
        call.bound = (what.code & trait::bound) != 0;
        call.pinned = (what.code & trait::pinned) != 0;
        call.deadline = duration(static_cast<duration::rep>(what.number));
        call.run_limit = duration(static_cast<duration::rep>(what.second));
        return;
      }
      case seen::started:
        cells_[what.cell].run.push_back(what.call);
        calls_[what.call].cell = what.cell;
        calls_[what.call].began_at = what.at;
        return;
      case seen::host_called:
        calls_[what.call].keeps = what.code == 1;
        return;
      case seen::killing:
      case seen::returned:
      case seen::guest_asked:
        calls_[what.call].may_end = true;
        return;
      case seen::backing_off:
      case seen::done: {
        const int cell = calls_[what.call].cell;
        if (cell >= 0) std::erase(cells_[cell].run, what.call);
        calls_[what.call].keeps = false;
        return;
      }
      case seen::accepted:
        return accept(what);
      default:
        return;
    }
  }

 private:
  struct of {
    int pool = 0;
    std::size_t asked_at = 0;
    int parent = -1;
    int cell = -1;
    bool bound = false;
    bool pinned = false;
    bool keeps = false;    // its instance to itself
    bool may_end = false;  // somebody ends it, perhaps now
    duration deadline{};
    duration run_limit{};
    duration began_at{};
  };
  struct cell_of {
    int pool = 0;
    std::size_t served_until = std::numeric_limits<std::size_t>::max();
    std::vector<int> run;
  };

  void accept(const event& what) {
    const of& call = calls_[what.call];
    if (!call.bound || call.parent < 0 || call.pinned) return;
    int serving = 0;
    for (const cell_of& cell : cells_) {
      if (cell.pool != call.pool || cell.served_until < call.asked_at) continue;
      ++serving;
      const auto waits = [&](int each) { return waits_for(each, what); };
      const auto keeps = [&](int each) { return calls_[each].keeps && waits_for(each, what); };
      const bool full = !cell.run.empty() && cell.run.size() >= pools_[call.pool];
      if (!(full && std::ranges::all_of(cell.run, waits)) && std::ranges::none_of(cell.run, keeps)) return;
    }
    if (serving > 0)
      broken("call " + std::to_string(what.call) +
             " was accepted, and every cell that could run it waits for it");
  }

  /// Whether `which` waits for the new call, as its ancestor, and nobody is about to end it.
  bool waits_for(int which, const event& what) {
    for (int one = calls_[what.call].parent; one >= 0; one = calls_[one].parent) {
      const of& call = calls_[one];
      const bool limits_passed =
          what.at >= call.deadline || (call.cell >= 0 && what.at - call.began_at >= call.run_limit);
      if (call.may_end || limits_passed) return false;
      if (one == which) return true;
      if (!call.bound) return false;  // its parent does not wait for it
    }
    return false;
  }

  struct ending {
    int cell;
    int fiber;
  };

  by_number<of> calls_;
  std::vector<ending> ends_;
  by_number<cell_of> cells_;
  by_number<std::uint64_t> pools_;  // how many calls may share an instance
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<law> law_of_lineage() { return std::make_unique<lineage>(); }

}  // namespace holdfast::sim
