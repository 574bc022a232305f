// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <optional>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

constexpr duration tick = std::chrono::milliseconds(1);
constexpr duration never = duration::max();

constexpr duration plus(duration start, duration length) noexcept {
  return length >= never - start ? never : start + length;
}

/// Once faults stop, a call has ended when its limit, its grace and the ticks at which both are noticed have
/// passed. Faults, here: time that runs while what could run does not.
class limits final : public law {
 public:
  limits() : law("ended_in_time") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::calmed:
        calm_ = what.at;
        return;
      case seen::closing:
        for (of& call : calls_) {
          if (call.pool == what.pool && !call.done) call.stopped_at = std::min(call.stopped_at, what.at);
        }
        return;
      default:
        break;
    }
    if (what.call < 0) return;
    of& call = calls_[what.call];
    switch (what.what) {
      case seen::asked:
        call.pool = what.pool;
        call.deadline = duration(static_cast<duration::rep>(what.number));
        call.run_limit = duration(static_cast<duration::rep>(what.second));
        call.grace = duration(static_cast<duration::rep>(what.third));
        call.attempts = what.attempts;
        break;
      case seen::started:
        // A second attempt has a limit of its own, up to the deadline of all.
        if (call.attempts == 1) call.limit = plus(what.at, call.run_limit);
        break;
      case seen::killing:
        call.stopped_at = std::min(call.stopped_at, what.at);
        break;
      case seen::done:
        call.done = true;
        end(what, call);
        break;
      default:
        break;
    }
  }

 private:
  struct of {
    int pool = -1;
    int attempts = 1;
    duration deadline = never;
    duration run_limit = never;
    duration grace{};
    duration limit = never;
    duration stopped_at = never;
    bool done = false;
  };

  void end(const event& what, const of& call) {
    if (!calm_) return;
    const duration stop = std::min({call.deadline, call.limit, call.stopped_at});
    if (stop == never) return;
    const duration latest = plus(std::max(*calm_, stop), call.grace + 2 * tick);
    if (what.at > latest)
      broken("call " + std::to_string(what.call) + " was to end by " + to_text(latest) + " and ended at " +
             to_text(what.at));
  }

  std::optional<duration> calm_;
  by_number<of> calls_;
};

}  // namespace

std::unique_ptr<law> law_of_time() { return std::make_unique<limits>(); }

}  // namespace holdfast::sim
