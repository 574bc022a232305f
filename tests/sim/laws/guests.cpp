// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/outcome.hpp>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// What an instance lives through: driven by one, entered by one call at a time or as many as may share it,
/// never again once it is spoiled, and followed by a new generation.
class guests final : public law {
 public:
  guests() : law("spoiled_is_not_entered") {}

  void see(const event& what) override {
    if (what.what == seen::done || what.what == seen::backing_off) return end(what);
    if (what.what == seen::shared) pools_[what.pool] = static_cast<int>(what.number);
    if (what.cell < 0) return;
    if (what.what == seen::cell_made) pool_[what.cell] = what.pool;
    of& cell = cells_[what.cell];
    switch (what.what) {
      case seen::guest_made:
      case seen::spare_moved:
        if (cell.alive) broken(one, name(what) + " has two instances");
        if (what.generation < cell.generation || (what.generation == cell.generation && cell.used))
          broken("old_generation_not_accepted",
                 name(what) + " builds generation " + std::to_string(what.generation) + " a second time");
        cell = {.alive = true, .generation = what.generation};
        break;
      case seen::guest_polled:
        check(what, cell, "was driven");
        if (cell.polled) broken(one, name(what) + " is driven by two");
        cell.polled = true;
        if (what.fiber >= 0) {
          if (++drives_[what.fiber] > 1)
            broken("one_guest_a_thread", name(what) + " is driven below another guest");
        }
        break;
      case seen::guest_rested:
        cell.polled = false;
        if (what.fiber >= 0) --drives_[what.fiber];
        break;
      case seen::guest_failed:
        cell.spoiled = true;
        break;
      case seen::guest_gone:
        if (cell.polled) broken(one, name(what) + " was destroyed while it was driven");
        if (!cell.alive) broken(one, name(what) + " was destroyed twice");
        cell.alive = false;
        break;
      case seen::started:
        check(what, cell, "was given a call");
        calls_[what.call] = {what.cell, what.generation};
        break;
      case seen::entered:
        check(what, cell, "was entered");
        if (++cell.busy > std::max(pools_[pool_[what.cell]], 1))
          broken(one, name(what) + " was entered while it had " + std::to_string(cell.busy - 1) + " calls");
        cell.used = true;
        break;
      case seen::returned:
        check(what, cell, "returned a value");
        --cell.busy;
        break;
      default:
        break;
    }
  }

 private:
  static constexpr const char* one = "one_call_at_a_time";

  struct of {
    bool alive = false;
    std::uint64_t generation = 0;
    bool polled = false;
    int busy = 0;
    bool used = false;
    bool spoiled = false;
  };

  struct ran_in {
    int cell = -1;
    std::uint64_t generation = 0;
  };

  /// A call that was cut spoils its instance, though that has noticed nothing.
  void end(const event& what) {
    if (what.call >= calls_.size()) return;
    const ran_in& ran = calls_[what.call];
    if (ran.cell < 0) return;
    const outcome how =
        what.what == seen::done ? static_cast<outcome>(what.code) : outcome_of(static_cast<errc>(what.code));
    const bool spoils = how == outcome::trapped || how == outcome::host_failed || how == outcome::killed ||
                        how == outcome::deadline_killed || how == outcome::collateral;
    if (spoils && cells_[ran.cell].generation == ran.generation) cells_[ran.cell].spoiled = true;
  }

  static std::string name(const event& what) { return "cell " + std::to_string(what.cell); }

  void check(const event& what, const of& cell, const char* how) {
    if (cell.alive && !cell.spoiled && what.generation == cell.generation) return;
    broken(name(what) + " " + how + " in generation " + std::to_string(what.generation) +
           (!cell.alive    ? ", which was destroyed"
            : cell.spoiled ? ", which was spoiled"
                           : ", which is not the one that lives"));
  }

  by_number<of> cells_;
  by_number<ran_in> calls_;
  by_number<int> pools_;   // how many calls may share an instance
  by_number<int> pool_;    // by cell
  by_number<int> drives_;  // by fiber
};

}  // namespace

std::unique_ptr<law> law_of_guests() { return std::make_unique<guests>(); }

}  // namespace holdfast::sim
