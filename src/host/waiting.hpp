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
#include "core/lineage.hpp"
#include "core/mailbox.hpp"
#include "core/patient_waiter.hpp"
#include "host/function_threads.hpp"
#include "host/host_impl.hpp"
#include "host/pool_call.hpp"

/// How callers wait: on a thread, with a raw callback, with a future, or with a handler on an executor.
///
/// All are the one `core::patient_waiter`, begin by one of the two doors at the end of this file, and leave
/// by its one way out. They differ in how they are told, and in nothing else.
namespace holdfast::detail {

/// What waits for a pool's call. Keeps the host's world until it was told.
template <class Kind>
class call_waiter : public Kind {
 public:
  /// `reads`: whether the result may be asked for again after this.
  call_waiter(std::shared_ptr<host::impl> by, boost::intrusive_ptr<pool_call> asked,
              core::call::reading reads = core::call::reading::last) noexcept
      : Kind(*by->world, std::move(asked)), owner_(std::move(by)), reads_(reads) {}

  /// The outcome of a call that is done.
  reply read() const { return ended().outcome_reply(); }
  /// The same, the value going into the sink.
  reply read(const value_sink& into) const { return ended().outcome_reply(into); }

 protected:
  /// What the waiter is told.
  reply told_reply(bool left) const {
    return left ? static_cast<pool_call&>(this->asked()).detached_reply() : read();
  }

 private:
  const pool_call& ended() const {
    auto& asked = static_cast<pool_call&>(this->asked());
    asked.read(*owner_->kept, reads_);
    return asked;
  }

  const std::shared_ptr<host::impl> owner_;
  const core::call::reading reads_;
};

class thread_waiter final : public call_waiter<core::patient_waiter> {
 public:
  /// On a host function's thread it leaves too when the guest that called is to stop: nobody would read it.
  template <class... Rest>
  explicit thread_waiter(std::shared_ptr<host::impl> by, Rest&&... rest)
      : call_waiter(std::move(by), std::forward<Rest>(rest)...) {
    leave_on(core::on_behalf::stop());
  }

  /// Blocks until told.
  reply wait() noexcept {
    sleep();
    return told_reply(left_);
  }
  /// The same, the value going into the sink.
  reply wait(const value_sink& into) {
    sleep();
    return left_ ? told_reply(true) : read(into);
  }

 private:
  void sleep() noexcept {
    if (state_.load() == state::told) return;
    // Where a host function sleeps, another must be able to run: the guest that it waits for may call one.
    const lent_thread place;
    if (!place) leave();
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

class callback_waiter final : public call_waiter<core::patient_waiter> {
 public:
  callback_waiter(std::shared_ptr<host::impl> by, boost::intrusive_ptr<pool_call> asked,
                  std::function<void(reply)> callback, core::call::reading reads) noexcept
      : call_waiter(std::move(by), std::move(asked), reads), callback_(std::move(callback)) {}

 private:
  void told(bool left) noexcept override {
    const auto callback = std::exchange(callback_, nullptr);
    callback(told_reply(left));
  }
  std::function<void(reply)> callback_;
};

class future_waiter final : public call_waiter<core::patient_waiter> {
 public:
  using call_waiter::call_waiter;

  std::future<reply> future() { return promise_.get_future(); }

  /// Without the call: it was refused, or is done already.
  void tell_now(reply what) { promise_.set_value(std::move(what)); }

 private:
  void told(bool left) noexcept override { promise_.set_value(told_reply(left)); }

  std::promise<reply> promise_;
};

/// Hands over to an executor, where the reply is read.
class handler_waiter final : public call_waiter<core::async_waiter> {
 public:
  using call_waiter::call_waiter;

  /// Without the call: it was refused.
  void refuse(reply why) noexcept {
    refused_ = std::move(why);
    tell_now();
  }

 private:
  void answer(reply& told, const value_sink* into) override {
    if (refused_) {
      told = std::move(*refused_);
    } else if (into != nullptr && !left()) {
      told = read(*into);
    } else {
      told = told_reply(left());
    }
  }

  std::optional<reply> refused_;
};

/// The door of every bound call: it begins with its first waiter, so it is never without one. A reply: it was
/// refused, or its caller had left before; the waiter will not be told.
std::optional<reply> begin_bound(core::mailbox& box, const boost::intrusive_ptr<pool_call>& asked,
                                 core::patient_waiter& waits, const call_options& options, start otherwise);

/// What a caller is told who had left before its call was handed over.
reply left_before();

/// What a blocking call answers on a thread that others depend on: one that drives a guest or fires
/// deadlines, as callbacks of `ticket::on_done` and inline host functions do. Nothing: on this thread one may
/// wait.
std::optional<reply> refused_inside_callback();

/// What every wait that blocks this thread asks first, and keeps until it is over.
///
/// A host function's wait counts for its own call meanwhile (`core::waiting_for`). Some waits are not begun:
/// in a forked child, for a call that cannot end before this thread goes on, and inside a callback.
class blocking_wait {
 public:
  blocking_wait(const host::impl& by, pool_call& asked);

  /// What the caller is told in place of a wait: the call goes on without it. Nothing: wait.
  const std::optional<reply>& refused() const noexcept { return refused_; }

 private:
  std::optional<core::waiting_for> mark_;
  std::optional<reply> refused_;
};

/// The door of every wait for a call that was accepted before. False: it is done, the waiter will not be
/// told.
bool begin_wait(core::patient_waiter& waits, duration limit);

}  // namespace holdfast::detail
