// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <holdfast/duration.hpp>
#include <holdfast/reply.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "core/async_waiter.hpp"
#include "core/patient_waiter.hpp"
#include "host/pool_call.hpp"
#include "host/pool_impl.hpp"

/// How callers wait: on a thread, with a raw callback, with a future, or with a handler on an executor.
///
/// All are the one `core::patient_waiter`, begin by one of the two doors at the end of this file, and leave
/// by its one way out. They differ in how they are told, and in nothing else.
namespace holdfast::detail {

/// What a waiter is told.
inline reply reply_for(const core::patient_waiter& who, bool left) {
  const auto& asked = static_cast<const pool_call&>(who.asked());
  return left ? asked.detached_reply() : asked.outcome_reply();
}
/// The same, the value going into the sink.
inline reply reply_for(const core::patient_waiter& who, bool left, const value_sink& into) {
  const auto& asked = static_cast<const pool_call&>(who.asked());
  return left ? asked.detached_reply() : asked.outcome_reply(into);
}

class thread_waiter final : public core::patient_waiter {
 public:
  using patient_waiter::patient_waiter;

  /// Blocks until told.
  reply wait() {
    sleep();
    return reply_for(*this, left_);
  }
  /// The same, the value going into the sink.
  reply wait(const value_sink& into) {
    sleep();
    return reply_for(*this, left_, into);
  }

 private:
  void sleep() noexcept {
    state seen = state::untold;
    if (state_.compare_exchange_strong(seen, state::asleep)) state_.wait(state::asleep);
  }

  // Not a semaphore: libstdc++'s asks the kernel to wake somebody with every release, and a dispatched call
  // is done before its caller would sleep.
  enum class state : int { untold, asleep, told };

  void told(bool left) noexcept override {
    left_ = left;
    if (state_.exchange(state::told) == state::asleep) state_.notify_one();
  }
  bool left_ = false;
  std::atomic<state> state_{state::untold};
};

class callback_waiter final : public core::patient_waiter {
 public:
  callback_waiter(const std::shared_ptr<pool::impl>& of, boost::intrusive_ptr<pool_call> asked,
                  std::function<void(reply)> callback) noexcept
      : patient_waiter(of->world, std::move(asked)), keeps_(of), callback_(std::move(callback)) {}

 private:
  void told(bool left) noexcept override {
    const auto callback = std::exchange(callback_, nullptr);
    callback(reply_for(*this, left));
  }
  const std::shared_ptr<pool::impl> keeps_;  // the pool and its world, until told
  std::function<void(reply)> callback_;
};

class future_waiter final : public core::patient_waiter {
 public:
  future_waiter(const std::shared_ptr<pool::impl>& of, boost::intrusive_ptr<pool_call> asked) noexcept
      : patient_waiter(of->world, std::move(asked)), keeps_(of) {}

  std::future<reply> future() { return promise_.get_future(); }

  /// Without the call: it was refused, or is done already.
  void tell_now(reply what) { promise_.set_value(std::move(what)); }

 private:
  void told(bool left) noexcept override { promise_.set_value(reply_for(*this, left)); }

  const std::shared_ptr<pool::impl> keeps_;  // the pool and its world, until told
  std::promise<reply> promise_;
};

/// Hands over to an executor, where the reply is read.
class handler_waiter final : public core::async_waiter {
 public:
  handler_waiter(const std::shared_ptr<pool::impl>& of, boost::intrusive_ptr<pool_call> asked) noexcept
      : async_waiter(of->world, std::move(asked)), of_(of) {}

  /// Without the call: it was refused.
  void refuse(reply why) noexcept {
    refused_ = std::move(why);
    tell_now();
  }

 private:
  reply answer() override {
    if (refused_) return std::move(*refused_);
    const auto until_read = std::move(of_);
    return reply_for(*this, left());
  }

  std::shared_ptr<pool::impl> of_;  // the pool, its world and its types, until the reply was read
  std::optional<reply> refused_;
};

/// The door of every bound call: it begins with its first waiter, so it is never without one. A reply: it was
/// refused, or its caller had left before; the waiter will not be told.
std::optional<reply> begin_bound(pool::impl& of, const boost::intrusive_ptr<pool_call>& asked,
                                 core::patient_waiter& waits, const call_options& options, start otherwise);

/// The door of every wait for a call that was accepted before. False: it is done, the waiter will not be
/// told.
bool begin_wait(core::patient_waiter& waits, duration limit);

}  // namespace holdfast::detail
