// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <mutex>
#include <optional>
#include <stop_token>

#include "core/call.hpp"

/// Which call was made on behalf of which: a host function that calls a guest makes a child of its own call.
///
/// A child may wait for a cell that runs, directly or by way of others, a call that waits for this child.
/// Nothing would ever end that but a deadline, so such a call is refused as a cycle when it is made.
namespace holdfast::core {

class mailbox;

/// On whose behalf this thread works: the call whose host function runs here, if one does.
class on_behalf {
 public:
  /// Until the end of the scope. Null: on nobody's. `stop` is the host function's: fired when the call is to
  /// stop.
  explicit on_behalf(boost::intrusive_ptr<call> of, std::stop_token stop = {}) noexcept;
  on_behalf(const on_behalf&) = delete;
  on_behalf& operator=(const on_behalf&) = delete;
  ~on_behalf();

  /// Null where no host function runs on this thread.
  static call* current() noexcept { return caller; }

  /// When that call is to stop: what its host function waits for on this thread is then not waited for any
  /// more.
  static std::stop_token stop() noexcept;

 private:
  static constinit inline thread_local call* caller = nullptr;
  static constinit inline thread_local const std::stop_token* callers_stop = nullptr;

  const boost::intrusive_ptr<call> of_;
  const std::stop_token stop_;
  call* const call_before_;
  const std::stop_token* const stop_before_;
};

/// The calls that wait for their children, of the whole process. Thread-safe.
class lineage {
 public:
  /// Held from the question to the admission: two calls that together close a cycle ask one after the other.
  /// Taken before every other lock.
  static std::unique_lock<std::mutex> lock();

  /// Whether a child of `parent` that `box` admits would wait for ever: each cell that could run it runs a
  /// call which waits for the child. Under the lock. Calls that end meanwhile can make the answer too
  /// careful, never too bold.
  static bool would_wait_for_itself(call& parent, mailbox& box, const std::optional<home>& only_in);

  /// From now on `parent` waits for `child`. Under the lock.
  static void join(call& parent, call& child);

  /// The call is done, or was not admitted: its parent does not wait for it any more.
  static void ended(call& child) noexcept;
  static void part(call& child) noexcept;  // the same under the lock

 private:
  friend class waiting_for;
  friend bool adopt(call& which);
  struct search;

  /// `itself`: it waits for the parent. `no`: it is done, or another's child. Under the lock.
  enum class adopted { no, yes, itself };
  static adopted adopt(call& parent, call& which);
};

/// This thread's host function is going to wait, elsewhere, for a call that was accepted before: until that
/// has ended its own call waits for it too. False: it cannot end before this host function does; do not wait.
bool adopt(call& which);

/// A host function waits, on this thread, for a call that was accepted before: until the end of the scope its
/// own call waits for that one too. On nobody's behalf this does nothing.
class waiting_for {
 public:
  explicit waiting_for(call& which);
  waiting_for(const waiting_for&) = delete;
  waiting_for& operator=(const waiting_for&) = delete;
  ~waiting_for();

  /// The call cannot begin before this host function ends: do not wait.
  bool itself() const noexcept { return itself_; }

 private:
  call& which_;
  bool joined_ = false;
  bool itself_ = false;
};

}  // namespace holdfast::core
