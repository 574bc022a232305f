// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <holdfast/journal.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/call.hpp"
#include "core/records.hpp"

/// The timers of a host's actors: all of them are here, and, where the host has a journal, there too.
///
/// What a call sets and cancels is its draft until it has completed. Then it holds for all that comes after;
/// where there is a journal a timer is not called before the record of that call is there. A timer goes when
/// the call that it makes has ended and its guest was entered: with the record of that call, or, where none
/// is written, in a note of its own.
namespace holdfast::detail {

class actor_timers;
class pool_call;

/// One setting of a timer. Never changed once its call has completed.
struct actor_timer {
  core::key_print id{};
  core::key_print actor{};  ///< as in its state
  std::string group;        ///< whose the keys of its calls are
  std::string key{};        ///< the actor's; there once its call has completed
  std::string name;
  std::chrono::system_clock::time_point due{};
  std::string function;                ///< the export, by its qualified name
  std::vector<std::byte> arguments{};  ///< packed, in line

  std::size_t bytes() const noexcept {
    return sizeof(*this) + group.size() + key.size() + name.size() + function.size() + arguments.size();
  }
};
using actor_timer_ptr = std::shared_ptr<const actor_timer>;

/// What is to be written of one.
struct timer_change {
  core::key_print actor{};
  std::string name;
  actor_timer_ptr set{};  ///< null: there is none of that name any more
};

journal_timer record_of(const timer_change& what);

/// What a call has set and cancelled. Guarded by the lock of the timers that it is of.
struct timer_draft {
  std::shared_ptr<actor_timers> of{};
  unsigned attempt = 0;
  std::map<std::string, std::shared_ptr<actor_timer>> wishes{};  ///< by name; null: cancelled
  std::vector<timer_change> held{};  ///< the same once it has completed, until its record is written
  std::size_t bytes = 0;             ///< of those; the finisher's own
};

/// Thread-safe. Its lock is taken before those of calls and of deadlines, and under no other of theirs.
class actor_timers : public std::enable_shared_from_this<actor_timers> {
 public:
  using time = std::chrono::system_clock::time_point;
  using clock = std::function<time()>;
  /// Told when the earliest of a group is due; nothing: none is.
  using alarm = std::function<void(std::optional<time>)>;

  /// Calls of timers of one group that wait or run at the same time.
  static constexpr std::size_t most_at_once = 64;

  /// `wakes` tells the journal's writer that there is something; empty: there is no journal.
  actor_timers(clock now, std::function<void()> wakes) : now_(std::move(now)), wakes_(std::move(wakes)) {}

  /// All that the journal has. Before anything else.
  std::optional<error> load(journal& from);

  // A call's side. One whose attempt is over changes nothing.

  /// In the place of the actor's timer of that name. An error: it has `most` others, or the attempt is over.
  std::optional<error> set(pool_call& by, unsigned attempt, actor_timer what, std::size_t most);
  /// Whether there was one.
  bool cancel(pool_call& by, unsigned attempt, const core::key_print& actor, const std::string& name);
  /// The call of the actor of that key has completed, on the driving thread of its guest and before its end
  /// is told. The calls of timers that are not there any more are revoked.
  void hold(pool_call& completed, const std::string& key);

  /// The call is over: what it has not kept is nobody's.
  void forget(pool_call& over) noexcept;

  // A group's side: its timers are called while it is open.

  void open(const std::string& group, alarm told);
  void close(const std::string& group) noexcept;
  /// Those that are due, for as many calls as may be made now.
  std::vector<actor_timer_ptr> take_due(const std::string& group);
  /// Its call was made. False: it is not there any more, and the call is to be revoked.
  bool calls(const actor_timer& which, boost::intrusive_ptr<core::call> by);
  /// That call has ended, or there was none. Not executed: the timer is called again after a while.
  void ended(const actor_timer& which, effect how);
  /// Timers of the group.
  std::size_t count(const std::string& group) const noexcept;

  // The writer's side.

  /// What is to be written with these records: what their calls changed, in their order, and notes.
  std::vector<timer_change> collect(const core::records::batch& with);
  /// It is in the journal.
  void kept(std::span<const timer_change> what);

 private:
  using place = std::pair<core::key_print, std::string>;  // the actor, and the timer's name
  struct entry;
  using entries = std::map<place, entry>;
  using agenda = std::multimap<time, entries::iterator>;
  enum class stage : std::uint8_t {
    unwritten,  // its call has completed, which is not in the journal yet
    waits,      // in the agenda
    called,
  };
  struct entry {
    actor_timer_ptr now{};      // null: there is none any more
    actor_timer_ptr written{};  // what the journal has, or is about to
    stage at = stage::unwritten;
    unsigned failures = 0;  // in a row
    agenda::iterator next{};
    boost::intrusive_ptr<core::call> call{};
  };
  struct group {
    agenda next{};
    std::size_t count = 0;
    std::size_t called = 0;
    alarm told{};  // empty: it is not open
  };

  // Under the lock.
  timer_draft* draft_of(pool_call& by, unsigned attempt);
  static bool is_there(const entry& which, const pool_call& to) noexcept;
  bool is_there(const place& which, const pool_call& to) const noexcept;
  void put(entries::iterator at, actor_timer_ptr what, stage how);
  boost::intrusive_ptr<core::call> take_away(entries::iterator from);
  void await(entries::iterator which, time when);
  void tidy(entries::iterator which);
  void arm(group& which);
  entries::iterator timer_of(const pool_call& call, actor_timer_ptr entry::* which);
  void take_ended(const pool_call& call, std::vector<timer_change>& into);

  const clock now_;
  const std::function<void()> wakes_;
  mutable std::mutex mutex_;
  entries entries_;
  std::unordered_map<std::string, group> groups_;
  std::vector<timer_change> notes_;
};

}  // namespace holdfast::detail
