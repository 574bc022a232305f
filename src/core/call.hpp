// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <holdfast/call_id.hpp>
#include <holdfast/call_phase.hpp>
#include <holdfast/outcome.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.hpp"
#include "core/dialogue.hpp"
#include "core/environment.hpp"
#include "core/guest.hpp"
#include "core/short_mutex.hpp"

/// A request on its way to its one outcome.
///
/// The host owns it: arguments, limits and result live here, and nothing in it points at a caller. Callers
/// hold references and wait; whether any of them is still there changes nothing once an attempt has begun.
namespace holdfast::core {

class call;
class cell;
class keys;
class mailbox;
class records;
class parking;
class record_slot;

/// The single terminal result, written once.
struct call_end {
  outcome what = outcome::refused;
  std::error_code code{};  ///< empty for `completed`
  std::uint32_t cell = 0;
  std::uint64_t generation = 0;  ///< 0: never entered
  unsigned attempts = 0;
  bool state_lost = false;  ///< it ran in an actor that lacks what calls before had done
  buffer value{};           ///< the returned value's bytes, for `completed`
  std::string detail{};     ///< a sentence; may quote the guest
  std::string backtrace{};
};

/// Somebody who waits for a call. Told at most once: the outcome, or, having left, nothing.
class waiter : public shared_object {
 public:
  /// The call is done. Runs on the thread that ended it, without locks: hand over, do not work.
  virtual void on_done(call& ended) noexcept = 0;
};

/// Most calls have one, and that is for no allocation.
using waiters = boost::container::small_vector<boost::intrusive_ptr<waiter>, 1>;

/// Those who are still to be told of a call that is done.
struct untold {
  boost::intrusive_ptr<call> of;
  waiters who;

  void tell() const noexcept;
};

/// How long a call may take, and who it belongs to.
struct call_terms {
  time_point deadline = time_point::max();  ///< queued past it: expired, running: stopped
  duration time_limit = no_limit;           ///< the same, counted from the acceptance
  duration run_limit = no_limit;            ///< from the start of an attempt
  duration grace = duration::zero();        ///< between asking the guest to stop and the cut
  bool bound = false;                       ///< queued, it is revoked when its last waiter leaves
  bool findable = false;                    ///< by its id, from its acceptance on
  unsigned attempts = 1;                    ///< at most
  bool repeatable = false;                  ///< it may run again after it has run
  std::optional<home> only_in{};  ///< the one instance that can run it: arguments name resources of it
  bool chore = false;             ///< the host's own: observers do not hear of it
};

struct key_claim;

/// The state that an actor's guest has after a call; what is in it is for the host alone.
class guest_state_record {
 public:
  virtual ~guest_state_record() = default;
};

class call : public shared_object, public boost::intrusive::list_base_hook<> {
 public:
  call(environment& world, const call_id& id, std::uint32_t function, const call_terms& terms) noexcept;
  ~call() override;

  /// The encoded arguments; they live until the call is done.
  virtual std::span<const std::byte> arguments() const noexcept = 0;

  /// What the request weighs in a queue's byte bound.
  virtual std::size_t bytes() const noexcept = 0;

  /// The call is done: nobody reads its arguments any more. `parked`: the result is kept for longer.
  virtual void forget_arguments(bool /*parked*/) noexcept {}

  /// What it has in place of arguments; lives as long as the call. Null: it has arguments.
  virtual dialogue* with() const noexcept { return nullptr; }

  /// The caller's name for the request; lives as long as the call.
  virtual std::string_view key() const noexcept { return {}; }

  /// What is to be on record with its end, on the driving thread of its guest and before that is told.
  virtual void leaves_state(std::shared_ptr<const guest_state_record> /*what*/) noexcept {}
  /// What that weighs; 0: there is none.
  virtual std::size_t state_bytes() const noexcept { return 0; }

  const call_id& id() const noexcept { return id_; }
  std::uint32_t function() const noexcept { return function_; }
  const call_terms& terms() const noexcept { return terms_; }
  call_phase phase() const noexcept;

  /// When the attempt that runs is asked to stop; none runs: the deadline.
  time_point stop_at() const noexcept;

  /// A host function of its guest's runs, and nothing else of the instance does before that answers.
  void keep_instance(bool kept) noexcept { has_instance_.store(kept); }
  bool has_instance() const noexcept { return has_instance_.load(); }

  /// Whether it was made, or is waited for, on another call's behalf.
  bool is_child() const noexcept { return joined_.load(); }

  /// Registers a waiter. False: the call is done already and the waiter will not be told.
  bool attach(const boost::intrusive_ptr<waiter>& who);

  /// Takes a waiter back. True: it will not be told. A bound call that waits for an instance and whose last
  /// waiter this was is revoked.
  bool leave(waiter& who) noexcept;

  /// Takes a waiter back only if the call waits for an instance and was never begun; revoked as by `leave`.
  /// False: nothing has changed.
  bool withdraw(waiter& who) noexcept;

  /// Somebody holds a claim on the call: it is not left while there is one.
  void claim() noexcept { claims_.fetch_add(1); }

  /// Somebody with its key is about to wait for it: until `unjoin` it is not taken back because others leave.
  /// False: it is taken back, or ended without a guest. `keep`: from now on it runs whether anybody waits or
  /// not.
  bool join(bool keep);
  /// Whoever waits has begun to. If nobody does, the last caller has left.
  void unjoin() noexcept;

  // Before it is handed to a mailbox:
  /// It is to stand for its key, as the next attempt of the call that did before.
  void stand_for(key_claim&& what);
  /// ... as the next attempt of one that came to this end.
  void go_on_from(const call_end& before);
  /// It was not accepted, for another call had the key first.
  bool is_second() const noexcept;
  /// It was accepted: what came before it is not looked at any more.
  void forget_before() noexcept;
  /// What it holds of its key. Null: it has none.
  const key_claim* claim_of_key() const noexcept { return key_claim_.get(); }
  /// Whether a caller could name it by a key.
  bool is_named() const noexcept;

  /// A claim has gone. With the last one, if nobody waits, its caller has left.
  void abandon() noexcept;

  /// Takes the call back if no attempt has begun. Between two attempts it ends with what the last came to.
  revoke_answer revoke() noexcept;

  /// Stops the guest if the call runs, revokes it if it waits.
  kill_answer kill() noexcept;

  /// It ended, or is about to, and no guest was ever entered for it.
  bool never_was() const noexcept;

  // Whose record is kept past the process's end (core/records.hpp):
  /// Its start is: it may begin.
  void noted() noexcept;
  /// Its end is. The answer is to be told.
  untold publish() noexcept;
  /// It was accepted in a process before this one and ends as that left it (`go_on_from`): that is kept, then
  /// told. False: there is no room for it now.
  bool end_recalled() noexcept;
  /// Its end will not be: it is told as lost.
  void lose_end() noexcept;
  /// It is done, in a process before this one, and stands for its key. Before anybody sees it.
  void was_done(call_end end) noexcept;
  /// Between the two only whoever keeps the record reads this.
  const call_end& end_to_keep() const noexcept { return end_; }
  /// Attempts of other calls under its key, and of processes before.
  unsigned attempts_before() const noexcept { return attempts_before_; }
  record_slot& slot() noexcept;

  /// The end. Only after `phase() == done` was seen, or from `on_done`.
  const call_end& end() const noexcept { return end_; }

  /// Somebody reads the end. `last`: it need not be found by its id any more.
  enum class reading : std::uint8_t { last, again };
  void read(parking& where, reading how) noexcept;

  /// Whether somebody ever left it, or its last claim went.
  bool left() const noexcept { return left_.load(); }

 protected:
  /// Where it was accepted; null: nowhere.
  mailbox* accepted_by() const noexcept { return mailbox_.get(); }

 private:
  friend class cell;
  friend class mailbox;
  friend class lineage;
  friend class waiting_for;
  friend class keys;

  void on_timer(timer& fired) noexcept override;
  /// It waits no more.
  void forget_timer() noexcept;
  /// Its limits are counted from now.
  void count_from(time_point now) noexcept;

  /// It was made when its first slice had begun (core/hand_over.cpp).
  void begin_shown(boost::intrusive_ptr<cell> on, time_point now) noexcept;

  /// What the guest gets of it, once it has begun.
  request attempt() noexcept;
  /// Queued to running, after the mailbox gave it out. An error: it expired or was killed meanwhile; finish
  /// it so.
  std::optional<errc> begin(boost::intrusive_ptr<cell> on) noexcept;
  /// It began, but the guest was not entered.
  void unbegin() noexcept;
  /// When an attempt that begins now is asked to stop.
  time_point stops_by(time_point now) const noexcept;
  /// An attempt has ended: the call backs off before the next one, or that was its end.
  untold attempt_ended(call_end end) noexcept;
  /// Whether it may run again after an attempt that ended so.
  bool may_repeat(const call_end& end) const noexcept;
  /// Ends the call. Exactly once. The answer is to be told.
  untold finish(call_end end) noexcept;
  /// The same, at once. Null: the end is there.
  untold finish_now(call_end* end) noexcept;
  /// The same, where what it leaves is to be kept first.
  untold finish_kept(records& by, call_end end) noexcept;
  /// What it is done with, whoever is told when; under the lock.
  void settle(call_end&& end, boost::intrusive_ptr<cell>& ran_on) noexcept;
  /// Whether its mailbox must not give it out before its start is noted.
  bool awaits_note() const noexcept;
  /// Ends a call that waits: with what its last attempt came to, or, if there was none, as never entered.
  void finish_unrun(errc why, std::string detail = {}) noexcept;

  /// The last waiter or claim may have gone: under the lock, which it gives up.
  void left_by_one(std::unique_lock<short_mutex> lock) noexcept;
  bool is_over_unrun() const noexcept;  // under the lock
  bool is_unwanted() const noexcept;    // under the lock: nobody is left for whom it would run
  void note_left();                     // under the lock: a waiter is gone, the call goes on
  void end_orphan() noexcept;           // under the lock
  duration ran_for_nobody() const noexcept;

  environment& world_;
  const call_id id_;
  const std::uint32_t function_;
  call_terms terms_;                       // the deadline is set with the acceptance, the rest stays
  boost::intrusive_ptr<mailbox> mailbox_;  // set on admission, before anyone else sees the call
  timer deadline_{*this};
  timer backoff_{*this};

  mutable short_mutex
      mutex_;  // taken after the mailbox's and the cell's, before the parking's and the timers'
  call_phase phase_ = call_phase::queued;
  waiters waiters_;
  boost::intrusive_ptr<cell> runs_on_;
  time_point began_at_{};                   // the attempt that runs
  time_point stop_at_ = time_point::max();  // ... and when it is asked to stop
  bool killed_ = false;                     // no attempt begins any more
  unsigned joins_ = 0;
  bool given_up_ = false;      // taken back before any attempt, and about to end
  bool left_to_next_ = false;  // its finisher's own: the next process runs it
  bool settled_ = false;       // its end is there, and is told when its record is kept
  bool orphan_ = false;
  bool kept_ = false;  // found by its id
  time_point orphan_since_{};
  duration orphan_cost_{};                // of attempts that ended while it was one
  unsigned attempts_before_ = 0;          // that other calls made under its key
  call_end end_;                          // between attempts what the last one came to
  std::unique_ptr<key_claim> key_claim_;  // null: it has no key

  std::atomic<bool> left_{false};
  std::atomic<unsigned> claims_{0};
  std::atomic<bool> joined_{false};  // it has or had a parent
  std::atomic<bool> has_instance_{false};
  // Guarded by the mailbox's lock.
  enum class place : std::uint8_t { nowhere, queued, home, outside, chore, held };
  place place_ = place::nowhere;
  std::uint64_t turn_ = 0;
  // ... and, while it is nowhere, its finisher's or its cell's own: its deadline has a timer of its own.
  bool timed_ = false;
  unsigned backoffs_ = 0;
  bool held_back_ = false;  // not before its start is noted
  bool recalled_ = false;   // of a process before this one: it waits for room however long that takes

  // Guarded by the lineage's lock.
  boost::intrusive_ptr<call> parent_;
  std::vector<call*> children_;  // that wait or run, and that this call may wait for
};

}  // namespace holdfast::core
