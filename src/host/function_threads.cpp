// SPDX-License-Identifier: Apache-2.0
#include "host/function_threads.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <holdfast/duration.hpp>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace holdfast::detail {
namespace {

constexpr duration patience = std::chrono::seconds(1);
constexpr std::size_t most_waiting =
    4096;  // host calls; each belongs to a guest that is parked for it, or was cut

using jobs = std::deque<bridge::function_job>;

void refuse_all(const jobs& which, const std::string& why) {
  for (const auto& one : which) one.refuse("no thread for the host function: " + why);
}

}  // namespace

// Shared with the threads: one whose function never returns outlives the owner.
struct function_threads::state : std::enable_shared_from_this<state> {
  state(unsigned count, std::size_t limit, std::shared_ptr<observer> who) noexcept
      : wanted(std::max(count, 1U)), most_stuck(limit), told(std::move(who)) {}

  const unsigned wanted;
  const std::size_t most_stuck;
  const std::shared_ptr<observer> told;

  mutable std::mutex mutex;
  std::condition_variable changed;
  jobs queue;
  std::size_t able = 0;   // threads that take jobs, or will once theirs has returned
  std::size_t stuck = 0;  // threads that are not, because theirs may never return
  bool ending = false;

  // All of these under the lock.

  void start_thread() {
    std::thread([self = shared_from_this()] { self->work(); }).detach();
    ++able;
  }
  void report() const noexcept {
    if (told != nullptr) told->on_stuck(stuck);
  }
  // Why nothing more is taken; empty: it is.
  std::string closed() const {
    if (ending) return "the host ends";
    if (stuck >= most_stuck)
      return std::to_string(stuck) +
             " host functions have not returned although their guests were cut, the most that "
             "host_options::stuck_functions allows";
    if (able == 0) return "no thread could be started for host functions";
    return {};
  }

  // A thread's life.
  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return ending || !queue.empty(); });
      if (ending) break;
      bridge::function_job next = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      const bool was_stuck = run(next);
      next = {};  // what it holds may post
      lock.lock();
      if (was_stuck && !come_back()) {
        changed.notify_all();
        return;
      }
    }
    --able;
    changed.notify_all();
  }

  // Without the lock. True: it was stuck meanwhile.
  bool run(const bridge::function_job& job) {
    bool was_stuck = false;  // guarded by the lock, then by the end of the callback
    {
      std::optional<std::stop_callback<std::function<void()>>> on_cut;
      // Cut already, it returns at once.
      if (!job.cut.stop_requested()) on_cut.emplace(job.cut, [&] { lose(was_stuck); });
      job.work();
    }
    return was_stuck;
  }

  // The instance was cut. Runs on the thread that cuts, or on this one.
  void lose(bool& was_stuck) {
    jobs refused;
    std::string why;
    {
      const std::scoped_lock lock(mutex);
      was_stuck = true;
      --able;
      ++stuck;
      report();
      try {
        if (!ending && stuck < most_stuck && able < wanted) start_thread();
      } catch (const std::system_error&) {  // Those that are left do the work, if there are any.
      }
      why = closed();
      if (!why.empty()) refused.swap(queue);
    }
    refuse_all(refused, why);
  }

  // A stuck function has returned. False: others have taken its thread's place.
  bool come_back() noexcept {
    --stuck;
    report();
    if (ending || able >= wanted) return false;
    ++able;
    return true;
  }

  void end() noexcept {
    jobs refused;
    {
      const std::scoped_lock lock(mutex);
      ending = true;
      refused.swap(queue);
    }
    changed.notify_all();
    refuse_all(refused, "the host ends");
    std::unique_lock lock(mutex);
    changed.wait_for(lock, patience, [this] { return able + stuck == 0; });
  }
};

function_threads::function_threads(unsigned count, std::size_t most_stuck, std::shared_ptr<observer> told)
    : state_(std::make_shared<state>(count, most_stuck, std::move(told))) {
  try {
    const std::scoped_lock lock(state_->mutex);
    while (state_->able < state_->wanted) state_->start_thread();
  } catch (...) {
    state_->end();  // those that did start
    throw;
  }
}

function_threads::~function_threads() { state_->end(); }

void function_threads::post(bridge::function_job work) const {
  std::string why;
  {
    const std::scoped_lock lock(state_->mutex);
    why = state_->closed();
    if (why.empty() && state_->queue.size() >= most_waiting)
      why = std::to_string(most_waiting) + " host functions wait for a thread already";
    if (why.empty()) state_->queue.push_back(std::move(work));
  }
  if (why.empty()) {
    state_->changed.notify_one();
  } else {
    work.refuse("no thread for the host function: " + why);
  }
}

std::size_t function_threads::stuck() const noexcept {
  const std::scoped_lock lock(state_->mutex);
  return state_->stuck;
}

}  // namespace holdfast::detail
