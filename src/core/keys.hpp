// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <holdfast/error.hpp>
#include <holdfast/key_policy.hpp>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/call.hpp"
#include "core/environment.hpp"
#include "core/records.hpp"
#include "core/timers.hpp"

/// Which call each idempotency key stands for: one key, one completed result.
///
/// A key is new, or a call with it waits or runs, or there is an outcome. Who comes second joins the call, or
/// gets the outcome. A call that never entered a guest leaves its key as if it had not been. Where records
/// are kept, what is forgotten here is erased there.
namespace holdfast::core {

/// Equal for equal requests.
using request_hash = std::array<std::byte, 32>;

/// What a call with a key holds of it.
struct key_claim {
  boost::intrusive_ptr<keys> of;
  key_print print{};
  request_hash request{};
  /// The call whose end stood under the key before: this one is its next attempt.
  boost::intrusive_ptr<call> after{};
  boost::intrusive_ptr<call> before{};  ///< whose place it took; to be let go without locks
  bool recalled = false;                ///< it was accepted in a process before this one
  bool taken = false;                   ///< somebody else was first; the call was not accepted
  /// No caller can name it: it is told when what its guest left is kept, and then it is nobody's.
  bool nameless = false;
  record_slot slot{};
};

/// Thread-safe.
class keys final : public shared_object {
 public:
  /// `recorded` keeps them past the process's end, or is null.
  keys(environment& world, key_policy policy, boost::intrusive_ptr<records> recorded = nullptr) noexcept
      : world_(world), policy_(policy), records_(std::move(recorded)) {}

  struct answer {
    boost::intrusive_ptr<call> joins{};  ///< the call of before: wait for it, or read its end
    boost::intrusive_ptr<call> after{};  ///< `key_claim::after`, for a call that is to be made
    std::optional<error> refused{};      ///< the key is another request's
  };
  /// What stands under the key. None of the three: the key is new. `repeatable`: what has run without a
  /// result may run again.
  answer look(const key_print& print, const request_hash& request, bool repeatable) const;

  /// The call of that id, while it has its key; null: none has.
  boost::intrusive_ptr<call> find(const call_id& id) const noexcept;

  /// A call of a process before this one stands for its key. It ended so long ago; the one that ended first
  /// comes first. False: that is not remembered any more.
  bool recall(call& done, duration ago);

  records* recorded() const noexcept { return records_.get(); }

  /// The end: nothing of the world is used from now on. All calls are done.
  void close() noexcept;

  /// Outcomes that are kept.
  std::size_t count() const noexcept;
  std::size_t bytes() const noexcept;

  // The calls' side.

  /// It is about to be accepted. A lock that owns nothing: it is not to be, and `refused` says why; where
  /// somebody else was first, the claim says so too. Under its mailbox's lock: nobody finds it before it is
  /// accepted and the lock is given up.
  std::unique_lock<std::mutex> claim(call& which, key_claim& with, std::optional<error>& refused);
  /// It is not accepted after all. Under the lock that `claim` gave.
  void unclaim(call& which, key_claim& with) noexcept;
  /// It has an end, and nobody was told.
  void ended(call& which, const key_claim& with, const call_end& end) noexcept;

  void on_timer(timer& fired) noexcept override;

 private:
  struct print_hash {  // any of its bytes will do
    std::size_t operator()(const key_print& print) const noexcept {
      return std::bit_cast<std::array<std::size_t, sizeof(print) / sizeof(std::size_t)>>(print)[0];
    }
  };
  struct entry;
  using entries = std::unordered_map<key_print, entry, print_hash>;
  using order = std::list<entries::value_type*>;
  struct entry {
    boost::intrusive_ptr<call> held{};
    request_hash request{};
    order place{};  // its node, while it is not in the order of outcomes
    order::iterator at{};
    std::size_t bytes = 0;  // 0: it has no outcome
    time_point until{};
  };
  using leaving = std::vector<entries::node_type>;

  // Under the lock; what leaves is released without it.
  static std::size_t weight(const call& which, const call_end& end) noexcept;
  bool take_place(call& which, key_claim& with);
  void let_go(call& which, key_claim& with) noexcept;
  void rename(const call_id& from, const call_id& to) noexcept;
  void remember(entry& known, std::size_t bytes, duration ago = duration::zero()) noexcept;
  void keep_bounds(leaving& out) noexcept;
  void forget_records(const leaving& out) const noexcept;
  void forget_outcome(entry& known) noexcept;
  entries::node_type take_out(entries::iterator which) noexcept;
  entries::node_type take_out_first() noexcept;
  void arm() noexcept;

  environment& world_;
  const key_policy policy_;
  const boost::intrusive_ptr<records> records_;
  mutable std::mutex mutex_;
  entries entries_;
  std::unordered_map<call_id, entries::value_type*> ids_;  // of the same
  order outcomes_;                                         // by `until`
  std::size_t bytes_ = 0;
  timer expiry_{*this};
};

}  // namespace holdfast::core
