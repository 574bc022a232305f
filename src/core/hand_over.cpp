// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "core/cell.hpp"
#include "core/driving.hpp"
#include "core/lineage.hpp"
#include "core/newcomer.hpp"

// The way of a request past the queue: from the thread that hands it over into an idle cell and back, while
// nobody else knows of it. What its cell has to be told meanwhile, to drain or to close, waits for the end of
// the slice; every other stop needs somebody who knows the call.
namespace holdfast::core {
namespace {

// Limits this long are counted from the end of the first slice, two ticks late at most: no clock is read for
// a call that is done by then.
constexpr duration long_limit = std::chrono::seconds(1);

}  // namespace

bool newcomer::in_time(const time_source& clock) noexcept {
  if (std::min(time_limit_, run_limit_) >= long_limit && deadline_ == time_point::max()) return true;
  began_at_ = clock.now();
  return began_at_ < std::min(deadline_, later(began_at_, time_limit_));
}

void newcomer::show() noexcept {
  if (made_ == nullptr) in_->show(*this);
}

void call::begin_shown(boost::intrusive_ptr<core::cell> on, time_point now) noexcept {
  count_from(now);
  phase_ = call_phase::running;
  end_.attempts = 1;
  began_at_ = now;
  stop_at_ = stops_by(now);
  mailbox_ = on->mailbox_;
  runs_on_ = std::move(on);
}

void cell::show(newcomer& which) noexcept {
  which.made_ = which.become();
  call& made = *which.made_;
  made.begin_shown(this, which.began_at_ != time_point{} ? which.began_at_ : world_.time.now());
  guest_->known_as(made);
  mailbox_->busy(*this);
  {
    const std::scoped_lock lock(mutex_);
    flight& shown = begin_flight(which.made_, 1, made.stop_at_);
    if (raised(close_asked)) ask(shown, errc::killed);
  }
  if (raised(stop_asked)) wake();  // whoever closed it did too, but that may have been taken for the guest's
}

void cell::leave_here(bool more) noexcept {
  leave(more, false);
  // What was queued meanwhile may have been left to another idle cell that somebody took just then.
  if (!more && mailbox_->waits()) wake();
}

handed cell::hand_over(newcomer& next) noexcept {
  // What is looked at before the cell is had is looked at again after: this spares the cell of a full queue.
  if (!parked() || !mailbox_->lets_through(next.weight_) || driving_mark::here() ||
      on_behalf::current() != nullptr)
    return handed::untaken;
  if (!turn_.take()) return handed::untaken;
  if (state_.load() != cell_state::idle || raised(drain_asked | close_asked) ||
      !mailbox_->lets_through(next.weight_) || !next.in_time(world_.time)) {
    leave_here(false);
    return handed::untaken;
  }

  const driving_mark mark;
  next.in_ = this;
  mailbox_->let_through(next);
  const std::uint64_t generation = generation_.load();
  const request attempt{.number = ++begun_,
                        .function = next.function_,
                        .arguments = next.arguments_,
                        .key = next.key_,
                        .unseen = &next};
  if (auto never = guest_->start(attempt)) {
    next.what = outcome_of(static_cast<errc>(never->code.value()));
    next.code = never->code;
    next.detail = std::move(never->detail);
    mailbox_->went(next.id_, next.what);
    leave_here(false);
    return handed::done;
  }
  if (world_.watched) world_.observe.on_started(next.id_, number_, generation);
  move_to(cell_state::running);
  guest_state now = guest_->poll();
  // The first tick may come at once, and to hand a short call to a worker costs a hundred of it: the slice
  // ends with the second.
  const bool again = now == guest_state::pending && next.made_ == nullptr && turn_.forget_wake();
  if (again) now = guest_->poll();

  if (now == guest_state::ready && next.made_ == nullptr) {
    next.what = outcome::completed;
    next.cell = number_;
    next.generation = generation;
    next.state_lost = std::exchange(state_lost_, false);
    next.value = guest_->take_result();
    mailbox_->went(next.id_, next.what);
    bool more = false;
    if (calls_left_ > 0) --calls_left_;
    if (is_spent()) {
      mailbox_->busy(*this);
      if (!say_farewell()) retire();
      more = wind_up(true);
    } else if (again) {
      more = !rest();  // the wake may have been another's, who took it for busy, or drains
    } else {
      move_to(cell_state::idle);
    }
    leave_here(more);
    return handed::done;
  }

  next.show();
  if (now != guest_state::ready) next.join();
  bool more = settle(now, false);
  // Others may come beside it.
  if (!more && shares()) more = fill();
  leave_here(wind_up(more));  // what else waits is the workers'
  return now == guest_state::ready ? handed::done : handed::goes_on;
}

}  // namespace holdfast::core
