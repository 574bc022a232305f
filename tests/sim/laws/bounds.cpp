// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/error.hpp>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

/// A queue keeps its bounds, and refuses as full only what it has no room for.
class bounds final : public law {
 public:
  bounds() : law("bounds_kept") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::journalled:
        journal_.depth = what.number;
        return;
      case seen::opened:
        pools_[what.pool].depth = what.number;
        pools_[what.pool].bytes = what.second;
        return;
      case seen::depth: {
        const pool_of& pool = pools_[what.pool];
        if (what.number > pool.depth)
          broken("pool " + std::to_string(what.pool) + " holds " + std::to_string(what.number) +
                 " calls, its bound is " + std::to_string(pool.depth));
        if (what.second > pool.bytes)
          broken("pool " + std::to_string(what.pool) + " holds " + std::to_string(what.second) +
                 " bytes, its bound is " + std::to_string(pool.bytes));
        if (what.third > pool.depth)
          broken("pool " + std::to_string(what.pool) + " has " + std::to_string(what.third) +
                 " calls that back off, its bound is " + std::to_string(pool.depth));
        return;
      }
      case seen::asked: {
        of& call = calls_[what.call];
        call = {.pool = what.pool, .bytes = what.bytes};
        pool_of& pool = pools_[what.pool];
        call.most_calls = pool.most_calls;
        call.most_bytes = pool.most_bytes;
        call.journalled = (what.code & trait::journalled) != 0;
        call.most_recorded = journal_.most_calls;
        if (call.journalled) ++journal_.most_calls;
        for (const int one : asking_)
          calls_[one].most_recorded = std::max(calls_[one].most_recorded, journal_.most_calls);
        asking_.push_back(what.call);
        return;
      }
      case seen::accepted:
      case seen::queued_again:
        enter(what.call);
        return;
      case seen::backing_off:
      case seen::started:
      case seen::settled:
        leave(what.call);
        return;
      case seen::done:
        leave(what.call);
        if (calls_[what.call].journalled) --journal_.most_calls;
        return;
      case seen::answered: {
        const of& call = calls_[what.call];
        std::erase(asking_, what.call);
        if (call.journalled && what.code != 0) --journal_.most_calls;
        if (static_cast<errc>(what.code) != errc::queue_full) return;
        const pool_of& pool = pools_[call.pool];
        if (call.most_calls < pool.depth && call.most_bytes + call.bytes <= pool.bytes &&
            (!call.journalled || call.most_recorded < journal_.depth))
          broken("refused_for_cause", "call " + std::to_string(what.call) +
                                          " was refused for a full queue, of at most " +
                                          std::to_string(call.most_calls) + " calls and " +
                                          std::to_string(call.most_bytes) + " bytes");
        return;
      }
      default:
        return;
    }
  }

 private:
  struct of {
    int pool = 0;
    std::uint64_t bytes = 0;
    bool waits = false;
    // The most the queue can have held while the call was asked.
    std::uint64_t most_calls = 0;
    std::uint64_t most_bytes = 0;
    bool journalled = false;
    std::uint64_t most_recorded = 0;  // ... calls under way that the journal waited for
  };
  struct pool_of {
    std::uint64_t depth = 0;
    std::uint64_t bytes = 0;
    std::uint64_t most_calls = 0;  // those taken out that have not told so yet count still
    std::uint64_t most_bytes = 0;
  };

  void enter(int number) {
    of& call = calls_[number];
    pool_of& pool = pools_[call.pool];
    call.waits = true;
    ++pool.most_calls;
    pool.most_bytes += call.bytes;
    for (const int one : asking_) {
      of& other = calls_[one];
      if (other.pool != call.pool) continue;
      other.most_calls = std::max(other.most_calls, pool.most_calls);
      other.most_bytes = std::max(other.most_bytes, pool.most_bytes);
    }
  }

  void leave(int number) {
    of& call = calls_[number];
    if (!call.waits) return;
    call.waits = false;
    pool_of& pool = pools_[call.pool];
    --pool.most_calls;
    pool.most_bytes -= call.bytes;
  }

  by_number<of> calls_;
  by_number<pool_of> pools_;
  std::vector<int> asking_;
  pool_of journal_;
};

}  // namespace

std::unique_ptr<law> law_of_bounds() { return std::make_unique<bounds>(); }

}  // namespace holdfast::sim
