// SPDX-License-Identifier: Apache-2.0
#include "core/patient_waiter.hpp"

#include <cassert>

namespace holdfast::core {

void patient_waiter::leave_on(std::stop_token stop) {
  if (!stop.stop_possible()) return;
  auto& free = stops_[0] ? stops_[1] : stops_[0];
  assert(!free);
  free.emplace(std::move(stop), on_stop{boost::intrusive_ptr<patient_waiter>(this)});
}

void patient_waiter::forget_stops() noexcept {
  for (auto& each : stops_) each.reset();
}

bool patient_waiter::begin() {
  try {
    return asked_->attach(boost::intrusive_ptr<waiter>(this));
  } catch (...) {
    forget_stops();  // it holds this waiter
    throw;
  }
}

void patient_waiter::accepted(duration patience) noexcept {
  const std::uint8_t before = bits_.fetch_or(is_accepted);
  if (patience != no_limit) {
    world_.deadlines.arm(patience_, later(world_.time.now(), patience));
    // Over meanwhile, it was disarmed too early; armed, it would keep this waiter for nothing.
    if ((bits_.load() & is_over) != 0) world_.deadlines.disarm(patience_);
  }
  if ((before & leave_asked) != 0) {
    leave_now();
  } else if ((before & withdraw_asked) != 0) {
    withdraw_now();
  }
}

void patient_waiter::forget() noexcept {
  if (asked_ != nullptr) asked_->leave(*this);
  forget_stops();
}

void patient_waiter::leave() noexcept {
  if (ask(leave_asked)) leave_now();
}

void patient_waiter::withdraw() noexcept {
  if (ask(withdraw_asked)) withdraw_now();
}

void patient_waiter::leave_now() noexcept {
  if (!asked_->leave(*this)) return;  // it is being told, or was
  // A bound call that was queued has been revoked by this: then there is an outcome after all.
  end(asked_->phase() != call_phase::done);
}

void patient_waiter::withdraw_now() noexcept {
  if (!asked_->withdraw(*this)) return;
  end(asked_->phase() != call_phase::done);
}

void patient_waiter::abandon() noexcept {
  // Before its acceptance the call could not be revoked: `accepted` leaves it then.
  if ((bits_.fetch_or(is_over | leave_asked) & is_accepted) == 0) return;
  if (!asked_->leave(*this)) return;
  world_.deadlines.disarm(patience_);
  forget_stops();
}

void patient_waiter::end(bool left) noexcept {
  bits_.fetch_or(is_over);
  world_.deadlines.disarm(patience_);
  forget_stops();
  told(left);
}

}  // namespace holdfast::core
