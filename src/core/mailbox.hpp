// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <holdfast/call_options.hpp>
#include <holdfast/observer.hpp>
#include <holdfast/retry_policy.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/call.hpp"
#include "core/pace.hpp"
#include "core/process_mark.hpp"
#include "core/short_mutex.hpp"
#include "core/spares.hpp"
#include "core/timers.hpp"

/// A bounded queue of calls with the cells that serve it.
///
/// First come, first served. Full is an answer at once, never a wait, and so is a queue that moves too slowly
/// for a call's deadline. A queued call is taken out by whoever
/// gets the lock first: a cell that runs it, its caller who revokes it, or its deadline. A call that backs
/// off stands outside of the queue, under a bound of its own, and comes back at its end. One that must not
/// begin before its start is on record is counted in the queue and held beside it until then, and so are,
/// where the order is to be kept, those behind it.
namespace holdfast::core {

struct mailbox_limits {
  std::size_t depth = 1024;            ///< calls that wait
  std::size_t bytes = 64U << 20;       ///< the arguments of the calls that wait
  std::size_t call_bytes = 16U << 20;  ///< the arguments of one call
  bool ordered = false;                ///< no call passes one that is held
};

/// What observers are told of its calls and cells.
struct mailbox_names {
  std::string component{};
  std::string actor{};  ///< empty: it is a pool's
  /// Of the exports, by their numbers; shared by those of a component.
  std::shared_ptr<const std::vector<std::string>> functions{};
};

class newcomer;

/// Thread-safe.
class mailbox final : public shared_object {
 public:
  mailbox(environment& world, mailbox_limits limits, retry_policy retry = {},
          mailbox_names names = {}) noexcept;
  mailbox(const mailbox&) = delete;
  mailbox& operator=(const mailbox&) = delete;
  ~mailbox() override = default;

  /// Accepts the call, or answers at once why not; refused, it was never visible to a cell.
  std::optional<error> admit(const boost::intrusive_ptr<call>& request, start how);

  /// Accepts what the host has to do in one instance, for nobody: before all that waits and past the bounds,
  /// since it is what makes room. False: that instance is gone or about to go, and nothing is left to do.
  ///
  /// `made` makes the call, under the lock: whoever asks may do so at any time, and the world is known to be
  /// there only as long as the mailbox is open. Its terms say `chore`, and where.
  bool admit_chore(const home& where, const std::function<boost::intrusive_ptr<call>(environment&)>& made);

  /// Whether a call may go past the queue into an idle cell: nothing waits, and it would not be refused.
  /// Looked at by whoever has that cell: what is queued later comes after.
  bool lets_through(std::size_t bytes) const noexcept;
  /// It goes: it is accepted.
  void let_through(const newcomer& which) noexcept;
  /// It has its end, and nobody else knew of it.
  void went(const call_id& which, outcome how) noexcept;
  /// Whether anything waits for a cell.
  bool waits() const noexcept { return waiting_.load() > 0; }
  /// A cell that took a call past the queue will not be idle again at once.
  void busy(cell& who) noexcept;

  /// Admits nothing from now on. What is queued stays; what backs off ends with what its last attempt came
  /// to.
  void close() noexcept;

  /// Ends every call that waits: as refused, or as what its last attempt came to. None backs off from now on.
  void refuse_queued(errc why, const std::string& detail) noexcept;

  /// Takes a call that waits or backs off out. False: a cell has it, or it is done.
  bool remove(call& request) noexcept;

  /// The same, only if nobody waits for it any more.
  bool remove_unwanted(call& request) noexcept;

  /// Takes a waiter back from a call that is queued, and the call too if it is bound and nobody else waits:
  /// in one step, so that it never begins meanwhile.
  enum class withdrawn : std::uint8_t { no, waiter, call };
  withdrawn withdraw(call& request, waiter& who) noexcept;

  /// Waits until every cell has ended. False: the time ran out first. Real time: for real threads only.
  bool wait_deserted(duration limit) noexcept;
  bool deserted() const noexcept;
  /// Whether it is closed and nothing waits or backs off.
  bool finished() const noexcept;

  /// Whose its cells are.
  cell_place place() const noexcept { return {names_.component, names_.actor}; }

  std::size_t depth() const noexcept;
  std::size_t bytes() const noexcept;
  /// The calls of a process before this one, that were not done: they wait outside, past its bounds, and come
  /// into the queue one after the other. False: closed, or nobody is left to run it.
  bool admit_recalled(const boost::intrusive_ptr<call>& request);

  /// Calls that back off.
  std::size_t outside() const noexcept;

  /// The call of that id, if it waits here or is in flight in a cell. Looks at all of them: for operators.
  /// One that moves meanwhile may be missed.
  boost::intrusive_ptr<call> find(const call_id& which) const;

  /// The cells that serve it, broken ones not.
  std::vector<boost::intrusive_ptr<cell>> servers() const;

  // The call's side.

  /// An attempt ended so: lets the call wait outside for the next one. False: that was its end, which is
  /// unchanged.
  bool back_off(call& request, call_end& end) noexcept;
  /// Its wait is over.
  void admit_again(call& request) noexcept;
  /// Its start is on record.
  void admit_noted(call& request) noexcept;

  // The cells' side.

  struct taken {
    boost::intrusive_ptr<call> next{};   ///< null: nothing waits that fits, the cell is noted unless closed
    bool closed = false;                 ///< nothing waits and nothing will
    boost::intrusive_ptr<cell> other{};  ///< may take what still waits: wake it
  };
  /// What the cell is to run, beside what it runs.
  taken take(cell& who);
  /// It has no room any more. The answer may take what waits: wake it.
  boost::intrusive_ptr<cell> pass_on(cell& who) noexcept;
  /// Notes the cell as idle. False: something waits, or nothing more will come.
  bool rest(cell& who);
  /// One more cell that is to serve, once.
  void join(cell& who) noexcept;
  /// A member that cannot serve any more. When none is left that can, all that waits is refused, now and
  /// later.
  void broke(cell& who, const std::string& why) noexcept;
  /// A member has ended; it touches nothing of the world any more.
  void part(cell& who) noexcept;

  /// Whether a member may build an instance now; if not, it is woken when it may ask again.
  bool may_build(cell& who, unsigned at_once) noexcept;
  /// It has built, or gives up.
  void built(cell& who) noexcept;

  // The same for the pool's spares: one that is not there yet waits for every cell that would build.
  void join(spares& who) noexcept;
  void part(spares& who) noexcept;
  bool may_build(spares& who, unsigned at_once) noexcept;
  void built(spares& who) noexcept;

 private:
  using queue = boost::intrusive::list<call>;

  // All under the lock.
  std::optional<error> refusal(const call& request) const;
  void tell_accepted(const call& request) noexcept;
  void tell_asked(const call_id& which, std::uint32_t function, bool keyed, std::size_t bytes) noexcept;
  std::optional<error> fullness(const call& request) const;
  std::optional<error> lateness(const call& request, time_point now);
  void enqueue(call& request, time_point now) noexcept;  // counted already
  void hold(call& request, bool until_noted) noexcept;
  void let_in(call& held) noexcept;  // into the queue
  void release_held() noexcept;      // into the queue, as far as nothing is in the way
  void wait_outside_for(call& request, duration wait) noexcept;
  std::size_t waiting() const noexcept { return queue_.size() + home_.size() + held_.size(); }
  bool over() const noexcept { return closed_ && held_.empty(); }  // nothing comes into the queue any more
  bool unlink(call& request) noexcept;                             // false: not here
  void watch(call& queued) noexcept;                               // it was queued
  void watch_alone(call& request) noexcept;
  void unwatch(call& queued) noexcept;  // it is about to leave the queue
  bool may_retry(const call& request) const noexcept;
  duration wait_outside(call& request) noexcept;
  boost::intrusive_ptr<cell> server_for(const call& request) noexcept;
  queue::iterator next_for(const cell& who) noexcept;
  queue::iterator fitting(const cell& who) noexcept;  // the same, if it can begin there now
  using noted = std::vector<boost::intrusive_ptr<cell>>::iterator;
  noted best() noexcept;
  boost::intrusive_ptr<cell> take_noted(noted which) noexcept;
  boost::intrusive_ptr<cell> another() noexcept;  // that may take what waits
  void ask_again() noexcept;
  void wake_idle() noexcept;
  static queue::iterator first_for(queue& in, std::uint32_t cell) noexcept;
  void note_idle(cell& who);
  void note_busy(cell& who) noexcept;
  void note_served(cell& who) noexcept;                   // it is done with what it took
  boost::intrusive_ptr<poller> next_to_build() noexcept;  // null: nobody waits for that
  void parted() noexcept;
  void earn() noexcept;  // an accepted call's share of a retry; also without the lock

  // Without the lock.
  void on_timer(timer& first) noexcept override;
  void refuse_cycles() noexcept;
  void end_all(queue& from, errc why, const std::string& detail,
               std::optional<std::uint32_t> only_in = std::nullopt) noexcept;  // one cell's, or all

  environment& world_;
  const mailbox_limits limits_;
  const retry_policy retry_;
  const mailbox_names names_;
  const process_mark began_;
  mutable short_mutex mutex_;
  queue queue_;  // each of the lists holds a reference to its calls
  queue home_;   // calls that one cell alone can run
  queue outside_;
  queue held_;
  queue chores_;  // not counted: there are at most as many as there are things to give back
  std::size_t bytes_ = 0;
  std::size_t outside_bytes_ = 0;
  std::uint64_t turns_ = 0;
  // From here on the queue has calls without a timer of their own; null: none is there. One timer is armed
  // for the first of their deadlines, or for an earlier time.
  call* unwatched_ = nullptr;
  time_point first_deadline_ = time_point::max();
  pace pace_;
  std::size_t serving_ = 0;           // calls that cells took and are not known to be done with
  std::atomic<std::int64_t> budget_;  // thousandths of a retry
  // Written under the lock; looked at without it by who would go past the queue. One that waits is counted
  // before an idle cell is looked for, a cell is left before the count is looked at: one of them sees the
  // other.
  std::atomic<std::size_t> waiting_{0};
  std::vector<boost::intrusive_ptr<cell>> idle_;  // or with room for more calls
  std::vector<cell*> members_;                    // that serve; each is there until it parts
  std::size_t unparted_ = 0;
  std::size_t building_ = 0;
  std::vector<boost::intrusive_ptr<cell>> to_build_;  // in order
  boost::intrusive_ptr<spares> spare_to_build_;       // after them
  std::condition_variable_any deserted_;
  std::atomic<bool> closed_{false};
  bool refusing_ = false;
  std::string broken_why_;
  timer first_timer_{*this};
};

}  // namespace holdfast::core
