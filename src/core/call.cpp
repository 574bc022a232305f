// SPDX-License-Identifier: Apache-2.0
#include "core/call.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

#include "core/cell.hpp"
#include "core/keys.hpp"
#include "core/lineage.hpp"
#include "core/mailbox.hpp"
#include "core/parking.hpp"
#include "core/records.hpp"

namespace holdfast::core {

call::call(environment& world, const call_id& id, std::uint32_t function, const call_terms& terms) noexcept
    : world_(world), id_(id), function_(function), terms_(terms) {}

call::~call() = default;

call_phase call::phase() const noexcept {
  const std::scoped_lock lock(mutex_);
  return phase_;
}

time_point call::stop_at() const noexcept {
  const std::scoped_lock lock(mutex_);
  return phase_ == call_phase::running ? stop_at_ : terms_.deadline;
}

// Those who wait, and those who left.

bool call::attach(const boost::intrusive_ptr<waiter>& who) {
  const std::scoped_lock lock(mutex_);
  if (phase_ == call_phase::done) return false;
  waiters_.push_back(who);
  end_orphan();
  return true;
}

bool call::leave(waiter& who) noexcept {
  boost::intrusive_ptr<waiter> left;  // released after the lock
  {
    std::unique_lock lock(mutex_);
    const auto found = std::ranges::find(waiters_, &who, &boost::intrusive_ptr<waiter>::get);
    if (found == waiters_.end()) return false;
    left = std::move(*found);
    waiters_.erase(found);
    left_by_one(std::move(lock));
  }
  return true;
}

bool call::is_unwanted() const noexcept { return terms_.bound && waiters_.empty() && joins_ == 0; }

void call::left_by_one(std::unique_lock<short_mutex> lock) noexcept {
  if (mailbox_ == nullptr) return;  // never accepted
  if (!is_unwanted() || phase_ == call_phase::running) return note_left();
  lock.unlock();
  // Another waiter may attach meanwhile: the mailbox looks again under both locks.
  if (mailbox_->remove_unwanted(*this)) return finish_unrun(errc::revoked);
  lock.lock();
  if (phase_ != call_phase::done) note_left();
}

bool call::join(bool keep) {
  const std::scoped_lock lock(mutex_);
  if (is_over_unrun()) return false;
  if (keep && phase_ != call_phase::done && world_.kept != nullptr && !kept_) {
    world_.kept->keep(*this);
    kept_ = true;
  }
  ++joins_;
  if (keep) terms_.bound = false;
  return true;
}

void call::unjoin() noexcept {
  std::unique_lock lock(mutex_);
  if (--joins_ > 0 || !waiters_.empty() || phase_ == call_phase::done) return;
  if (claims_.load() > 0 && !terms_.bound) return;  // a ticket has it
  left_by_one(std::move(lock));
}

bool call::is_over_unrun() const noexcept {
  return given_up_ || (phase_ == call_phase::done && effect_of(end_.what) == effect::not_executed);
}

bool call::never_was() const noexcept {
  const std::scoped_lock lock(mutex_);
  return is_over_unrun();
}

void call::stand_for(key_claim&& what) {
  key_claim_ = std::make_unique<key_claim>(std::move(what));
  key_claim_->slot.of_ = this;
  if (key_claim_->after != nullptr) go_on_from(key_claim_->after->end());
}

void call::go_on_from(const call_end& before) {
  end_.what = before.what;
  end_.code = before.code;
  end_.cell = before.cell;
  end_.generation = before.generation;
  end_.state_lost = before.state_lost;
  end_.attempts = before.attempts;
  end_.detail = before.detail;
  end_.backtrace = before.backtrace;
  attempts_before_ = before.attempts;
}

void call::forget_before() noexcept {
  if (key_claim_ == nullptr) return;
  key_claim_->after.reset();
  key_claim_->before.reset();
}

bool call::is_second() const noexcept { return key_claim_ != nullptr && key_claim_->taken; }

bool call::withdraw(waiter& who) noexcept {
  if (mailbox_ == nullptr) return false;
  switch (mailbox_->withdraw(*this, who)) {
    case mailbox::withdrawn::no:
      return false;
    case mailbox::withdrawn::waiter:  // others wait for it still
      return true;
    case mailbox::withdrawn::call:
      finish_unrun(errc::revoked);
      return true;
  }
  return false;
}

void call::abandon() noexcept {
  const std::scoped_lock lock(mutex_);
  if (claims_.fetch_sub(1) > 1) return;
  left_.store(true);
  if (phase_ != call_phase::done && waiters_.empty() && mailbox_ != nullptr) note_left();
}

void call::note_left() {
  world_.observe.on_detached(id_);
  if (claims_.load() > 0) return;  // whoever holds it comes back, or gives it up
  left_.store(true);
  if (world_.kept != nullptr && !kept_) {
    kept_ = true;
    world_.kept->keep(*this);
  }
  if (orphan_ || joins_ > 0 || !waiters_.empty()) return;
  orphan_ = true;
  orphan_since_ = world_.time.now();
  orphan_cost_ = duration::zero();
  if (world_.kept != nullptr) world_.kept->orphaned();
  world_.observe.on_orphaned(id_);
}

duration call::ran_for_nobody() const noexcept {
  if (!orphan_ || phase_ != call_phase::running) return duration::zero();
  return world_.time.now() - std::max(orphan_since_, began_at_);
}

void call::end_orphan() noexcept {
  if (!orphan_) return;
  const duration cost = orphan_cost_ + ran_for_nobody();
  orphan_ = false;
  if (world_.kept != nullptr) world_.kept->orphan_ended(cost);
  world_.observe.on_orphan_ended(id_, cost);
}

void call::read(parking& where, reading how) noexcept {
  bool kept = false;
  {
    const std::scoped_lock lock(mutex_);
    kept = kept_;
  }
  if (kept) where.claim(*this, how);
}

// Those who stop it.

revoke_answer call::revoke() noexcept {
  if (mailbox_ != nullptr && mailbox_->remove(*this)) {
    finish_unrun(errc::revoked);
    return end_.what == outcome::revoked ? revoke_answer::revoked : revoke_answer::done;
  }
  const std::scoped_lock lock(mutex_);
  return phase_ == call_phase::done || settled_ ? revoke_answer::done : revoke_answer::running;
}

kill_answer call::kill() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (phase_ == call_phase::done || settled_) return kill_answer::done;
    killed_ = true;
  }
  if (mailbox_ != nullptr && mailbox_->remove(*this)) {
    finish_unrun(errc::revoked);
    return kill_answer::revoked;
  }
  boost::intrusive_ptr<cell> on;
  unsigned attempt = 0;
  {
    const std::scoped_lock lock(mutex_);
    on = runs_on_;
    attempt = end_.attempts;
  }
  if (on != nullptr) on->stop(*this, attempt, errc::killed);
  return kill_answer::stopping;
}

void call::on_timer(timer& fired) noexcept {
  if (&fired == &backoff_) {
    mailbox_->admit_again(*this);
    return;
  }
  // Not removed: taken out to run; its cell sees the deadline.
  if (mailbox_->remove(*this)) finish_unrun(errc::expired_in_queue);
}

void call::forget_timer() noexcept {
  if (std::exchange(timed_, false)) world_.deadlines.disarm(deadline_);
}

// Its way through a cell.

request call::attempt() noexcept {
  const std::scoped_lock lock(mutex_);
  return {.function = function_,
          .arguments = arguments(),
          .key = key(),
          .attempt = end_.attempts,
          .stop_at = stop_at_,
          .of = this,
          .with = with()};
}

std::optional<errc> call::begin(boost::intrusive_ptr<cell> on) noexcept {
  forget_timer();
  const time_point now = world_.time.now();
  {
    const std::scoped_lock lock(mutex_);
    assert(phase_ == call_phase::queued);
    if (killed_) return errc::revoked;
    if (now >= terms_.deadline) return errc::expired_in_queue;
    phase_ = call_phase::running;
    runs_on_ = std::move(on);
    has_instance_.store(false);  // a host function of an attempt before may not have answered yet
    end_.attempts += 1;
    began_at_ = now;
    stop_at_ = stops_by(now);
  }
  return std::nullopt;
}

void call::count_from(time_point now) noexcept {
  terms_.deadline = std::min(terms_.deadline, later(now, std::exchange(terms_.time_limit, no_limit)));
}

time_point call::stops_by(time_point now) const noexcept {
  return std::min(terms_.deadline, later(now, terms_.run_limit));
}

void call::unbegin() noexcept {
  const std::scoped_lock lock(mutex_);
  end_.attempts -= 1;
}

bool call::may_repeat(const call_end& end) const noexcept {
  if (killed_ || end_.attempts - attempts_before_ >= terms_.attempts || !terms_.repeatable) return false;
  if (terms_.only_in) return false;  // every end below takes the one instance that could run it along
  switch (end.what) {
    case outcome::trapped:
    case outcome::host_failed:
    case outcome::collateral:
      return true;
    case outcome::deadline_killed:  // its run limit; past its deadline there is no time for another
      return world_.time.now() < terms_.deadline;
    case outcome::completed:
    case outcome::refused:
    case outcome::revoked:
    case outcome::expired_in_queue:
    case outcome::killed:
    case outcome::lost_in_crash:
      return false;
  }
  return false;
}

untold call::attempt_ended(call_end end) noexcept {
  if (end.what != outcome::completed && mailbox_->back_off(*this, end)) return {};
  return finish(std::move(end));
}

bool call::awaits_note() const noexcept {
  return is_named() && key_claim_->of->recorded() != nullptr && !terms_.repeatable;
}

bool call::is_named() const noexcept { return key_claim_ != nullptr && !key_claim_->nameless; }

void call::noted() noexcept { mailbox_->admit_noted(*this); }

record_slot& call::slot() noexcept { return key_claim_->slot; }

untold call::finish(call_end end) noexcept {
  records* const kept = key_claim_ != nullptr ? key_claim_->of->recorded() : nullptr;
  if (kept == nullptr) return finish_now(&end);
  if (is_named() || end.what == outcome::completed) return finish_kept(*kept, std::move(end));
  kept->leaves(key_claim_->slot);
  return finish_now(&end);
}

untold call::finish_kept(records& by, call_end end) noexcept {
  boost::intrusive_ptr<cell> ran_on;
  const bool ran = effect_of(end.what) != effect::not_executed;
  {
    const std::scoped_lock lock(mutex_);
    settle(std::move(end), ran_on);
    settled_ = true;
    given_up_ = given_up_ || !ran;  // its key is new, whenever that is told
    world_.observe.on_recording(id_, end_.what);
  }
  // Whoever waits is told when it is kept, or what was written of it is erased.
  if (ran ? by.ends(key_claim_->slot) : by.withdraws(key_claim_->slot)) return {.of = this, .who = {}};
  if (ran) lose_end();  // the host has ended, and nobody writes any more
  return publish();
}

untold call::publish() noexcept { return finish_now(nullptr); }

bool call::end_recalled() noexcept {
  key_claim_->recalled = true;
  std::optional<error> refused;
  if (!key_claim_->of->claim(*this, *key_claim_, refused).owns_lock()) return false;
  world_.observe.on_accepted(id_);
  finish_unrun(errc::lost_in_crash);
  return true;
}

void call::lose_end() noexcept {
  const std::scoped_lock lock(mutex_);
  end_ = {.what = outcome::lost_in_crash,
          .code = errc::lost_in_crash,
          .cell = end_.cell,
          .generation = end_.generation,
          .attempts = end_.attempts,
          .detail = "the journal had no room for its outcome when the host ended"};
}

void call::settle(call_end&& end, boost::intrusive_ptr<cell>& ran_on) noexcept {
  assert(phase_ != call_phase::done);
  end.attempts = end_.attempts;
  end_ = std::move(end);
  ran_on.swap(runs_on_);
}

untold call::finish_now(call_end* end) noexcept {
  untold told{.of = this, .who = {}};
  // First: whoever is told may ask for the key again.
  if (key_claim_ != nullptr) key_claim_->of->ended(*this, *key_claim_, end != nullptr ? *end : end_);
  boost::intrusive_ptr<cell> ran_on;
  bool kept = false;
  bool park = false;
  {
    const std::scoped_lock lock(mutex_);
    end_orphan();
    if (end != nullptr) settle(std::move(*end), ran_on);
    // First: nobody has the outcome before the observer knows of it.
    if (!terms_.chore) world_.observe.on_done(id_, end_.what);
    phase_ = call_phase::done;
    told.who.swap(waiters_);
    kept = kept_;
    // Somebody may come back who has the id and not the end.
    park = told.who.empty() || left_.load() || (is_named() && claims_.load() > 0);
  }
  forget_timer();
  // Whoever comes with the key later finds the result: it is kept alone.
  if (!left_to_next_) forget_arguments((kept && park) || is_named());
  lineage::ended(*this);
  if (kept && park) world_.kept->park(*this);
  if (kept && !park) world_.kept->forget(*this);
  return told;
}

void call::was_done(call_end end) noexcept {
  end_ = std::move(end);
  phase_ = call_phase::done;
  forget_arguments(true);
}

void untold::tell() const noexcept {
  // A host function whose thread ends somebody's call, by a revoke or by driving its first slice, does not
  // speak for those who are told of it.
  std::optional<on_behalf> nobody;
  if (on_behalf::current() != nullptr) nobody.emplace(nullptr);
  if (dialogue* const with = of != nullptr ? of->with() : nullptr) {
    const call_end& end = of->end();
    with->over(end.detail.empty() ? end.code.message() : end.detail);
  }
  for (const auto& each : who) each->on_done(*of);
}

void call::finish_unrun(errc why, std::string detail) noexcept {
  call_end end;
  bool stays = false;
  {
    const std::scoped_lock lock(mutex_);
    if (end_.attempts > 0) {  // the guest was entered before: never say that it was not
      // What nobody took back and the end of its pool keeps from running again, a later process runs.
      stays = recalled_ && why == errc::draining && end_.attempts == attempts_before_;
      end = std::move(end_);
      end_.attempts = end.attempts;
    } else {
      end.what = outcome_of(why);
      end.code = why;
      end.detail = std::move(detail);
    }
  }
  if (!stays) return finish(std::move(end)).tell();
  left_to_next_ = true;  // a record of it that is being written reads its arguments
  key_claim_->of->recorded()->leaves(key_claim_->slot);
  finish_now(&end).tell();
}

}  // namespace holdfast::core
