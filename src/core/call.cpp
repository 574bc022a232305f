// SPDX-License-Identifier: Apache-2.0
#include "core/call.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/cell.hpp"
#include "core/mailbox.hpp"

namespace holdfast::core {

call::call(environment& world, call_id id, std::uint32_t function, call_terms terms) noexcept
    : world_(world), id_(id), function_(function), terms_(terms) {}

call::~call() = default;

call_phase call::phase() const noexcept {
  const std::scoped_lock lock(mutex_);
  return phase_;
}

bool call::attach(const boost::intrusive_ptr<waiter>& who) {
  const std::scoped_lock lock(mutex_);
  if (phase_ == call_phase::done) return false;
  waiters_.push_back(who);
  return true;
}

bool call::leave(waiter& who) noexcept {
  boost::intrusive_ptr<waiter> left;  // released after the lock
  bool unwanted = false;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find(waiters_, &who, &boost::intrusive_ptr<waiter>::get);
    if (found == waiters_.end()) return false;
    left = std::move(*found);
    waiters_.erase(found);
    unwanted = terms_.bound && waiters_.empty() && phase_ == call_phase::queued;
  }
  // Another waiter may attach meanwhile: the mailbox looks again under both locks.
  if (mailbox_ == nullptr) return true;  // never accepted
  if (unwanted && mailbox_->remove_unwanted(*this)) {
    finish_unrun(errc::revoked);
  } else {
    world_.observe.on_detached(id_);
  }
  return true;
}

bool call::withdraw(waiter& who) noexcept {
  if (mailbox_ == nullptr) return false;
  switch (mailbox_->withdraw(*this, who)) {
    case mailbox::withdrawn::no:
      return false;
    case mailbox::withdrawn::waiter:  // others wait for it still
      world_.observe.on_detached(id_);
      return true;
    case mailbox::withdrawn::call:
      finish_unrun(errc::revoked);
      return true;
  }
  return false;
}

revoke_answer call::revoke() noexcept {
  if (mailbox_ != nullptr && mailbox_->remove(*this)) {
    finish_unrun(errc::revoked);
    return revoke_answer::revoked;
  }
  return phase() == call_phase::done ? revoke_answer::done : revoke_answer::running;
}

bool call::kill() noexcept {
  if (revoke() == revoke_answer::revoked) return true;
  boost::intrusive_ptr<cell> on;
  {
    const std::scoped_lock lock(mutex_);
    if (phase_ == call_phase::done) return false;
    on = runs_on_;
    if (on == nullptr) killed_early_ = true;
  }
  if (on != nullptr) on->stop(*this, errc::killed);
  return true;
}

void call::on_timer(timer& /*deadline*/) noexcept {
  if (mailbox_->remove(*this)) {
    finish_unrun(errc::expired_in_queue);
    return;
  }
  boost::intrusive_ptr<cell> on;
  {
    const std::scoped_lock lock(mutex_);
    on = runs_on_;
  }
  // Taken but not begun yet: `begin` arms this timer anew, with the earlier of both limits.
  if (on != nullptr) on->stop(*this, errc::deadline_killed);
}

request call::attempt() noexcept {
  const std::scoped_lock lock(mutex_);
  return {.function = function_,
          .arguments = arguments(),
          .key = {},
          .attempt = end_.attempts,
          .stop_at = stop_at_,
          .of = this};
}

std::optional<errc> call::begin(boost::intrusive_ptr<cell> on) noexcept {
  const time_point now = world_.time.now();
  {
    const std::scoped_lock lock(mutex_);
    assert(phase_ == call_phase::queued);
    if (killed_early_) return errc::revoked;
    if (now >= terms_.deadline) return errc::expired_in_queue;
    phase_ = call_phase::running;
    runs_on_ = std::move(on);
    end_.attempts += 1;
    stop_at_ = std::min(terms_.deadline, later(now, terms_.run_limit));
  }
  world_.deadlines.arm(deadline_, stop_at_);
  return std::nullopt;
}

void call::finish(call_end end) noexcept {
  std::vector<boost::intrusive_ptr<waiter>> told;
  boost::intrusive_ptr<cell> ran_on;
  {
    const std::scoped_lock lock(mutex_);
    assert(phase_ != call_phase::done);
    end.attempts = end_.attempts;
    end_ = std::move(end);
    phase_ = call_phase::done;
    told.swap(waiters_);
    ran_on.swap(runs_on_);
  }
  world_.deadlines.disarm(deadline_);
  world_.observe.on_done(id_, end_.what);
  for (const auto& who : told) who->on_done(*this);
}

void call::finish_unrun(errc why, std::string detail) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    end_.attempts = 0;  // one that began and found that it could not enter is none
  }
  call_end end;
  end.what = outcome_of(why);
  end.code = why;
  end.detail = std::move(detail);
  finish(std::move(end));
}

}  // namespace holdfast::core
