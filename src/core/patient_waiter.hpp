// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>

#include "core/call.hpp"
#include "core/environment.hpp"

/// A waiter that may stop waiting before the call is done.
///
/// Every form of calling waits with one of these, and there is one way out: a time that is over, a stop
/// token, a cancellation slot and an execution context that ends all come to `leave`, which revokes a bound
/// call that is queued and detaches from one that runs. None of them reaches the guest of a call that has
/// begun.
namespace holdfast::core {

/// Thread-safe, but for what comes before `accepted`: that is for the one thread that begins the wait.
class patient_waiter : public waiter {
 public:
  /// `asked` may be null where the call is known later: `aim_at`.
  patient_waiter(environment& world, boost::intrusive_ptr<call> asked) noexcept
      : world_(world), asked_(std::move(asked)) {}

  /// Which call it is to wait for. Before `begin`.
  void aim_at(boost::intrusive_ptr<call> asked) noexcept { asked_ = std::move(asked); }

  /// Leaves when the token is stopped. Before `begin`; at most twice.
  void leave_on(std::stop_token stop);

  /// Begins to wait. False: the call is done already, nothing will be told.
  bool begin();

  /// The call was accepted: from here on leaving takes effect, and what was asked until now takes effect at
  /// once. Gives up when `patience` is over.
  void accepted(duration patience) noexcept;

  /// The call was refused, or is done already: nothing will be told.
  void forget() noexcept;

  /// Whether somebody asked to leave already.
  bool wants_to_leave() const noexcept { return (bits_.load() & leave_asked) != 0; }

  /// Stops waiting, and is told so, unless the call is being told right now. Any number of times.
  void leave() noexcept;

  /// The same, but only where the call waits for an instance and was never begun.
  void withdraw() noexcept;

  /// Stops waiting, and is told nothing.
  void abandon() noexcept;

  call& asked() const noexcept { return *asked_; }

 protected:
  /// Called once: the call is done, or the waiter has left it and it goes on. Without locks.
  virtual void told(bool left) noexcept = 0;

 private:
  enum bit : std::uint8_t { is_accepted = 1, leave_asked = 2, withdraw_asked = 4, is_over = 8 };
  struct on_stop {
    boost::intrusive_ptr<patient_waiter> who;
    void operator()() const noexcept {
      const auto still = who;  // leaving destroys this
      still->leave();
    }
  };

  void on_done(call&) noexcept final { end(false); }
  void on_timer(timer&) noexcept final { leave_now(); }
  bool ask(bit what) noexcept { return (bits_.fetch_or(what) & is_accepted) != 0; }
  void leave_now() noexcept;
  void withdraw_now() noexcept;
  void end(bool left) noexcept;
  void forget_stops() noexcept;

  environment& world_;                // not touched once told: it may be gone
  boost::intrusive_ptr<call> asked_;  // whoever leaves looks at it only once it is accepted
  timer patience_{*this};
  std::atomic<std::uint8_t> bits_{0};
  std::array<std::optional<std::stop_callback<on_stop>>, 2> stops_;
};

}  // namespace holdfast::core
