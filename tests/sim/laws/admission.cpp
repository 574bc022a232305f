// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/error.hpp>
#include <utility>
#include <vector>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// A call is refused for its deadline only behind others, and where the queue, as fast as it moved of late,
/// could have left it no time.
class admission final : public law {
 public:
  admission() : law("refused_for_cause") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::opened:
        pools_[what.pool].cells = static_cast<std::uint64_t>(what.code);
        return;
      case seen::shared:
        pools_[what.pool].share = what.number;
        return;
      case seen::asked: {
        of& call = calls_[what.call];
        call = {.pool = what.pool, .deadline = duration(static_cast<duration::rep>(what.number))};
        const pool_of& pool = pools_[what.pool];
        call.most_waiting = pool.waiting;
        call.empty_at = pool.empty_at;
        call.left = pool.left;
        asking_.push_back(what.call);
        return;
      }
      case seen::accepted:
      case seen::queued_again:
        enter(what.call);
        return;
      case seen::started:
      case seen::backing_off:
      case seen::done:
        leave(what);
        return;
      case seen::answered:
        std::erase(asking_, what.call);
        if (static_cast<errc>(what.code) == errc::deadline_too_close) judge(what);
        return;
      default:
        return;
    }
  }

 private:
  struct of {
    int pool = 0;
    duration deadline{};
    bool waits = false;
    // The most that the queue can have known while it was asked.
    std::uint64_t most_waiting = 0;
    duration empty_at{};
    std::uint64_t left = 0;
  };
  struct pool_of {
    std::uint64_t cells = 0;
    std::uint64_t share = 1;    // calls that may share an instance
    std::uint64_t waiting = 0;  // those taken out that have not told so yet count still
    duration empty_at{};        // the last time at which nothing waited for certain
    std::uint64_t left = 0;     // calls that have left the queue since
  };

  void enter(int number) {
    of& call = calls_[number];
    pool_of& pool = pools_[call.pool];
    call.waits = true;
    ++pool.waiting;
    for (const int one : asking_)
      if (of& other = calls_[one]; other.pool == call.pool)
        other.most_waiting = std::max(other.most_waiting, pool.waiting);
  }

  void leave(const event& what) {
    of& call = calls_[what.call];
    if (!std::exchange(call.waits, false)) return;
    pool_of& pool = pools_[call.pool];
    ++pool.left;
    for (const int one : asking_)
      if (of& other = calls_[one]; other.pool == call.pool) ++other.left;
    if (--pool.waiting > 0) return;
    pool.empty_at = what.at;
    pool.left = 0;
  }

  // The queue's own account begins when nothing waited, or later, and needs eight calls that instances ran,
  // and adds an eighth. Which those were is not told: some of them may have ended without a start.
  void judge(const event& what) {
    const of& call = calls_[what.call];
    const pool_of& pool = pools_[call.pool];
    const std::string name = "call " + std::to_string(what.call);
    if (call.most_waiting == 0) return broken(name + " was refused for its deadline though nothing waited");
    if (call.left + call.most_waiting < 8)  // taken ones count as waiting until they have told
      return broken(name + " was refused for its deadline though little was known of the queue");
    const auto ahead = static_cast<double>(call.most_waiting + pool.cells * pool.share);
    const auto slowest = static_cast<double>((what.at - call.empty_at).count()) / 8 * ahead * 1.125;
    if (slowest < static_cast<double>((call.deadline - what.at).count()))
      broken(name + " was refused for its deadline though the queue moved fast enough");
  }

  by_number<of> calls_;
  by_number<pool_of> pools_;
  std::vector<int> asking_;
};

}  // namespace

std::unique_ptr<law> law_of_admission() { return std::make_unique<admission>(); }

}  // namespace holdfast::sim
