// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <utility>

#include "core/cell.hpp"
#include "core/fate.hpp"
#include "core/lineage.hpp"

// A cell's calls: how they begin in its instance, what the guest makes of them, how they are stopped and how
// they end.
namespace holdfast::core {

// What others tell.

void cell::stop(call& which, unsigned attempt, errc why) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find(flights_, &which, [](const flight& each) { return each.of.get(); });
    if (found == flights_.end() || found->attempt != attempt || found->stop_why) return;
    ask(*found, why);
  }
  wake();
}

void cell::ask(flight& which, errc why) noexcept {
  which.stop_why = why;
  const duration grace = which.of->terms().grace;
  const time_point now = world_.time.now();
  which.gone_due = later(why == errc::deadline_killed ? which.stop_at : now, grace);
  raise(stop_asked);
  if (grace > duration::zero()) {
    which.stop_due = later(now, grace);
    const bool first = std::ranges::none_of(flights_, [&](const flight& each) {
      return &each != &which && each.stop_why && !each.cut && each.stop_due <= which.stop_due;
    });
    if (first) world_.deadlines.arm(stop_timer_, which.stop_due);
  } else {
    which.cut = true;
    raise(cut);
    if (guest_ != nullptr) guest_->interrupt();  // null: it is being destroyed, and the call ends so
  }
}

void cell::watch(time_point then) noexcept {
  if (then >= limit_due_) return;
  limit_due_ = then;
  world_.deadlines.arm(limit_timer_, then);
}

bool cell::on_limit() noexcept {
  const time_point now = world_.time.now();
  limit_due_ = time_point::max();
  time_point next = time_point::max();
  bool due = false;
  for (flight& each : flights_) {
    if (each.stop_why) continue;
    if (each.stop_at <= now) {
      ask(each, errc::deadline_killed);
      due = true;
    } else {
      next = std::min(next, each.stop_at);
    }
  }
  if (unquiet_) {
    const time_point then = flights_.empty() ? tail_due_ : hush_at_;
    if (then <= now) {
      raise(hush);
      due = true;
    } else {
      next = std::min(next, then);
    }
  }
  watch(next);
  return due;
}

bool cell::on_grace() noexcept {
  const time_point now = world_.time.now();
  time_point next = time_point::max();
  bool over = false;
  for (flight& each : flights_) {
    if (!each.stop_why || each.cut) continue;
    if (each.stop_due <= now) {
      each.cut = over = true;
    } else {
      next = std::min(next, each.stop_due);
    }
  }
  if (next != time_point::max()) world_.deadlines.arm(stop_timer_, next);
  if (over) raise(cut);
  return over;
}

in_the_way cell::blocked_by() const {
  in_the_way found;
  const std::scoped_lock lock(mutex_);
  for (const flight& each : flights_)
    if (each.alone || each.of->has_instance()) found.each.push_back(each.of);
  if (flights_.size() >= std::max(sharing_.calls, 1U))
    for (const flight& each : flights_) found.any.push_back(each.of);
  return found;
}

// The driver.

boost::intrusive_ptr<call> cell::find(const call_id& which) const noexcept {
  const std::scoped_lock lock(mutex_);
  for (const flight& each : flights_)
    if (each.of != nullptr && each.of->id() == which) return each.of;
  return nullptr;
}

flight* cell::find(std::uint64_t number) noexcept {
  const auto found = std::ranges::find(flights_, number, &flight::number);
  return found != flights_.end() ? &*found : nullptr;
}

bool cell::has_room() const noexcept {
  // Beside one that is being stopped nothing begins: it would most likely be lost.
  return flights_.size() < sharing_.calls && !raised(close_asked | stop_asked | cut) &&
         state_.load() != cell_state::stopping && guest_->open() &&
         std::ranges::none_of(flights_, &flight::alone);
}

bool cell::fits(const call& next, time_point now) const noexcept {
  if (is_idle()) return true;
  if (next.terms().chore || next.function() == request::release) return false;
  // What is in flight may wait for it, and ends no sooner.
  if (next.is_child()) return true;
  if (wants_quiet()) return false;
  const bool hasty =
      next.stops_by(now) <= later(now, sharing_.hasty) || std::ranges::any_of(flights_, &flight::hasty);
  return !hasty || flights_.size() < std::max(sharing_.beside_hasty, 1U);
}

flight& cell::begin_flight(boost::intrusive_ptr<call> of, unsigned attempt, time_point stop_at) noexcept {
  flight& begun = flights_.emplace_back();
  if (shares()) {
    begun.alone = guest_->is_alone(of->function());
    begun.hasty = stop_at <= later(world_.time.now(), sharing_.hasty);
  }
  begun.of = std::move(of);
  begun.number = begun_;
  begun.attempt = attempt;
  begun.stop_at = stop_at;
  watch(stop_at);
  return begun;
}

bool cell::take_next() noexcept {
  const bool idle = is_idle();
  mailbox::taken got = mailbox_->take(*this);
  if (got.other != nullptr) got.other->wake();
  seeks_ = got.next == nullptr;
  if (got.next == nullptr) {
    if (!idle) return false;
    if (got.closed && raised(drain_asked)) {
      if (say_farewell()) return true;
      finish_closing();
    } else {
      move_to(or_draining(cell_state::idle));
    }
    return false;
  }
  call& next = *got.next;
  const std::uint64_t generation = generation_.load();
  std::optional<error> never;
  request attempt;
  {
    // One step for all who might stop it: from here on the call runs here, and a stop finds it.
    const std::scoped_lock lock(mutex_);
    if (const auto& only = next.terms().only_in; only && only->generation != generation) {
      never = error(errc::bad_arguments, "the instance that issued the handle is gone");
    } else if (raised(close_asked)) {
      never = error(errc::draining, "the pool was drained before the call could begin");
    } else if (const auto ended = next.begin(this)) {
      never = error(*ended);
    } else {
      attempt = next.attempt();
      attempt.number = ++begun_;
      begin_flight(got.next, attempt.attempt, attempt.stop_at);
    }
  }
  if (!never) {
    // Without the lock: it checks all arguments, and whoever fires deadlines must not wait for that.
    never = guest_->start(attempt);
    if (never) {
      forget(attempt.number);
      next.unbegin();
    } else if (raised(cut)) {
      // A stop that came before or during the start; the start may have forgotten its interrupt.
      const std::scoped_lock lock(mutex_);
      guest_->interrupt();
    }
  }
  if (never) {
    next.finish_unrun(static_cast<errc>(never->code.value()), std::move(never->detail));
    return true;
  }
  if (!next.terms().chore) world_.observe.on_started(next.id(), number_, generation);
  move_to(or_draining(cell_state::running));
  fresh_ = true;
  return true;
}

bool cell::fill() noexcept {
  // One between two polls: what it does may keep the next one out.
  if (has_room()) return take_next();
  seek_no_more();
  return false;
}

void cell::seek_no_more() noexcept {
  if (!shares() || !std::exchange(seeks_, false)) return;
  if (const auto other = mailbox_->pass_on(*this)) other->wake();
}

bool cell::step_call() noexcept {
  if (flights_.empty() && raised(close_asked)) {
    finish_closing();
    return false;
  }
  if (is_idle()) {
    // Of what it does then nobody is told but by its loss.
    if (guest_->stirs() && guest_->poll() == guest_state::failed) {
      move_to(or_draining(cell_state::running));
      lose(guest_->take_fault());
      return true;
    }
    return take_next();
  }
  const bool filled = shares() && !fresh_ && fill();
  if (raised(stop_asked)) ask_guest();
  if (flights_.empty() && raised(hush) && tail_due_ <= world_.time.now()) cut_tail();
  // Read before the poll: a guest that was told to stop gets one more slice, in which a running one faults
  // with its backtrace. One that is still pending then waits in the host and is cut with its store.
  const bool cutting = raised(cut);
  fresh_ = false;
  if (settle(guest_->poll(), cutting) || filled) return true;
  // Whoever admits a call is to know whether one more may begin beside what waits here.
  return shares() && !(seeks_ && has_room()) && fill();
}

void cell::ask_guest() noexcept {
  boost::container::small_vector<std::uint64_t, 1> asked;
  {
    const std::scoped_lock lock(mutex_);
    lower(stop_asked);
    for (flight& each : flights_) {
      if (!each.stop_why || std::exchange(each.asked, true)) continue;
      asked.push_back(each.number);
    }
  }
  if (asked.empty()) return;
  move_to(cell_state::stopping);
  tell();
  const on_behalf nobody(nullptr);  // whoever is driven here is a stranger to what this thread may work for
  // Here, not in `stop`: it runs the embedder's callbacks, which must meet no lock.
  for (const std::uint64_t each : asked) guest_->ask_to_stop(each);
}

bool cell::settle(guest_state seen, bool cutting) noexcept {
  switch (seen) {
    case guest_state::ready:
      return settle_quiet();
    case guest_state::answered:
      settle_answers();
      return true;
    case guest_state::failed:
      lose(guest_->take_fault());
      return true;
    case guest_state::pending:
      if (!cutting) return false;
      lose({.code = errc::killed, .message = "stopped while it waited in the host"});
      return true;
  }
  return false;
}

bool cell::settle_quiet() noexcept {
  if (flights_.size() == 1) {
    told_result(flights_.front().number, guest_->take_result());
  } else {
    while (auto next = guest_->next_answer()) told_result(next->of, std::move(next->value));
  }
  assert(flights_.empty());
  if (unquiet_) {
    const std::scoped_lock lock(mutex_);
    unquiet_ = false;
    lower(hush | cut);
  }
  if (std::exchange(tailed_, false)) world_.observe.on_tail(number_, generation_.load(), true);
  // Where the pool ends meanwhile, what waits is for the next instance.
  if (parted_ ? !(raised(drain_asked) && mailbox_->finished()) : is_spent() && !say_farewell()) retire();
  return true;
}

// It has the time that an instance has to be built; then it goes as it is.
bool cell::say_farewell() noexcept {
  if (is_shut() || !guest_->say_farewell()) return false;
  move_to(or_draining(cell_state::running));
  parted_ = true;
  const std::scoped_lock lock(mutex_);
  unquiet_ = true;
  tail_due_ = later(world_.time.now(), policy_.build_limit);
  watch(tail_due_);
  return true;
}

// A task may go on after its result. It has the time that its call had, and then the instance goes. Beside
// others in flight it cannot be told whether any does: after a while nothing begins any more, until they have
// ended.
void cell::settle_answers() noexcept {
  while (auto next = guest_->next_answer()) {
    {
      const std::scoped_lock lock(mutex_);
      const time_point stop_at = find(next->of)->stop_at;
      if (!unquiet_) {
        hush_at_ = later(world_.time.now(), sharing_.tail);
        watch(hush_at_);
      }
      tail_due_ = unquiet_ ? std::max(tail_due_, stop_at) : stop_at;
      unquiet_ = true;
    }
    told_result(next->of, std::move(next->value));
  }
  // The limit of whichever ended last is watched still, and no earlier than the others': it finds them gone.
  if (flights_.empty()) tailed_ = true;
}

void cell::cut_tail() noexcept {
  const std::scoped_lock lock(mutex_);
  raise(cut);
  guest_->interrupt();
}

fault cell::why_lost(const flight& which, const fault& why) const noexcept {
  const bool alone = flights_.size() == 1;
  // An interrupt may strike another than the one that it was for, which has ended in the same slice.
  const bool its_own =
      why.code == errc::killed ? which.cut || !shares() : (why.of ? *why.of == which.number : alone);
  fault its = why;
  if (!its_own)
    its = {.code = errc::collateral, .message = "its instance was lost to another call: " + why.message};
  // One that was to be stopped is. A host function that gives up because it was asked to is the stop's doing,
  // not a failure of its own.
  if (which.stop_why && (!its_own || why.code == errc::killed || why.code == errc::host_failed))
    its.code = *which.stop_why;
  return its;
}

void cell::lose(fault why) noexcept {
  // An internal error and the like: the guest may have run.
  if (outcome_of(why.code) == outcome::refused) why.code = errc::host_failed;
  if (flights_.empty() && why.code == errc::killed)
    why = {.code = errc::deadline_killed,
           .message = "it went on for too long after its result",
           .backtrace = std::move(why.backtrace)};
  struct ending {
    std::uint64_t number;
    fault why;
  };
  boost::container::small_vector<ending, 1> ends;
  {
    const std::scoped_lock lock(mutex_);
    for (const flight& each : flights_) ends.push_back({each.number, why_lost(each, why)});
    // An interrupt is told of as what it was for.
    const auto cut = std::ranges::find_if(flights_, &flight::cut);
    if (why.code == errc::killed && cut != flights_.end() && cut->stop_why) why.code = *cut->stop_why;
  }
  static_assert(fate_of(errc::trapped) == fate::rebuild && fate_of(errc::host_failed) == fate::rebuild);
  if (std::exchange(tailed_, false)) world_.observe.on_tail(number_, generation_.load(), false);
  // The store first, with all that still works for the calls: it reads their arguments, and nobody is told of
  // an end, nor a next attempt begun, while there is any of it left.
  replace_guest(nullptr);
  tell_overshoot();
  for (ending& each : ends) {
    call_end end;
    end.what = outcome_of(each.why.code);
    end.code = each.why.code;
    end.detail = std::move(each.why.message);
    end.backtrace = std::move(each.why.backtrace);
    complete(each.number, std::move(end));
  }
  spoil(why);
}

void cell::tell_overshoot() const noexcept {
  if (!world_.watched) return;
  const std::scoped_lock lock(mutex_);
  for (const flight& each : flights_)
    if (each.cut && !each.of->terms().chore)
      world_.observe.on_overshoot(each.of->id(),
                                  std::max(world_.time.now() - each.gone_due, duration::zero()));
}

void cell::told_result(std::uint64_t number, buffer value) noexcept {
  call_end end;
  end.what = outcome::completed;
  end.value = std::move(value);
  complete(number, std::move(end));
  if (calls_left_ > 0) --calls_left_;
}

boost::intrusive_ptr<call> cell::forget(std::uint64_t number) noexcept {
  const std::scoped_lock lock(mutex_);
  flight* const which = find(number);
  const boost::intrusive_ptr<call> of = std::move(which->of);
  const bool stopped = which->stop_why.has_value();
  flights_.erase(flights_.begin() + (which - flights_.data()));
  if (stopped) {
    if (std::ranges::none_of(flights_, &flight::is_stopped)) {
      world_.deadlines.disarm(stop_timer_);
      lower(stop_asked);
    }
    if (std::ranges::none_of(flights_, &flight::cut)) {
      lower(cut);
      if (guest_ != nullptr && !is_idle()) guest_->forget_interrupt();
    }
  }
  return of;
}

bool cell::is_stopping() const noexcept {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(flights_, &flight::is_stopped);
}

void cell::complete(std::uint64_t number, call_end end) noexcept {
  const boost::intrusive_ptr<call> ended = forget(number);
  if (!ended->terms().only_in) ++served_;
  end.cell = number_;
  end.generation = generation_.load();
  end.state_lost = state_lost_;
  if (end.what == outcome::completed) state_lost_ = false;
  untold told = ended->attempt_ended(std::move(end));
  // Those beside it go on.
  if (!flights_.empty() && guest_ != nullptr && state_.load() == cell_state::stopping && !is_stopping())
    move_to(or_draining(cell_state::running));
  if (tells_later_) {
    untold_.push_back(std::move(told));
  } else {
    told.tell();
  }
}

void cell::tell() noexcept {
  for (const untold& each : untold_) each.tell();
  untold_.clear();
}

void cell::spoil(const fault& why) noexcept {
  seek_no_more();
  world_.observe.on_fault(number_, generation_.load(), why.code, why.message);
  move_to(cell_state::rebuilding);
  generation_.fetch_add(1);
}

}  // namespace holdfast::core
