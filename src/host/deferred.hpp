// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <utility>

#include "core/environment.hpp"
#include "core/scheduler.hpp"
#include "core/timers.hpp"

/// Work for a worker, when a time has come: the thread that fires deadlines has none to spare for it.
namespace holdfast::detail {

/// The work must not hold this alive, nor need what may be gone by then.
class deferred final : public core::shared_object, public core::task {
 public:
  deferred(core::environment& world, std::function<void()> work) noexcept
      : world_(world), work_(std::move(work)) {}

  /// An earlier time that was asked for is forgotten.
  void at(time_point when) noexcept { world_.deadlines.arm(due_, when); }

  void on_timer(core::timer& /*fired*/) noexcept override {
    if (posted_.exchange(true)) return;
    intrusive_ptr_add_ref(static_cast<core::shared_object*>(this));  // the queue's, taken over by `run`
    world_.run.post(*this);
  }

  void run() noexcept override {
    const boost::intrusive_ptr<deferred> self(this, false);
    posted_.store(false);
    work_();
  }

 private:
  core::environment& world_;
  const std::function<void()> work_;
  core::timer due_{*this};
  std::atomic<bool> posted_{false};
};

}  // namespace holdfast::detail
