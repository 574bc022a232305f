// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <holdfast/call_id.hpp>
#include <holdfast/parking_policy.hpp>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/call.hpp"
#include "core/environment.hpp"
#include "core/timers.hpp"

/// Where a call is found again by its id: while it lives, and its result for a while after.
///
/// The results of calls whose callers left are parked here, bounded by count, bytes and time. Also keeps the
/// account of orphans. Its lock is a leaf: it is taken inside a call's, and calls are only released outside
/// of it.
namespace holdfast::core {

/// Thread-safe.
class parking final : public shared_object {
 public:
  parking(environment& world, parking_policy policy) noexcept : world_(world), policy_(policy) {}

  /// The call can be found from now on. Once a call.
  void keep(call& which);

  /// It is done and its result may be asked for: kept for a while.
  void park(call& which) noexcept;

  /// It is done and everybody who wanted its result has it.
  void forget(call& which) noexcept;

  /// Null: not known, or no longer kept.
  boost::intrusive_ptr<call> find(const call_id& id) const noexcept;

  /// Somebody reads the result of a call that is done. `again`: it stays for another reader, for a while.
  void claim(call& which, call::reading how) noexcept;

  /// The end: every result is let go, and nothing of the world is used from now on. All calls are done.
  void close() noexcept;

  // The account of orphans.
  void orphaned() noexcept;
  void orphan_ended(duration cost) noexcept;
  orphan_figures figures() const noexcept;

  void on_timer(timer& fired) noexcept override;

 private:
  enum class state : std::uint8_t { live, read_early, parked, read };
  struct entry;
  using entries = std::unordered_map<call_id, entry>;
  using order = std::list<entries::value_type*>;
  struct entry {
    boost::intrusive_ptr<call> held{};
    state where = state::live;
    std::size_t bytes = 0;
    time_point until{};
    order::iterator place{};
  };
  // What leaves goes through here, so that it is released, and told of, without the lock.
  struct leaving {
    entries::node_type node;
    bool dropped = false;
  };

  order& order_of(const entry& which) noexcept { return which.where == state::read ? read_ : parked_; }
  void settle(entries::value_type& which, state where) noexcept;  // under the lock
  void take_out(entries::iterator which, std::vector<leaving>& out) noexcept;
  void make_room(std::vector<leaving>& out) noexcept;
  void arm() noexcept;
  void release(std::vector<leaving>& out) noexcept;  // without the lock

  environment& world_;
  const parking_policy policy_;
  mutable std::mutex mutex_;
  entries calls_;
  order parked_;  // by `until`, not read yet
  order read_;    // by `until`
  order spare_;   // nodes made by `keep`, so that parking allocates nothing
  std::size_t bytes_ = 0;
  orphan_figures figures_;
  timer expiry_{*this};
};

}  // namespace holdfast::core
