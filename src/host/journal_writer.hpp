// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <holdfast/journal.hpp>
#include <holdfast/key_policy.hpp>
#include <holdfast/observer.hpp>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/records.hpp"
#include "host/actor_states.hpp"
#include "host/actor_timers.hpp"

/// Writes a host's records and the states and timers of its actors into its journal: whatever waits, as soon
/// as the disk is idle. It alone reads there too.
namespace holdfast::detail {

/// The record of a call as it is now. Its views are the call's.
journal_record record_of(const core::records::item& what, std::chrono::system_clock::time_point now);

journal_state record_of(const actor_state& what, std::chrono::system_clock::time_point now);
journal_step record_of(const actor_step& what, const core::key_print& actor);

class journal_writer {
 public:
  using clock = std::function<std::chrono::system_clock::time_point()>;

  journal_writer(std::shared_ptr<journal> to, const key_policy& bounds, clock now, observer& told);
  journal_writer(const journal_writer&) = delete;
  journal_writer& operator=(const journal_writer&) = delete;
  ~journal_writer();

  const boost::intrusive_ptr<core::records>& records() const noexcept { return records_; }
  /// Of the host's actors.
  const std::shared_ptr<actor_states>& states() const noexcept { return states_; }
  const std::shared_ptr<actor_timers>& timers() const noexcept { return timers_; }
  journal& to() const noexcept { return *to_; }
  std::chrono::system_clock::time_point now() const { return now_(); }

  /// From now on a thread of its own writes.
  void start();
  /// In a world without threads: writes what waits, up to one batch. False: nothing does, or there is no
  /// room.
  bool step();

  /// Waits until all that waits now is written, or for so long.
  void flush(duration limit);
  /// Writes what is left, and ends the thread. What there is no room for by then ends as `lost_in_crash`:
  /// that is what the next process will say of it.
  void stop(duration limit);

 private:
  enum class wrote : std::uint8_t { nothing, batch, no_room };
  wrote write();
  bool take();
  bool answer_questions();
  actor_states::found read_actor(const core::key_print& which);
  void add_steps();
  void wake();
  void work();

  const std::shared_ptr<journal> to_;
  const clock now_;
  observer& told_;
  core::records::batch next_;  // taken, and there was no room for it
  std::vector<actor_state_ptr> next_states_;
  std::vector<actor_state_ptr> next_bases_;  // of those: what is not there
  std::vector<journal_step> next_steps_;
  std::vector<timer_change> next_timers_;
  bool full_ = false;

  std::mutex mutex_;
  std::condition_variable woken_;
  std::condition_variable rested_;
  bool work_ = false;
  bool resting_ = true;
  bool stopping_ = false;
  std::thread thread_;
  const boost::intrusive_ptr<core::records> records_;
  const std::shared_ptr<actor_states> states_;
  const std::shared_ptr<actor_timers> timers_;
};

}  // namespace holdfast::detail
