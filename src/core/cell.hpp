// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <holdfast/rebuild_policy.hpp>
#include <holdfast/sharing_policy.hpp>
#include <memory>
#include <mutex>

#include "core/call.hpp"
#include "core/environment.hpp"
#include "core/flight.hpp"
#include "core/guest.hpp"
#include "core/mailbox.hpp"
#include "core/short_mutex.hpp"
#include "core/spares.hpp"
#include "core/turn.hpp"

/// An instance slot: the unit of isolation.
///
/// A cell takes calls from its mailbox and drives one guest through them: one at a time, or several at once
/// where the guest can and the policy says so. Whoever moves it from parked to driving runs it: a worker, or
/// the submitting thread for a first slice. A guest that faulted, was cut or failed in the host is destroyed
/// and never entered again, whatever else was in flight in it; the next generation takes its place.
///
///     building -> idle -> running -> idle ...       the good life
///
///     running -> stopping -> rebuilding -> idle     a stop; stopping -> idle, if the call still came to its
///     end
///
///     rebuilding -> broken                          too many failures in a row
///
///     any -> draining -> closed
namespace holdfast::core {

/// What became of a call that was handed over to a cell.
enum class handed : std::uint8_t {
  untaken,  ///< nothing has happened: admit it
  done,     ///< it has its end, and nobody was told
  goes_on,  ///< it was accepted and goes on
};

class newcomer;

class cell final : public poller, public task {
 public:
  /// `ahead` has the instances that it may take in place of its own; null: there are none. Guests that can
  /// have but one call in flight are for a policy of one call.
  cell(const environment& world, boost::intrusive_ptr<mailbox> serves, guest_maker& maker,
       rebuild_policy policy, std::uint32_t number, boost::intrusive_ptr<spares> ahead = nullptr,
       sharing_policy sharing = {.calls = 1}) noexcept;
  ~cell() override;

  /// Begins to build the first instance, on a worker.
  void open() noexcept;

  /// Something happened that makes driving worth while. Any thread, also from a guest's waker and long after.
  void wake() noexcept override;

  /// Drives one slice on this thread. False: it is being driven elsewhere, or this thread drives a cell
  /// already.
  bool dispatch() noexcept;

  /// Takes a request past the queue and drives its first slice on this thread, if the cell is idle and
  /// nothing waits: no lock is taken, nothing is allocated, and no timer set, while the call is done within
  /// its slice and no host function is called. Otherwise it goes on as a call that was admitted.
  ///
  /// Its caller keeps the cell. A call that is somebody's child is not taken.
  /// @par Effect on the guest  `untaken`: none
  handed hand_over(newcomer& next) noexcept;

  /// Whether nobody drives it or is about to.
  bool parked() const noexcept { return turn_.parked(); }

  /// Stops this attempt at `which` if it is in flight: asks, then cuts after its grace. A second stop keeps
  /// the first's reason.
  void stop(call& which, unsigned attempt, errc why) noexcept;

  /// Ends when the mailbox is closed and empty.
  void drain() noexcept;

  /// Stops whatever runs, as `killed` and in two stages like any stop, begins nothing more, and ends. The
  /// mailbox must be closed.
  void close() noexcept;

  /// The call of that id, if it is in flight here and others know of it. Any thread.
  boost::intrusive_ptr<call> find(const call_id& which) const noexcept;

  /// What keeps a further call from beginning here. Nothing: it can begin.
  in_the_way blocked_by() const;

  cell_state state() const noexcept { return state_.load(); }
  std::uint64_t generation() const noexcept { return generation_.load(); }
  std::uint32_t number() const noexcept { return number_; }

 private:
  friend class call;
  friend class newcomer;
  friend class mailbox;

  // What others tell the driver; it looks at the start of each step.
  enum signal : std::uint32_t {
    stop_asked = 1,     // a call in flight is to end, and the guest does not know yet
    cut = 2,            // ... now
    build_expired = 4,  // the instantiation took too long
    rebuild_due = 8,    // the backoff is over
    drain_asked = 16,
    close_asked = 32,
    hush = 64,  // a task may have gone on for too long after its result: nothing begins beside it
  };

  void run() noexcept override;
  void post(bool again = false) noexcept;  // to the workers; again: by one of them, as its last act
  void on_timer(timer& fired) noexcept override;

  void drive_once(bool by_worker) noexcept;
  bool drive_slice(bool by_worker) noexcept;  // true: there is more to do now
  bool step() noexcept;                       // true: go on
  bool step_build() noexcept;
  bool take_spare() noexcept;
  bool step_call() noexcept;
  bool fill() noexcept;                                  // begins one beside others, if it may; true: it did
  void seek_no_more() noexcept;                          // it has no room, for now
  void ask_guest() noexcept;                             // to stop what is to be stopped
  bool settle(guest_state seen, bool cutting) noexcept;  // the guest was polled; true: go on
  bool settle_quiet() noexcept;                          // ... and nothing goes on in it
  void settle_answers() noexcept;
  void cut_tail() noexcept;
  bool say_farewell() noexcept;   // false: there is nothing to be waited for
  void lose(fault why) noexcept;  // the instance, with all that is in flight
  void tell_overshoot() const noexcept;
  fault why_lost(const flight& which,
                 const fault& why) const noexcept;  // under the lock: what that is for one
  void show(newcomer& which) noexcept;              // handed over here, it becomes known
  bool wind_up(bool more) noexcept;                 // what a caller's thread does for its cell after its call
  void leave(bool more, bool by_worker) noexcept;   // the end of a drive
  void leave_here(bool more) noexcept;              // ... by one that handed a call over
  bool take_next() noexcept;
  bool rest() noexcept;                        // false: there is work
  void ask(flight& which, errc why) noexcept;  // under the lock: it is to end
  /// Under the lock: the call that the guest was told of last, or is told of next, is in flight.
  flight& begin_flight(boost::intrusive_ptr<call> of, unsigned attempt, time_point stop_at) noexcept;
  void watch(time_point then) noexcept;         // under the lock: there is something to look at then
  bool on_limit() noexcept;                     // ... is; true: the driver has to look too
  bool on_grace() noexcept;                     // true: one is over
  flight* find(std::uint64_t number) noexcept;  // by the driver, or under the lock
  boost::intrusive_ptr<call> forget(
      std::uint64_t number) noexcept;  // it is over, and so is every stop that was meant for it
  void complete(std::uint64_t number, call_end end) noexcept;
  void told_result(std::uint64_t number, buffer value) noexcept;

  bool shares() const noexcept { return sharing_.calls > 1; }
  bool is_idle() const noexcept { return flights_.empty() && !unquiet_; }
  bool has_room() const noexcept;
  bool is_stopping() const noexcept;
  bool wants_quiet() const noexcept { return raised(hush) || is_old(); }
  bool fits(const call& next, time_point now) const noexcept;  // to begin beside what is in flight
  void tell() noexcept;                                        // those whose calls are done
  bool build_failed(const fault& why) noexcept;                // true: go on
  void spoil(const fault& why) noexcept;
  void grow_up() noexcept;                                               // an instance is there
  bool is_old() const noexcept;                                          // ... and has served its time
  bool is_shut() const noexcept { return shares() && !guest_->open(); }  // idle, for good
  bool is_spent() const noexcept { return is_old() || is_shut(); }
  void retire() noexcept;
  void finish_closing() noexcept;

  void raise(std::uint32_t what) noexcept { signals_.fetch_or(what); }
  bool raised(std::uint32_t what) const noexcept { return (signals_.load() & what) != 0; }
  void lower(std::uint32_t what) noexcept { signals_.fetch_and(~what); }
  void move_to(cell_state next) noexcept;
  cell_state or_draining(cell_state good) const noexcept {
    return raised(drain_asked) ? cell_state::draining : good;
  }
  void replace_guest(std::unique_ptr<guest> next, time_point build_due = {}) noexcept;

  const environment world_;  // its own copy: a timer may fire as its pool ends
  const boost::intrusive_ptr<mailbox> mailbox_;
  guest_maker& maker_;
  const rebuild_policy policy_;
  const std::uint32_t number_;
  const boost::intrusive_ptr<spares> spares_;
  const sharing_policy sharing_;

  turn turn_;
  std::atomic<std::uint32_t> signals_{0};
  std::atomic<cell_state> state_{cell_state::building};
  std::atomic<std::uint64_t> generation_{1};

  // Written under the lock. The driver alone writes the guest, the calls in flight but for their stops, and
  // whether it is quiet, so it may read these without.
  mutable short_mutex mutex_;
  std::unique_ptr<guest> guest_;
  flights flights_;
  bool building_ = false;   // the guest is being instantiated
  time_point build_due_{};  // when that has taken too long
  // A call had its result and the guest was not idle since: it may go on with that one's task.
  bool unquiet_ = false;
  time_point hush_at_{};   // when nothing begins any more before it is idle
  time_point tail_due_{};  // when all of those tasks have had their time
  // For when the limit timer is armed. It stays so from one call to the next, which as a rule may run longer:
  // no call touches it then, and at its time it moves on.
  time_point limit_due_ = time_point::max();

  // The driver's own.
  std::vector<untold> untold_;
  bool tells_later_ = false;
  unsigned served_ = 0;  // calls that any cell could have run, since it last took one
  std::uint64_t begun_ = 0;
  bool fresh_ = false;   // the call that was begun last was not polled yet
  bool seeks_ = false;   // it has room, and was noted as such
  bool tailed_ = false;  // nothing was in flight, and the guest went on
  unsigned failures_ = 0;
  bool backing_off_ = false;
  duration built_in_ = duration::max();  // the time its last instance took, if one slice was enough
  std::uint64_t calls_left_ = 0;         // until this instance is retired
  bool state_lost_ = false;              // ... and nobody was told yet
  bool parted_ = false;                  // it has said farewell: nothing begins in it any more
  std::uint64_t memory_left_ = 0;        // what it may have until then

  // Guarded by the mailbox's lock.
  bool noted_idle_ = false;
  bool declines_ = false;  // ... but what is first in the queue does not fit beside what it runs
  bool builds_ = false;
  std::size_t serves_ = 0;  // calls that it took and is not known to be done with

  timer stop_timer_{*this};
  timer limit_timer_{*this};
  timer build_timer_{*this};
  timer retry_timer_{*this};
};

}  // namespace holdfast::core
