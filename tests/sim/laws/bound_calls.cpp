// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// A bound call is dropped when its last waiter leaves it in the queue.
///
/// Whether it was in the queue then, the observer tells: the leaver is told either the end of the call or
/// that it goes on. If it goes on, its cell had taken it before: it starts before that cell begins anything
/// else.
///
/// One who gives up its waiter without a word may find it gone: whoever took it out, its patience on the
/// ticker, says that the call goes on, and may say so after the start: it had taken the waiter out, and found
/// the call gone from the queue only then. Until the call is done it has said it.
class bound_calls final : public law {
 public:
  bound_calls() : law("bound_is_dropped") {}

  void see(const event& what) override {
    ++index_;
    if (what.what == seen::ran) free_[what.cell] = index_;
    if (what.call < 0) return;
    of& call = calls_[what.call];
    switch (what.what) {
      case seen::asked:
        call.bound = (what.code & trait::bound) != 0;
        break;
      case seen::attaching:
        ++call.interested;
        call.deserted_at = 0;
        call.owed = false;
        break;
      case seen::joining:
        if (what.code == 1) call.bound = false;
        ++call.interested;
        call.deserted_at = 0;
        call.owed = false;
        break;
      case seen::unjoined:
        if (--call.interested == 0) call.deserted_at = index_;
        break;
      case seen::attached:
        if (what.code == 0) --call.interested;
        break;
      case seen::detached:
        call.goes_on = true;
        call.owed = false;
        break;
      case seen::patient:
        patience_[what.waiter] = what.number;
        break;
      case seen::left:
        // One that had left by itself may say once more that it leaves.
        if (!gone_[what.waiter]++ && --call.interested == 0) {
          call.deserted_at = index_;
          call.silently = what.code == 2;
          call.overtaken = call.silently && patience_[what.waiter] != 0 &&
                           static_cast<std::uint64_t>(what.at.count()) >= patience_[what.waiter];
        }
        break;
      case seen::queued_again:
        if (call.bound && call.deserted_at != 0 && !call.goes_on) unwanted(what, "is queued again");
        break;
      case seen::started:
        call.cell = what.cell;
        if (!call.bound || call.deserted_at == 0) break;
        if ((!call.overtaken && free_[what.cell] > call.deserted_at) || !(call.goes_on || call.silently))
          unwanted(what, "started");
        call.owed = !call.goes_on;
        break;
      case seen::backing_off:
      case seen::done:
        if (std::exchange(call.owed, false)) unwanted(what, "ran, and nobody said that it goes on");
        if (call.cell >= 0) free_[call.cell] = index_;
        call.cell = -1;
        break;
      default:
        break;
    }
  }

 private:
  struct of {
    bool bound = false;
    bool goes_on = false;
    bool silently = false;   // the last one gave up its waiter
    bool overtaken = false;  // ... which its patience may have been about to take out
    bool owed = false;       // it started, and whoever took the waiter out has not said yet that it goes on
    int interested = 0;
    int cell = -1;
    std::size_t deserted_at = 0;
  };

  void unwanted(const event& what, const char* does) {
    broken("call " + std::to_string(what.call) + " is bound, was left by all who waited, and " + does);
  }

  by_number<of> calls_;
  by_number<int> gone_;                // by waiter
  by_number<std::uint64_t> patience_;  // by waiter: when it leaves by itself
  by_number<std::size_t> free_;        // by cell: the last event at which it had surely taken nothing
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<law> law_of_bound_calls() { return std::make_unique<bound_calls>(); }

}  // namespace holdfast::sim
