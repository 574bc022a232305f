// SPDX-License-Identifier: Apache-2.0
#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// Results whose callers left: kept within their bounds, claimed or dropped once, and orphans are accounted
/// for.
class parking final : public law {
 public:
  parking() : law("late_result_has_one_end") {}

  void see(const event& what) override {
    if (what.what == seen::kept) {
      if (what.number > what.second)
        broken("bounds_kept", std::to_string(what.number) + " results are kept, the bound is " +
                                  std::to_string(what.second));
      if (what.third > what.bytes)
        broken("bounds_kept", std::to_string(what.third) + " bytes of results are kept, the bound is " +
                                  std::to_string(what.bytes));
      return;
    }
    if (what.call < 0) return;
    of& call = calls_[what.call];
    const std::string name = "call " + std::to_string(what.call);
    switch (what.what) {
      case seen::orphaned:
        if (call.orphan) broken(accounts, name + " became an orphan twice");
        call.orphan = true;
        break;
      case seen::orphan_ended:
        if (!call.orphan) broken(accounts, name + " ended as an orphan and was none");
        call.orphan = false;
        break;
      case seen::done:
        if (call.orphan) broken(accounts, name + " ended, and counts as an orphan still");
        call.done = true;
        break;
      case seen::parked:
        if (!call.done) broken(name + " has no result yet, and it was parked");
        if (call.parked) broken(name + " was parked twice");
        call.parked = true;
        break;
      case seen::claimed:
      case seen::dropped:
        // Who is quick reads the end before the observer is told of it: that may come first, a drop may not.
        if (!call.done && what.what == seen::dropped) broken(name + " has no result yet, and it was dropped");
        if (call.ended) broken(name + " was " + to_string(what.what) + " after its late result had its end");
        call.ended = true;
        break;
      default:
        break;
    }
  }

 private:
  static constexpr const char* accounts = "orphans_accounted_for";

  struct of {
    bool orphan = false;
    bool done = false;
    bool parked = false;
    bool ended = false;
  };

  by_number<of> calls_;
};

}  // namespace

std::unique_ptr<law> law_of_parking() { return std::make_unique<parking>(); }

}  // namespace holdfast::sim
