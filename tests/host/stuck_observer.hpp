// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <holdfast/observer.hpp>
#include <mutex>
#include <vector>

namespace holdfast::testing_support {

/// Hears how many are stuck, and waits for a number.
class stuck_observer final : public observer {
 public:
  void on_stuck(std::size_t now) noexcept override {
    const std::scoped_lock lock(mutex_);
    heard_.push_back(now);
    changed_.notify_all();
  }
  bool wait_for(std::size_t now) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return !heard_.empty() && heard_.back() == now; });
  }
  std::vector<std::size_t> heard() {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> heard_;
};

}  // namespace holdfast::testing_support
