// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/outcome.hpp>
#include <map>
#include <set>
#include <utility>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// One key, one call: while one waits or runs no other of its key does, and after one that has run there is
/// none. Who joins asks for the same, and keeps the call from being dropped; who is refused asks for
/// something else.
class keys final : public law {
 public:
  keys() : law("one_key_one_call") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::asked:
        if (what.key < 0) return;
        calls_[what.call].key = {what.pool, what.key};
        calls_[what.call].request = what.request;
        return;
      case seen::accepted:
        if (of& call = calls_[what.call]; call.key.second >= 0) accept(what.call, call);
        return;
      case seen::started: {
        const of& call = calls_[what.call];
        if (call.followed) broken(name(what.call) + " started, though another had taken over its key");
        return;
      }
      case seen::done: {
        of& call = calls_[what.call];
        call.done = true;
        call.ran = effect_of(static_cast<outcome>(what.code)) != effect::not_executed;
        if (call.followed && call.ran)
          broken(name(what.call) + " has run, though another had taken over its key");
        // One whose wait is over before it waits by itself drops it then.
        const std::size_t own = call.joining.count(what.fiber);
        if (static_cast<outcome>(what.code) == outcome::revoked && !call.taken_back &&
            (call.joining.size() > own || waits(call, what.at)))
          broken(name(what.call) + " was dropped, though somebody had joined it");
        return;
      }
      case seen::joined:
        calls_[what.call].joining.insert(what.fiber);
        return;
      case seen::attached:
        if (what.code == 1 && calls_[what.call].joining.contains(what.fiber))
          calls_[what.call].waiters[what.waiter] = duration::max();
        return;
      case seen::patient:
        if (const auto found = calls_[what.call].waiters.find(what.waiter);
            found != calls_[what.call].waiters.end())
          found->second = duration(static_cast<duration::rep>(what.number));
        return;
      case seen::leaving:
        calls_[what.call].waiters.erase(what.waiter);
        return;
      case seen::unjoined:
        calls_[what.call].joining.erase(what.fiber);
        return;
      case seen::revoking:
      case seen::killing:
        calls_[what.call].taken_back = true;
        return;
      case seen::joining: {
        const of& call = calls_[what.call];
        if (call.key != std::pair(what.pool, what.key) || call.request != what.request)
          broken(name(what.call) + " was joined by another request than its own");
        return;
      }
      case seen::conflict:
        // One that is about to be accepted has it before the observer is told.
        for (const of& each : calls_)
          if (each.key == std::pair(what.pool, what.key) && each.request != what.request) return;
        broken("key " + std::to_string(what.key) + " was refused, and no other request ever asked for it");
        return;
      default:
        return;
    }
  }

 private:
  struct of {
    std::pair<int, int> key{-1, -1};
    std::uint64_t request = 0;
    bool done = false;
    bool ran = false;
    bool followed = false;  // another of its key was accepted
    bool taken_back = false;
    std::set<int> joining{};            // fibers, until they wait by themselves
    std::map<int, duration> waiters{};  // of those who joined: when they leave by themselves
  };

  static bool waits(const of& call, duration now) {
    return std::ranges::any_of(call.waiters, [&](const auto& each) { return each.second > now; });
  }

  static std::string name(int call) { return "call " + std::to_string(call); }

  void accept(int number, of& call) {
    const auto [at, first] = last_.try_emplace(call.key, number);
    const int before = std::exchange(at->second, number);
    if (first || before == number) return;
    // One that is taken back before it began may not have said so yet.
    of& other = calls_[before];
    other.followed = true;
    if (other.done && other.ran)
      broken(name(number) + " was accepted under the key of " + name(before) + ", which has run");
  }

  by_number<of> calls_;
  std::map<std::pair<int, int>, int> last_;
};

}  // namespace

std::unique_ptr<law> law_of_keys() { return std::make_unique<keys>(); }

}  // namespace holdfast::sim
