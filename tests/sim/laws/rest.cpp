// SPDX-License-Identifier: Apache-2.0
#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// Everything comes to rest, and nothing is left behind.
class rest final : public law {
 public:
  rest() : law("back_to_baseline") {}

  void see(const event& what) override {
    if (what.what == seen::rested && what.code != 0) {
      static constexpr const char* words[] = {"", "somebody waits for what will never be",
                                              "somebody waits for a lock that is never given back",
                                              "there is no end"};
      broken("comes_to_rest", words[what.code < 4 ? what.code : 3]);
    }
    if (what.what == seen::counted && what.number != what.second)
      broken(std::to_string(what.number) + " " + to_string(static_cast<tally>(what.code)) +
             ", there should be " + std::to_string(what.second));
  }
};

}  // namespace

std::unique_ptr<law> law_of_rest() { return std::make_unique<rest>(); }

}  // namespace holdfast::sim
