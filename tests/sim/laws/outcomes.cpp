// SPDX-License-Identifier: Apache-2.0
#include <holdfast/outcome.hpp>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// One outcome a call; a legal path to it; all that was accepted has one when everything rests.
class outcomes final : public law {
 public:
  outcomes() : law("one_outcome") {}

  void see(const event& what) override {
    if (what.what == seen::rested) return rest();
    if (what.what == seen::refused) {
      ++refusals_told_;
      return;
    }
    if (what.call < 0) return;
    of& call = calls_[what.call];
    const std::string name = "call " + std::to_string(what.call);
    switch (what.what) {
      case seen::asked:
        call.traits = what.code;
        break;
      case seen::accepted:
        if (call.accepted) broken(path, name + " was accepted twice");
        call.accepted = true;
        call.where = place::queued;
        break;
      case seen::answered:
        if ((what.code == 0) != call.accepted)
          broken(path, name + " was told another answer than what the observer was told");
        if (what.code != 0 && what.code != outrun) ++refusals_;
        break;
      case seen::started:
        if (call.where != place::queued) broken(path, name + " started, but was " + word(call.where));
        call.where = place::running;
        call.started = true;
        break;
      case seen::backing_off:
        // Attempt 0: there was no room, at the admission or when its wait was over.
        if (what.number == 0 ? call.where != place::queued && call.where != place::outside
                             : call.where != place::running)
          broken(path, name + " backs off after attempt " + std::to_string(what.number) + ", but was " +
                           word(call.where));
        call.where = place::outside;
        break;
      case seen::queued_again:
        if (call.where != place::outside)
          broken(path, name + " is queued again, but was " + word(call.where));
        call.where = place::queued;
        break;
      case seen::entered:
        call.entered = true;
        if (call.done && effect_of(call.end) == effect::not_executed) entered_for_nothing(name, call.end);
        break;
      case seen::detached:
      case seen::orphaned:
        if (call.where == place::nowhere || call.where == place::done)
          broken(path, name + " is said to go on without its caller, but was " + word(call.where));
        break;
      case seen::done:
        if (call.done) {
          broken(name + " ended twice: " + to_string(call.end) + ", then " +
                 to_string(static_cast<outcome>(what.code)));
          break;
        }
        call.done = true;
        call.where = place::done;
        call.end = static_cast<outcome>(what.code);
        if (!call.accepted) broken(path, name + " ended without having been accepted");
        if (effect_of(call.end) == effect::not_executed) {
          if (call.entered || call.started) entered_for_nothing(name, call.end);
        } else if (!call.started) {
          broken(path, name + " ended as " + to_string(call.end) + " but never started");
        }
        if ((call.traits & trait::good) != 0 && call.end != outcome::completed)
          broken("next_call_completes", name + " had nothing against it and ended as " + to_string(call.end));
        break;
      default:
        break;
    }
  }

 private:
  static constexpr const char* path = "legal_call_path";

  enum class place { nowhere, queued, running, outside, done };

  static const char* word(place where) noexcept {
    switch (where) {
      case place::nowhere:
        return "never accepted";
      case place::queued:
        return "queued";
      case place::running:
        return "running";
      case place::outside:
        return "backing off";
      case place::done:
        return "done";
    }
    return "nowhere";
  }

  struct of {
    place where = place::nowhere;
    int traits = 0;
    bool accepted = false;
    bool started = false;
    bool entered = false;
    bool done = false;
    outcome end = outcome::refused;
  };

  void entered_for_nothing(const std::string& name, outcome end) {
    broken("not_executed_is_not_entered",
           name + " ended as " + to_string(end) + " but the guest was entered");
  }

  void rest() {
    for (int i = 0; i < calls_.size(); ++i) {
      if (calls_[i].accepted && !calls_[i].done)
        broken("accepted_is_ended", "call " + std::to_string(i) + " was accepted and has no outcome");
    }
    if (refusals_ != refusals_told_)
      broken(path, std::to_string(refusals_) + " calls were refused, the observer was told of " +
                       std::to_string(refusals_told_));
  }

  by_number<of> calls_;
  std::uint64_t refusals_ = 0;
  std::uint64_t refusals_told_ = 0;
};

}  // namespace

std::unique_ptr<law> law_of_outcomes() { return std::make_unique<outcomes>(); }

}  // namespace holdfast::sim
