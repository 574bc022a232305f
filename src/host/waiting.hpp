// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <holdfast/duration.hpp>
#include <memory>
#include <utility>

#include "core/call.hpp"
#include "host/pool_call.hpp"

/// How callers wait: on a thread, or with a callback; both may give up at a time of their own.
namespace holdfast::detail {

/// A waiter that leaves when its own time is over. Leaving never touches a call that has begun.
class patient_waiter : public core::waiter {
 public:
  patient_waiter(core::environment& world, boost::intrusive_ptr<pool_call> asked) noexcept
      : world_(world), asked_(std::move(asked)) {}

  /// Begins to wait, without a limit yet. False: the call is done already, nothing will be told.
  bool begin() { return asked_->attach(this); }

  /// Gives up after `limit` from now. Only once the call was accepted.
  void give_up_after(duration limit) noexcept {
    if (limit == no_limit) return;
    world_.deadlines.arm(patience_, core::later(world_.time.now(), limit));
    // Done meanwhile, it was disarmed too early; armed, it would keep this waiter for nothing.
    if (asked_->phase() == call_phase::done) world_.deadlines.disarm(patience_);
  }

  /// The call was refused: nothing will be told.
  void forget() noexcept { asked_->leave(*this); }

  void on_done(core::call&) noexcept final {
    world_.deadlines.disarm(patience_);
    told(false);
  }

  void on_timer(core::timer&) noexcept final {
    if (!asked_->leave(*this)) return;  // it is being told
    // A bound call that was queued has been revoked by this: then there is an outcome after all.
    told(asked_->phase() != call_phase::done);
  }

  pool_call& asked() const noexcept { return *asked_; }

 protected:
  /// Called once: the call is done, or the waiter has left it.
  virtual void told(bool left) noexcept = 0;

 private:
  core::environment& world_;
  const boost::intrusive_ptr<pool_call> asked_;
  core::timer patience_{*this};
};

class thread_waiter final : public patient_waiter {
 public:
  using patient_waiter::patient_waiter;

  /// Blocks until told. True: it left, the call goes on.
  bool wait() noexcept {
    state seen = state::untold;
    if (state_.compare_exchange_strong(seen, state::asleep)) state_.wait(state::asleep);
    return left_;
  }

 private:
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

class callback_waiter final : public patient_waiter {
 public:
  callback_waiter(core::environment& world, boost::intrusive_ptr<pool_call> asked,
                  std::shared_ptr<const void> keeps, std::function<void(reply)> callback) noexcept
      : patient_waiter(world, std::move(asked)), keeps_(std::move(keeps)), callback_(std::move(callback)) {}

 private:
  void told(bool left) noexcept override {
    const auto callback = std::exchange(callback_, nullptr);
    callback(left ? asked().detached_reply() : asked().outcome_reply());
  }
  const std::shared_ptr<const void> keeps_;  // the pool and its world, until told
  std::function<void(reply)> callback_;
};

}  // namespace holdfast::detail
