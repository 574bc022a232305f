// SPDX-License-Identifier: Apache-2.0
#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// Who waits is told exactly once; who has left, or came too late, never.
class waiters final : public law {
 public:
  waiters() : law("waiter_told_once") {}

  void see(const event& what) override {
    if (what.what == seen::rested) return rest();
    if (what.waiter < 0) return;
    of& who = all_[what.waiter];
    const std::string name = "waiter " + std::to_string(what.waiter);
    switch (what.what) {
      case seen::attaching:
        who.call = what.call;
        break;
      case seen::attached:
        who.waits = what.code != 0;
        if (!who.waits && who.told) broken(name + " came too late and was told all the same");
        break;
      case seen::left:
        if (what.code == 2) {  // it does not say whether it was told before
          who.forsaken = true;
          break;
        }
        if (who.told) broken(name + " was told and could still leave");
        who.left = true;
        break;
      case seen::told:
        if (who.call != what.call)
          broken(name + " waits for call " + std::to_string(who.call) + " and was told of call " +
                 std::to_string(what.call));
        if (who.left) broken(name + " had left and was told");
        if (who.told) broken(name + " was told twice");
        who.told = true;
        break;
      default:
        break;
    }
  }

 private:
  struct of {
    int call = -1;
    bool waits = false;
    bool left = false;
    bool forsaken = false;
    bool told = false;
  };

  void rest() {
    for (int i = 0; i < all_.size(); ++i) {
      const of& who = all_[i];
      if (who.waits && !who.left && !who.told && !who.forsaken)
        broken("waiter " + std::to_string(i) + " of call " + std::to_string(who.call) + " was never told");
      if (who.told && !who.waits) broken("waiter " + std::to_string(i) + " was told and did not wait");
    }
  }

  by_number<of> all_;
};

}  // namespace

std::unique_ptr<law> law_of_waiters() { return std::make_unique<waiters>(); }

}  // namespace holdfast::sim
