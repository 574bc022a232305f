// SPDX-License-Identifier: Apache-2.0
#include "engine/ticker.hpp"

#include <utility>

namespace holdfast::bridge {

void ticker::start(duration tick) {
  thread_ = std::thread([this, tick] { run(tick); });
}

void ticker::stop() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ticker::beat(time_point now) {
  const std::scoped_lock lock(listeners_mutex_);
  for (const auto& [id, told] : listeners_) told(now);
}

std::uint64_t ticker::listen(listener told) {
  const std::scoped_lock lock(listeners_mutex_);
  listeners_.emplace(next_, std::move(told));
  return next_++;
}

void ticker::forget(std::uint64_t which) {
  const std::scoped_lock lock(listeners_mutex_);
  listeners_.erase(which);
}

void ticker::run(duration tick) {
  time_point next = std::chrono::steady_clock::now() + tick;
  std::unique_lock lock(mutex_);
  while (!stopping_.wait_until(lock, next, [this] { return stop_; })) {
    lock.unlock();
    const time_point now = std::chrono::steady_clock::now();
    beat(now);
    // Beats that a busy machine missed are not made up for: one moved epoch is as good as three.
    next += tick;
    if (next < now) next = now + tick;
    lock.lock();
  }
}

}  // namespace holdfast::bridge
