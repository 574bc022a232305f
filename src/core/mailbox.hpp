// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <holdfast/call_options.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/call.hpp"

/// A bounded queue of calls with the cells that serve it.
///
/// First come, first served. Full is an answer at once, never a wait. A queued call is taken out by whoever
/// gets the lock first: a cell that runs it, its caller who revokes it, or its deadline.
namespace holdfast::core {

struct mailbox_limits {
  std::size_t depth = 1024;            ///< calls that wait
  std::size_t bytes = 64U << 20;       ///< the arguments of the calls that wait
  std::size_t call_bytes = 16U << 20;  ///< the arguments of one call
};

/// Thread-safe.
class mailbox : public boost::intrusive_ref_counter<mailbox, boost::thread_safe_counter> {
 public:
  mailbox(environment& world, mailbox_limits limits) noexcept : world_(world), limits_(limits) {}
  mailbox(const mailbox&) = delete;
  mailbox& operator=(const mailbox&) = delete;

  /// Accepts the call, or answers at once why not; refused, it was never visible to a cell.
  std::optional<error> admit(const boost::intrusive_ptr<call>& request, start how);

  /// Admits nothing from now on; what is queued stays.
  void close() noexcept;

  /// Ends every queued call as refused.
  void refuse_queued(errc why, const std::string& detail) noexcept;

  /// Takes a queued call out. False: a cell has it, or it is done.
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
  /// Whether it is closed and nothing waits.
  bool finished() const noexcept;

  std::size_t depth() const noexcept;
  std::size_t bytes() const noexcept;

  // The cells' side.

  struct taken {
    boost::intrusive_ptr<call> next;  ///< null: nothing waits, the cell is noted as idle unless closed
    bool closed = false;              ///< nothing waits and nothing will
  };
  taken take(cell& who);
  /// Notes the cell as idle. False: something waits, or nothing more will come.
  bool rest(cell& who);
  /// One more cell that is to serve, once.
  void join() noexcept;
  /// A member that cannot serve any more. When none is left that can, all that waits is refused, now and
  /// later.
  void broke(const std::string& why) noexcept;
  /// A member has ended; it touches nothing of the world any more.
  void part() noexcept;

 private:
  using queue = boost::intrusive::list<call>;

  bool unlink(call& request) noexcept;  // under the lock; false: not queued
  void note_idle(cell& who);            // under the lock

  environment& world_;
  const mailbox_limits limits_;
  mutable std::mutex mutex_;
  queue queue_;  // holds a reference to each
  std::size_t bytes_ = 0;
  std::vector<boost::intrusive_ptr<cell>> idle_;
  std::size_t members_ = 0;
  std::size_t broken_members_ = 0;
  std::condition_variable deserted_;
  bool closed_ = false;
  std::string broken_why_;
};

}  // namespace holdfast::core
