// SPDX-License-Identifier: Apache-2.0
#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// A call runs again only if it may: so often, if it is declared so, within the budget, never after a kill.
class retries final : public law {
 public:
  retries() : law("retried_only_if_allowed") {}

  void see(const event& what) override {
    if (what.what == seen::policed) {
      pools_[what.pool].allowed = what.number * 1000;
      pools_[what.pool].each = what.second;
      return;
    }
    if (what.what == seen::shut) pools_[what.pool].shut = true;
    if (what.call < 0) return;
    of& call = calls_[what.call];
    const std::string name = "call " + std::to_string(what.call);
    switch (what.what) {
      case seen::asked:
        call.pool = what.pool;
        call.repeatable = (what.code & trait::repeatable) != 0;
        call.most = what.attempts;
        break;
      case seen::accepted:
        pools_[call.pool].allowed += pools_[call.pool].each;
        break;
      case seen::started:
        if (++call.started > 1 && !call.repeatable)
          broken(name + " ran again and is not declared repeatable");
        if (call.started > call.most)
          broken(name + " ran " + std::to_string(call.started) + " times, it may " +
                 std::to_string(call.most));
        break;
      case seen::queued_again:
        if (pools_[call.pool].shut) broken(name + " is queued again, and its pool admits nothing any more");
        break;
      case seen::kill_said:
        call.killed = call.killed || what.code != 0;
        break;
      case seen::backing_off: {
        pool_of& pool = pools_[call.pool];
        if (pool.shut) broken(name + " backs off, and its pool admits nothing any more");
        if (call.killed) broken(name + " was killed and backs off all the same");
        if (pool.allowed < 1000) {
          broken("retry_budget_kept", name + " backs off beyond the pool's budget");
        } else {
          pool.allowed -= 1000;
        }
        break;
      }
      default:
        break;
    }
  }

 private:
  struct of {
    int pool = 0;
    bool repeatable = false;
    bool killed = false;
    int most = 1;
    int started = 0;
  };
  struct pool_of {
    std::uint64_t allowed = 0;  // thousandths
    std::uint64_t each = 0;
    bool shut = false;
  };

  by_number<of> calls_;
  by_number<pool_of> pools_;
};

}  // namespace

std::unique_ptr<law> law_of_retries() { return std::make_unique<retries>(); }

}  // namespace holdfast::sim
