// SPDX-License-Identifier: Apache-2.0
#include <holdfast/call_phase.hpp>
#include <holdfast/outcome.hpp>
#include <optional>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// A reply belongs to its request: the guest got this call's arguments, the caller this call's value, from
/// the instance it was told. What a revoke answers is so.
class replies final : public law {
 public:
  replies() : law("reply_matches_request") {}

  void see(const event& what) override {
    if (what.call < 0) return;
    of& call = calls_[what.call];
    const std::string name = "call " + std::to_string(what.call);
    switch (what.what) {
      case seen::started:
        call.cell = what.cell;
        call.generation = what.generation;
        ++call.attempts;
        break;
      case seen::entered:
        if (what.number != static_cast<std::uint64_t>(what.call))
          broken(name + " was entered with the arguments of call " + std::to_string(what.number));
        break;
      case seen::returned:
        call.value = what.number;
        call.value_generation = what.generation;
        call.value_cell = what.cell;
        break;
      case seen::settled:
        call.settled = static_cast<outcome>(what.code);
        break;
      case seen::done:
        if (call.settled && *call.settled != static_cast<outcome>(what.code))
          broken(name + " was settled as " + to_string(*call.settled) + ", and told as " +
                 to_string(static_cast<outcome>(what.code)));
        call.settled = call.end = static_cast<outcome>(what.code);
        for (const event& early : call.read_early) tell(early, call, name);
        call.read_early.clear();
        break;
      case seen::told:
        // Who looks, or leaves and finds that it is done, may see the end before the observer is told of it;
        // who waits is told after.
        if (!call.end && (what.waiter < 0 || leaves_[what.waiter])) {
          call.read_early.push_back(what);
        } else {
          tell(what, call, name);
        }
        break;
      case seen::leaving:
      case seen::patient:
        leaves_[what.waiter] = 1;
        break;
      case seen::revoke_said:
        if (static_cast<revoke_answer>(what.code) == revoke_answer::revoked &&
            call.settled != outcome::revoked)
          broken("answers_are_true", "a revoke of " + name + " said `revoked`, but the call was not");
        break;
      default:
        break;
    }
  }

 private:
  struct of {
    int cell = -1;
    std::uint64_t generation = 0;
    std::uint64_t attempts = 0;
    std::optional<std::uint64_t> value;
    std::uint64_t value_generation = 0;
    int value_cell = -1;
    std::optional<outcome> settled;  // it has that end, and may not be done
    std::optional<outcome> end;
    std::vector<event> read_early;
  };

  void tell(const event& what, const of& call, const std::string& name) {
    const auto end = static_cast<outcome>(what.code);
    if (call.end != end) {
      broken(name + " was told `" + to_string(end) + "`, the observer " +
             (call.end ? to_string(*call.end) : "nothing yet"));
      return;
    }
    const bool ran = effect_of(end) != effect::not_executed;
    if (ran != (what.second > 0) || ran != (what.generation > 0)) {
      broken(name + " was told `" + to_string(end) + "` with " + std::to_string(what.second) +
             " attempts in generation " + std::to_string(what.generation));
      return;
    }
    if (what.second != call.attempts)
      broken(name + " was told " + std::to_string(what.second) + " attempts, it started " +
             std::to_string(call.attempts) + " times");
    if (!ran) return;
    if (what.generation != call.generation || what.cell != call.cell)
      broken("old_generation_not_accepted", name + " ran in generation " + std::to_string(call.generation) +
                                                " of cell " + std::to_string(call.cell) +
                                                ", its reply is of " + std::to_string(what.generation) +
                                                " of " + std::to_string(what.cell));
    if (end != outcome::completed) return;
    if (!call.value) {
      broken(name + " completed, but no guest returned a value for it");
    } else if (*call.value != what.number) {
      broken(name + " was told the value " + std::to_string(what.number) + ", its guest returned " +
             std::to_string(*call.value));
    } else if (call.value_generation != what.generation || call.value_cell != what.cell) {
      broken("old_generation_not_accepted", name + " was told a value of another instance");
    }
  }

  by_number<of> calls_;
  by_number<int> leaves_;
};

}  // namespace

std::unique_ptr<law> law_of_replies() { return std::make_unique<replies>(); }

}  // namespace holdfast::sim
