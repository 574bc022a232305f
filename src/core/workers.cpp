// SPDX-License-Identifier: Apache-2.0
#include "core/workers.hpp"

#include <algorithm>

namespace holdfast::core {

workers::workers(unsigned count) {
  for (unsigned i = 0; i < std::max(count, 1U); ++i) threads_.emplace_back([this] { work(); });
}

workers::~workers() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  there_is_work_.notify_all();
}

void workers::post(task& work) noexcept {
  bool wake = false;
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back(work);
    wake = waiting_ > 0;
  }
  if (wake) there_is_work_.notify_one();
}

void workers::work() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (queue_.empty() && !ending_) {
      ++waiting_;
      there_is_work_.wait(lock);
      --waiting_;
    }
    if (queue_.empty()) return;
    task& next = queue_.front();
    queue_.pop_front();
    lock.unlock();
    next.run();
    lock.lock();
  }
}

}  // namespace holdfast::core
