// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <holdfast/host.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "core/fakes.hpp"
#include "host/guests.hpp"
#include "host/host_impl.hpp"

/// The real engine and real guests in a world whose steps and time the test takes.
///
/// Only the epoch beats by itself: a guest that loops could not be interrupted otherwise. Where that must not
/// happen, such as in the middle of a call that the test's one thread waits for, the engine is a calm one.
namespace holdfast::testing_support {

/// What is kept past the end of the host.
struct journalling {
  std::shared_ptr<journal> to{};
  key_policy keys{};
  std::chrono::system_clock::duration wall{};  ///< the calendar's time when this world's began
};

class manual_host {
 public:
  explicit manual_host(observer& told = no_observer(), boost::asio::any_io_executor callbacks = {},
                       const engine& on = shared_engine(), journalling how = {})
      : world(told), wall_(how.wall) {
    impl_ = std::make_shared<host::impl>(
        on,
        host_options{.drain_grace = duration::zero(),
                     .keys = how.keys,
                     .journal = std::move(how.to),
                     .callbacks = std::move(callbacks)},
        world.env,
        [this](bridge::function_job job) {
          if (const auto executor = std::exchange(job.executor, {})) {
            boost::asio::post(executor, [job = std::move(job)] { job.work(nullptr); });
          } else {
            functions_.push_back(std::move(job));
          }
        },
        [this] {
          if (!step()) world.advance(std::chrono::milliseconds(1));
        },
        [this] {
          return std::chrono::system_clock::time_point(wall_) +
                 std::chrono::duration_cast<std::chrono::system_clock::duration>(
                     world.now().time_since_epoch());
        });
    host_.emplace(impl_);
  }

  core::fakes::manual_world world;

  /// Runs one step: a slice of a cell, or else a host function, or else the journal's next batch. False:
  /// there is nothing to run.
  bool step() { return world.step() || step_function() || step_journal(); }

  /// Runs a host function, whatever cells have to do.
  bool step_function() {
    if (functions_.empty()) return false;
    const auto next = std::move(functions_.front());
    functions_.pop_front();
    next.work(nullptr);
    return true;
  }

  /// Writes what the journal is to have.
  bool step_journal() { return impl_->writer != nullptr && impl_->writer->step(); }

  /// All but the journal.
  void settle_guests(std::size_t most = 20'000) {
    for (std::size_t steps = 0; steps < most && (world.step() || step_function()); ++steps) {
    }
  }

  std::size_t settle(std::size_t most = 20'000) {
    std::size_t steps = 0;
    while (steps < most && step()) ++steps;
    return steps;
  }

  host& get() { return *host_; }

 private:
  const std::chrono::system_clock::duration wall_;
  std::deque<bridge::function_job> functions_;
  std::shared_ptr<host::impl> impl_;
  std::optional<host> host_;
};

}  // namespace holdfast::testing_support
