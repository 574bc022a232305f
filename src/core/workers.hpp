// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/intrusive/list.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "core/scheduler.hpp"

/// A few threads with one run queue: the real scheduler.
namespace holdfast::core {

class workers final : public scheduler {
 public:
  /// Starts `count` threads, at least one. Throws `std::system_error` where the machine refuses.
  explicit workers(unsigned count);

  /// Runs what was posted, then joins. Post nothing any more.
  ~workers() override;

  void post(task& work) noexcept override;
  void post_again(task& work) noexcept override;

 private:
  void work() noexcept;
  void end() noexcept;

  std::mutex mutex_;
  std::condition_variable there_is_work_;
  boost::intrusive::list<task> queue_;
  std::size_t waiting_ = 0;  // threads that wait, so that a busy set is not notified
  bool ending_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace holdfast::core
