// SPDX-License-Identifier: Apache-2.0
#include <holdfast/error.hpp>
#include <holdfast/outcome.hpp>
#include <string>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// Published only when durable: where there is a journal, the end of a call with a key is on record before
/// anybody has it, and what may not run twice begins when its start is. A call that never ran leaves none.
class records final : public law {
 public:
  records() : law("published_when_durable") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::asked:
        calls_[what.call].journalled = (what.code & trait::journalled) != 0;
        calls_[what.call].repeatable = (what.code & trait::repeatable) != 0;
        calls_[what.call].asked_stuck = stuck_;
        return;
      case seen::recorded: {
        of& call = calls_[what.call];
        if (!call.journalled) broken(name(what) + " is on record, and has no key");
        (what.code == 1 ? call.end : call.start) = true;
        if (what.code == 1) call.how = static_cast<outcome>(what.number);
        return;
      }
      case seen::erased:
        calls_[what.call].start = calls_[what.call].end = false;
        return;
      case seen::noted: {
        of& call = calls_[what.call];
        if (!call.start) broken(name(what) + " was let go on, and its start is not on record");
        if (call.repeatable) broken(name(what) + " waited for its record, and may run twice");
        call.noted = true;
        return;
      }
      case seen::started: {
        const of& call = calls_[what.call];
        if (call.journalled && !call.repeatable && !call.noted)
          broken(name(what) + " began before its start was on record, and may not run twice");
        if (call.end) broken(name(what) + " began after its end was on record");
        return;
      }
      case seen::done: {
        of& call = calls_[what.call];
        const auto how = static_cast<outcome>(what.code);
        call.done = true;
        call.unrun = effect_of(how) == effect::not_executed;
        if (call.unrun && call.start)
          broken(name(what) + " was told as " + to_string(how) + ", and is on record as one to be run");
        if (!call.journalled || call.unrun) return;
        if (!call.end)
          broken(name(what) + " was told as " + to_string(how) + ", which is not on record");
        else if (call.how != how)
          broken(name(what) + " was told as " + to_string(how) + ", and is on record as " +
                 to_string(call.how));
        return;
      }
      case seen::journal_stuck:
        stuck_ = what.code != 0;
        if (stuck_)
          for (of& each : calls_) each.asked_stuck = true;
        return;
      case seen::answered:
        if (what.code == static_cast<int>(errc::journal_full) && !calls_[what.call].asked_stuck)
          broken(name(what) + " was refused for a full disk that was not full");
        return;
      case seen::counted:
        if (static_cast<tally>(what.code) != tally::calls) return;
        for (int call = 0; call < calls_.size(); ++call)
          if (const of& one = calls_[call]; one.done && one.unrun && (one.start || one.end))
            broken("call " + std::to_string(call) + " never ran, and is on record at the end");
        return;
      default:
        return;
    }
  }

 private:
  struct of {
    bool journalled = false;
    bool repeatable = false;
    bool start = false;
    bool end = false;
    bool noted = false;
    bool done = false;
    bool unrun = false;
    bool asked_stuck = false;  // it was asked, or waits for its answer, while there was no room
    outcome how{};
  };

  static std::string name(const event& what) { return "call " + std::to_string(what.call); }

  by_number<of> calls_;
  bool stuck_ = false;
};

}  // namespace

std::unique_ptr<law> law_of_records() { return std::make_unique<records>(); }

}  // namespace holdfast::sim
