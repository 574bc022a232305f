// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstddef>
#include <limits>
#include <mutex>
#include <vector>

#include "core/short_mutex.hpp"
#include "core/time_source.hpp"

/// Deadlines: a heap of armed timers, advanced from outside.
///
/// Nothing here waits. The host's ticker advances it once a tick, the simulator by its own clock, so a
/// deadline is kept to the tick and arming one wakes nobody.
namespace holdfast::core {

class timer;

/// Counted by reference; deleted with its last one. What a timer points to, and what waits for a call.
class shared_object : public boost::intrusive_ref_counter<shared_object, boost::thread_safe_counter> {
 public:
  virtual ~shared_object() = default;

  /// A timer of this object has fired. Runs without any lock held, on the thread that advances the timers.
  virtual void on_timer(timer& fired) noexcept = 0;
};

/// One deadline, a member of the object it fires for. Armed, it keeps that object alive.
class timer {
 public:
  explicit timer(shared_object& owner) noexcept : owner_(owner) {}
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

 private:
  friend class timers;
  static constexpr std::size_t not_armed = std::numeric_limits<std::size_t>::max();

  shared_object& owner_;
  time_point at_{};
  std::size_t place_ = not_armed;  // in the heap; guarded by the heap's lock
};

/// Thread-safe.
class timers {
 public:
  timers() = default;
  timers(const timers&) = delete;
  timers& operator=(const timers&) = delete;
  ~timers();

  /// Fires `what` at `at`, or at the next advance if that has passed. Armed again, it moves.
  /// `time_point::max()` disarms.
  void arm(timer& what, time_point at) noexcept;

  /// True: it will not fire. False: it was not armed, has fired, or is firing now.
  bool disarm(timer& what) noexcept;

  /// Fires all that is due, earliest first. One thread at a time.
  void advance(time_point now) noexcept;

  /// The earliest armed time, or `time_point::max()`.
  time_point next() const noexcept;

 private:
  void place(std::size_t index, timer* what) noexcept;
  void sift_up(std::size_t index) noexcept;
  void sift_down(std::size_t index) noexcept;
  void remove(std::size_t index) noexcept;

  mutable short_mutex mutex_;
  std::vector<timer*> heap_;
};

}  // namespace holdfast::core
