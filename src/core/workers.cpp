// SPDX-License-Identifier: Apache-2.0
#include "core/workers.hpp"

#include <algorithm>

namespace holdfast::core {

workers::workers(unsigned count) {
  try {
    for (unsigned i = 0; i < std::max(count, 1U); ++i) threads_.emplace_back([this] { work(); });
  } catch (...) {
    end();  // those that did start
    throw;
  }
}

workers::~workers() { end(); }

void workers::end() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
    there_is_work_.notify_all();
  }
  threads_.clear();
}

void workers::post(task& work) noexcept {
  // Told under the lock: once it is released, the work may run and be the last thing before the end of this
  // object.
  const std::scoped_lock lock(mutex_);
  queue_.push_back(work);
  if (waiting_ > 0) there_is_work_.notify_one();
}

void workers::post_again(task& work) noexcept {
  const std::scoped_lock lock(mutex_);
  const bool alone = queue_.empty();
  queue_.push_back(work);
  if (!alone && waiting_ > 0) there_is_work_.notify_one();
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
