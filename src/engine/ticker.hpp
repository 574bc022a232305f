// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <holdfast/duration.hpp>
#include <map>
#include <mutex>
#include <thread>

/// The heartbeat: moves the engine's epoch and lets deadlines fire, once a tick.
namespace holdfast::bridge {

class ticker {
 public:
  using listener = std::function<void(time_point now)>;

  ticker() = default;
  ticker(const ticker&) = delete;
  ticker& operator=(const ticker&) = delete;
  ~ticker() { stop(); }

  /// Beats on a thread of its own. Not started, it beats only when `beat` is called.
  void start(duration tick);
  void stop() noexcept;

  /// Calls every listener now.
  void beat(time_point now);

  /// Adds a listener; the answer takes it away again.
  std::uint64_t listen(listener told);
  /// After this returns the listener is not running and never will. Not from within a listener.
  void forget(std::uint64_t which);

 private:
  void run(duration tick);

  std::mutex listeners_mutex_;  // held while they are told: `forget` waits for a beat in progress
  std::map<std::uint64_t, listener> listeners_;
  std::uint64_t next_ = 1;

  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace holdfast::bridge
