// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/scheduler.hpp"

/// A few threads with a run queue each: the real scheduler.
///
/// What comes from outside goes to a worker that sleeps, else to each in turn; what a worker posts goes to a
/// sleeping one or stays. One that has nothing left takes from the others, and each does so now and then all
/// the same: nothing waits behind a worker that stands still. What goes on for more than its slice moves to
/// where fewer wait, so that all get equal turns. In docs/profile.md it is measured beside one queue for all.
namespace holdfast::core {

class workers final : public scheduler {
 public:
  /// Starts `count` threads, at least one. Throws `std::system_error` where the machine refuses.
  explicit workers(unsigned count);

  /// Runs what was posted, then joins. Post nothing any more, but from a task.
  ~workers() override;

  void post(task& work) noexcept override;
  void post_again(task& work) noexcept override;

 private:
  struct alignas(64) worker {
    std::mutex mutex;
    boost::intrusive::list<task> queue;  // under the lock
    std::atomic<std::size_t> size{0};    // its length, for who only looks
    std::mutex sleeping;                 // taken after the other
    std::condition_variable woken;
    bool awake = true;          // under that lock
    std::size_t looked_at = 0;  // its own: with whom it compared itself last, or whom it asked for work
  };

  worker* here() noexcept;  // whose thread this is; null: of none of them
  void work(std::size_t number) noexcept;
  task* next_of(worker& from) noexcept;
  task* next_of_others(worker& own) noexcept;
  bool something_waits() const noexcept;
  bool sleep(std::size_t number) noexcept;  // false: the end

  std::optional<std::size_t> claim_sleeper() noexcept;
  void wake(std::size_t number) noexcept;
  void push(worker& to, task& work, bool wakes) noexcept;
  void end() noexcept;

  std::unique_ptr<worker[]> workers_;
  std::size_t count_;
  // A bit for each that sleeps and that nobody is about to wake.
  std::unique_ptr<std::atomic<std::uint64_t>[]> sleepers_;
  std::atomic<std::size_t> turn_{0};
  std::atomic<bool> ending_{false};
  std::vector<std::jthread> threads_;
};

}  // namespace holdfast::core
