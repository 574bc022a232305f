// SPDX-License-Identifier: Apache-2.0
#include "host/function_threads.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace holdfast::detail {
namespace {

constexpr duration patience = std::chrono::seconds(1);
constexpr std::size_t most_waiting =
    4096;  // host calls; each belongs to a guest that is parked for it, or was cut

}  // namespace

struct function_threads::state {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> queue;
  unsigned alive = 0;
  bool ending = false;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return ending || !queue.empty(); });
      if (ending) break;
      {
        const std::function<void()> next = std::move(queue.front());
        queue.pop_front();
        lock.unlock();
        next();
      }
      lock.lock();
    }
    --alive;
    changed.notify_all();
  }
};

function_threads::function_threads(unsigned count) : state_(std::make_shared<state>()) {
  try {
    for (unsigned i = 0; i < std::max(count, 1U); ++i) {
      const std::scoped_lock lock(state_->mutex);
      std::thread([all = state_] { all->work(); }).detach();
      ++state_->alive;
    }
  } catch (...) {
    end();  // those that did start
    throw;
  }
}

function_threads::~function_threads() { end(); }

void function_threads::end() noexcept {
  std::deque<std::function<void()>> dropped;  // after the lock: what it holds may post
  std::unique_lock lock(state_->mutex);
  state_->ending = true;
  dropped.swap(state_->queue);
  state_->changed.notify_all();
  state_->changed.wait_for(lock, patience, [this] { return state_->alive == 0; });
}

bool function_threads::post(std::function<void()> work) const {
  {
    const std::scoped_lock lock(state_->mutex);
    if (state_->ending || state_->queue.size() >= most_waiting) return false;
    state_->queue.push_back(std::move(work));
  }
  state_->changed.notify_one();
  return true;
}

}  // namespace holdfast::detail
