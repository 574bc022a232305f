// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// One call at a time in a cell, or as many as may share its instance, in the order of acceptance; nobody is
/// left behind. What is called by one that runs in a shared instance may overtake.
class order final : public law {
 public:
  order() : law("order_of_acceptance") {}

  void see(const event& what) override {
    ++index_;
    switch (what.what) {
      case seen::handing:
        calls_[what.call].handed_at = what.code == 0 ? index_ : 0;
        return;
      case seen::opened:
        pools_[what.pool].cells = what.code;
        return;
      case seen::shared:
        pools_[what.pool].share = what.number;
        return;
      case seen::draining:
      case seen::closing:
        pools_[what.pool].orderly = false;
        return;
      case seen::asked:
        calls_[what.call].pool = what.pool;
        calls_[what.call].deadline = duration(static_cast<duration::rep>(what.number));
        calls_[what.call].child = what.parent >= 0;
        calls_[what.call].pinned = (what.code & trait::pinned) != 0;
        calls_[what.call].held = (what.code & trait::journalled) != 0 && (what.code & trait::repeatable) == 0;
        return;
      case seen::noted:
        calls_[what.call].held = false;
        [[fallthrough]];
      case seen::accepted:
      case seen::queued_again: {  // one that backed off stands at the end of the queue
        of& call = calls_[what.call];
        call.place = ++pools_[call.pool].accepted;
        call.accepted_at = index_;
        call.waits = !call.held;  // until its start is on record
        std::erase(pools_[call.pool].queue, what.call);
        pools_[call.pool].queue.push_back(what.call);
        return;
      }
      case seen::patient:
      case seen::revoking:
      case seen::killing:
      case seen::leaving:
        calls_[what.call].may_go = true;
        return;
      case seen::started:
        return start(what);
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
    int cell = -1;
    std::uint64_t place = 0;
    std::size_t accepted_at = 0;
    std::size_t handed_at = 0;  // past the queue, since then
    duration deadline{};
    bool waits = false;
    bool held = false;
    bool pinned = false;
    bool child = false;
    bool may_go = false;  // somebody takes it out, perhaps now
  };
  struct cell_of {
    std::vector<int> run;
    std::uint64_t last = 0;
  };
  struct pool_of {
    int cells = 0;
    std::uint64_t share = 1;
    bool orderly = true;
    std::uint64_t accepted = 0;
    std::vector<int> queue;  // in order of acceptance, with those that have left it
  };

  void start(const event& what) {
    of& call = calls_[what.call];
    cell_of& cell = cells_[what.cell];
    pool_of& pool = pools_[call.pool];
    const std::string name = "call " + std::to_string(what.call);
    if (cell.run.size() >= pool.share)
      broken("one_call_at_a_time", name + " started in cell " + std::to_string(what.cell) + " beside call " +
                                       std::to_string(cell.run.front()) +
                                       " and all that may share an instance");
    const bool overtakes = call.child && pool.share > 1;
    if (call.place < cell.last && !overtakes)
      broken(name + " started in cell " + std::to_string(what.cell) + " after one that was accepted later");
    // One that goes past the queue has its cell before its acceptance is told: whoever was accepted meanwhile
    // is behind it.
    std::erase_if(pool.queue, [this](int one) { return !calls_[one].waits; });
    if (const std::size_t since = std::exchange(call.handed_at, 0); since != 0)
      for (const int one : pool.queue)
        if (calls_[one].accepted_at > since) call.place = std::min(call.place, calls_[one].place);
    cell.run.push_back(what.call);
    if (!overtakes) cell.last = call.place;
    call.cell = what.cell;
    call.waits = false;

    if (!pool.orderly || overtakes) return;
    // Each other cell may have taken one that has not started yet.
    int behind = 0;
    for (const int one : pool.queue) {
      const of& other = calls_[one];
      if (other.place < call.place && !other.may_go && !other.pinned && other.deadline > what.at) ++behind;
    }
    if (behind >= pool.cells)
      broken(name + " overtook " + std::to_string(behind) + " calls that were accepted before it");
  }

  std::size_t index_ = 0;
  by_number<of> calls_;
  by_number<cell_of> cells_;
  by_number<pool_of> pools_;
};

}  // namespace

std::unique_ptr<law> law_of_order() { return std::make_unique<order>(); }

}  // namespace holdfast::sim
