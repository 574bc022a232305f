// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <holdfast/observer.hpp>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// Instances built ahead of need: no more than were asked for, driven by one, left alone once they are ready,
/// and each the instance of one cell of its pool at most. Where one is missing it is built.
class spares final : public law {
 public:
  spares() : law("spare_is_one_instance") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::ahead:
        pools_[what.pool].most = what.number;
        return;
      case seen::policed:
        pools_[what.pool].at_once = what.code;
        return;
      case seen::paced:
        pools_[what.pool].longest = duration(static_cast<duration::rep>(what.number));
        return;
      case seen::cell_made:
        cells_[what.cell].pool = what.pool;
        return;
      case seen::moved:
        cells_[what.cell].state = static_cast<cell_state>(what.code);
        pools_[cells_[what.cell].pool].since = what.at;
        return;
      case seen::shut:
        pools_[what.pool].shut = true;
        return;
      case seen::calmed:
        calm_ = true;
        for (pool_of& each : pools_) each.since = what.at;
        return;
      case seen::time_moved:
        if (calm_) look(what.at);
        return;
      case seen::spare_taken: {
        const of& cell = cells_[what.cell];
        if (cell.moved_in != what.generation)
          broken("cell " + std::to_string(what.cell) + " is said to have a spare as generation " +
                 std::to_string(what.generation) + ", and none moved in");
        return;
      }
      default:
        break;
    }
    if (what.what == seen::spare_moved) return move(what);
    if (what.cell >= 0) {
      if (what.what == seen::guest_made) build(pools_[cells_[what.cell].pool], cells_[what.cell].builds);
      if (what.what == seen::guest_ready || what.what == seen::guest_gone)
        rest(pools_[cells_[what.cell].pool], cells_[what.cell].builds, what.at);
      return;
    }
    if (what.pool < 0) return;
    switch (what.what) {
      case seen::guest_made:
      case seen::guest_polled:
      case seen::guest_rested:
      case seen::guest_ready:
      case seen::guest_gone:
      case seen::woken:
        live(what);
        return;
      default:
        return;
    }
  }

 private:
  struct spare_of {
    int pool = 0;
    bool alive = false;
    bool builds = false;
    bool ready = false;
    bool polled = false;
    bool woken = false;
  };
  struct of {
    int pool = 0;
    cell_state state = cell_state::building;
    bool builds = false;
    std::uint64_t moved_in = 0;  // the generation of the last spare that did
  };
  struct pool_of {
    std::uint64_t most = 0;
    std::uint64_t alive = 0;
    int at_once = 1;
    int building = 0;
    duration longest{};
    duration since{};  // one may have waited for a permit, or to try again, until then
    bool shut = false;
  };

  static std::string name(const event& what) { return "spare " + std::to_string(what.number); }

  static void build(pool_of& pool, bool& builds) {
    builds = true;
    ++pool.building;
  }

  static void rest(pool_of& pool, bool& builds, duration at) {
    if (builds) --pool.building;
    builds = false;
    pool.since = at;
  }

  void live(const event& what) {
    spare_of& spare = spares_[static_cast<int>(what.number)];
    pool_of& pool = pools_[what.pool];
    switch (what.what) {
      case seen::guest_made:
        spare.pool = what.pool;
        spare.alive = true;
        build(pool, spare.builds);
        if (++pool.alive > pool.most)
          broken("pool " + std::to_string(what.pool) + " has " + std::to_string(pool.alive) +
                 " spares, it may have " + std::to_string(pool.most));
        return;
      case seen::guest_polled:
        spare.woken = false;
        if (spare.polled) broken(name(what) + " is driven by two");
        if (!spare.alive || spare.ready)
          broken(name(what) + " was driven, and there is nothing for it to do");
        spare.polled = true;
        return;
      case seen::guest_rested:
        spare.polled = false;
        return;
      case seen::guest_ready:
        spare.ready = true;
        rest(pool, spare.builds, what.at);
        return;
      case seen::guest_gone:
        if (spare.polled) broken(name(what) + " was destroyed while it was driven");
        if (!spare.alive) broken(name(what) + " was destroyed twice");
        spare.alive = false;
        --pool.alive;
        rest(pool, spare.builds, what.at);
        return;
      case seen::woken:
        spare.woken = spare.alive && !spare.ready;
        return;
      default:
        return;
    }
  }

  void move(const event& what) {
    spare_of& spare = spares_[static_cast<int>(what.number)];
    of& cell = cells_[what.cell];
    if (!spare.alive || !spare.ready || spare.polled)
      broken(name(what) + " has become the instance of cell " + std::to_string(what.cell) +
             ", and was not ready for it");
    if (cell.pool != what.pool)
      broken(name(what) + " of pool " + std::to_string(what.pool) + " has moved into another");
    spare.alive = false;
    cell.moved_in = what.generation;
    --pools_[what.pool].alive;
    pools_[what.pool].since = what.at;
  }

  void look(duration now) {
    for (int i = 0; i < spares_.size(); ++i) {
      if (spares_[i].alive && spares_[i].woken)
        broken("woken_is_driven",
               "time passes, and spare " + std::to_string(i) + " was woken and is not driven");
    }
    for (int i = 0; i < pools_.size(); ++i) {
      const pool_of& pool = pools_[i];
      bool builds = false;  // one at a time
      for (const spare_of& each : spares_) builds = builds || (each.pool == i && each.alive && each.builds);
      if (builds || pool.shut || pool.alive >= pool.most || pool.building >= pool.at_once) continue;
      bool serves = false;
      for (const of& each : cells_)
        serves = serves ||
                 (each.pool == i && each.state != cell_state::broken && each.state != cell_state::closed);
      if (serves && now - pool.since > pool.longest + std::chrono::milliseconds(2))
        broken("spare_is_built", "time passes, and pool " + std::to_string(i) + " has " +
                                     std::to_string(pool.alive) + " of " + std::to_string(pool.most) +
                                     " spares and builds none");
    }
  }

  bool calm_ = false;
  by_number<spare_of> spares_;
  by_number<of> cells_;
  by_number<pool_of> pools_;
};

}  // namespace

std::unique_ptr<law> law_of_spares() { return std::make_unique<spares>(); }

}  // namespace holdfast::sim
