// SPDX-License-Identifier: Apache-2.0
#include "core/mailbox.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/backoff.hpp"
#include "core/cell.hpp"
#include "core/keys.hpp"
#include "core/lineage.hpp"
#include "core/newcomer.hpp"
#include "core/parking.hpp"

namespace holdfast::core {
namespace {

constexpr std::int64_t one_retry = 1000;
// Until a recalled call asks for room again: longer, the more there are that ask.
constexpr duration room_again = std::chrono::milliseconds(20);
constexpr std::chrono::microseconds each_waits(100);

}  // namespace

mailbox::mailbox(environment& world, mailbox_limits limits, retry_policy retry, mailbox_names names) noexcept
    : world_(world),
      limits_(limits),
      retry_(retry),
      names_(std::move(names)),
      budget_(one_retry * static_cast<std::int64_t>(retry.burst)) {}

// Admission.

std::optional<error> mailbox::refusal(const call& request) const {
  if (closed_) return error(errc::draining);
  if (unparted_ > 0 && members_.empty()) return error(errc::broken, broken_why_);
  if (request.bytes() > limits_.call_bytes)
    return error(errc::limit, "the arguments are " + std::to_string(request.bytes()) +
                                  " bytes, the limit for one call is " + std::to_string(limits_.call_bytes));
  if (const auto& only = request.terms().only_in;
      only && std::ranges::find(members_, only->cell, [](const cell* each) { return each->number(); }) ==
                  members_.end())
    return error(errc::bad_arguments, "the instance that issued the handle is gone");
  return std::nullopt;
}

std::optional<error> mailbox::fullness(const call& request) const {
  if (waiting() >= limits_.depth)
    return error(errc::queue_full, "the queue is full: " + std::to_string(waiting()) + " calls wait");
  if (request.bytes() > limits_.bytes - bytes_)
    return error(errc::queue_full,
                 "the queue is full: " + std::to_string(bytes_) + " bytes of arguments wait");
  return std::nullopt;
}

void mailbox::enqueue(call& request, time_point now) noexcept {
  const bool at_home = request.terms().only_in.has_value();
  if (!at_home) pace_.queued(queue_.size(), now);
  (at_home ? home_ : queue_).push_back(request);
  request.place_ = at_home ? call::place::home : call::place::queued;
  request.turn_ = ++turns_;  // by which the two lists are one queue
  bytes_ += request.bytes();
  if (at_home) {
    watch_alone(request);
  } else {
    watch(request);
  }
}

void mailbox::hold(call& request, bool until_noted) noexcept {
  held_.push_back(request);
  request.place_ = call::place::held;
  request.held_back_ = until_noted;
  bytes_ += request.bytes();
  watch_alone(request);
  if (until_noted) request.key_claim_->of->recorded()->starts(request.key_claim_->slot, true);
}

void mailbox::admit_noted(call& request) noexcept {
  const std::scoped_lock lock(mutex_);
  if (request.place_ != call::place::held) return;  // it was taken back meanwhile
  world_.observe.on_noted(request.id());
  request.held_back_ = false;
  if (limits_.ordered) return release_held();
  let_in(request);
}

void mailbox::let_in(call& held) noexcept {
  waiting_.fetch_add(1);  // first: a closed mailbox would be over
  held_.erase(held_.iterator_to(held));
  bytes_ -= held.bytes();
  held.place_ = call::place::nowhere;
  enqueue(held, world_.time.now());
  if (const auto server = server_for(held)) server->wake();
  if (over()) wake_idle();
}

void mailbox::release_held() noexcept {
  while (!held_.empty() && !held_.front().held_back_) let_in(held_.front());
}

std::optional<error> mailbox::admit(const boost::intrusive_ptr<call>& request, start how) {
  // Before any lock: one that another thread held stays locked in the child.
  if (began_.forked()) return error(errc::forked);

  // A child's admission and the question whether it could ever run are one step (core/lineage.hpp).
  call* const parent = request->terms().bound ? on_behalf::current() : nullptr;
  std::unique_lock<std::mutex> family;
  if (parent != nullptr) {
    family = lineage::lock();
    if (lineage::would_wait_for_itself(*parent, *this, request->terms().only_in)) {
      world_.observe.on_refused(errc::cycle);
      return error(errc::cycle, "every instance that could run the call waits for it");
    }
    lineage::join(*parent, *request);
  }
  // Until it is accepted, whatever becomes of it.
  struct not_yet_a_child {
    call* which;
    ~not_yet_a_child() {
      if (which != nullptr) lineage::part(*which);
    }
  } child{parent != nullptr ? request.get() : nullptr};

  boost::intrusive_ptr<cell> server;
  std::optional<error> refused;
  {
    const std::scoped_lock lock(mutex_);
    refused = refusal(*request);
    const time_point now = world_.time.now();
    if (!refused) refused = lateness(*request, now);
    std::optional<error> full;
    if (!refused) {
      full = fullness(*request);
      if (full && !may_retry(*request)) refused = full;
    }
    std::unique_lock<std::mutex> found_by_key;  // not before it can be seen
    key_claim* const by_key = request->key_claim_.get();
    if (!refused && by_key != nullptr) found_by_key = by_key->of->claim(*request, *by_key, refused);
    if (!refused) {
      // Everything another thread may look at is set before the call can be seen.
      request->mailbox_.reset(this);
      request->count_from(now);
      if (full) request->phase_ = call_phase::backing_off;
      if (request->terms().findable && world_.kept != nullptr) {
        request->kept_ = true;
        try {
          world_.kept->keep(*request);
        } catch (...) {
          if (found_by_key) by_key->of->unclaim(*request, *by_key);
          request->kept_ = false;
          request->mailbox_.reset();
          throw;
        }
      }
      const bool noted_first = request->awaits_note();
      const bool queues = !full && !noted_first && !(limits_.ordered && !held_.empty());
      if (queues) waiting_.fetch_add(1);  // first: nobody is told of it while another may overtake it
      tell_accepted(*request);
      intrusive_ptr_add_ref(request.get());
      earn();
      if (full) {
        watch_alone(*request);
        world_.observe.on_backing_off(request->id(), 0, errc::queue_full, wait_outside(*request));
      } else if (queues) {
        enqueue(*request, now);
        server = server_for(*request);
      } else {
        hold(*request, noted_first);
      }
      // It may begin before this is kept: at worst it runs again.
      if (request->is_named() && by_key->of->recorded() != nullptr && !noted_first)
        by_key->of->recorded()->starts(by_key->slot, false);
    }
  }
  if (refused) {
    if (!request->is_second()) world_.observe.on_refused(static_cast<errc>(refused->code.value()));
    return refused;
  }
  child.which = nullptr;
  if (family.owns_lock()) family.unlock();
  if (server != nullptr && (how == start::post || !server->dispatch())) server->wake();
  return std::nullopt;
}

void mailbox::earn() noexcept {
  const std::int64_t most = one_retry * (static_cast<std::int64_t>(retry_.burst) + 10);
  const auto share = static_cast<std::int64_t>(retry_.budget * one_retry);
  // Relaxed: a count that orders nothing.
  std::int64_t now = budget_.load(std::memory_order_relaxed);
  while (now < most &&
         !budget_.compare_exchange_weak(now, std::min(now + share, most), std::memory_order_relaxed)) {
  }
}

bool mailbox::lets_through(std::size_t bytes) const noexcept {
  return waiting_.load() == 0 && !closed_.load() && bytes <= limits_.call_bytes && bytes <= limits_.bytes &&
         limits_.depth > 0;
}

void mailbox::let_through(const newcomer& which) noexcept {
  if (world_.watched) {
    tell_asked(which.id_, which.function_, !which.key_.empty(), which.weight_ - which.key_.size());
    world_.observe.on_accepted(which.id_);
  }
  earn();
}

void mailbox::tell_accepted(const call& request) noexcept {
  if (world_.watched) {
    const std::size_t key = request.key().size();
    tell_asked(request.id(), request.function(), key > 0, request.bytes() - key);
  }
  world_.observe.on_accepted(request.id());
}

void mailbox::tell_asked(const call_id& which, std::uint32_t function, bool keyed,
                         std::size_t bytes) noexcept {
  const auto& known = names_.functions;
  const bool named = known != nullptr && function < known->size();
  world_.observe.on_asked(which,
                          {.where = place(),
                           .function = named ? std::string_view((*known)[function]) : std::string_view(),
                           .keyed = keyed,
                           .bytes = bytes});
}

void mailbox::went(const call_id& which, outcome how) noexcept {
  if (world_.watched) world_.observe.on_done(which, how);
}

void mailbox::busy(cell& who) noexcept {
  const std::scoped_lock lock(mutex_);
  note_busy(who);
}

bool mailbox::admit_chore(const home& where,
                          const std::function<boost::intrusive_ptr<call>(environment&)>& made) {
  boost::intrusive_ptr<cell> server;
  {
    const std::scoped_lock lock(mutex_);
    const auto member =
        std::ranges::find(members_, where.cell, [](const cell* each) { return each->number(); });
    if (closed_ || member == members_.end() || (*member)->generation() != where.generation) return false;
    boost::intrusive_ptr<call> request = made(world_);
    assert(request->terms().chore && request->terms().only_in);
    request->mailbox_.reset(this);
    request->place_ = call::place::chore;
    waiting_.fetch_add(1);
    server = server_for(*request);
    chores_.push_back(*request.detach());
  }
  if (server != nullptr) server->wake();
  return true;
}

// Between attempts.

bool mailbox::may_retry(const call& request) const noexcept {
  return !closed_ && !refusing_ && request.terms().attempts > 1 && budget_ >= one_retry &&
         outside_.size() < limits_.depth && outside_bytes_ + request.bytes() <= limits_.bytes;
}

duration mailbox::wait_outside(call& request) noexcept {
  budget_ -= one_retry;
  const duration wait = backoff(retry_.base, retry_.max, ++request.backoffs_, world_.random);
  wait_outside_for(request, wait);
  return wait;
}

void mailbox::wait_outside_for(call& request, duration wait) noexcept {
  outside_.push_back(request);
  outside_bytes_ += request.bytes();
  request.place_ = call::place::outside;
  world_.deadlines.arm(request.backoff_, later(world_.time.now(), wait));
}

bool mailbox::admit_recalled(const boost::intrusive_ptr<call>& request) {
  const std::scoped_lock lock(mutex_);
  if (closed_ || (unparted_ > 0 && members_.empty())) return false;
  request->key_claim_->recalled = true;
  std::optional<error> refused;
  const auto found_by_key = request->key_claim_->of->claim(*request, *request->key_claim_, refused);
  if (refused) return false;
  request->mailbox_.reset(this);
  request->count_from(world_.time.now());
  request->recalled_ = true;
  tell_accepted(*request);
  intrusive_ptr_add_ref(request.get());
  watch_alone(*request);
  if (limits_.ordered) {
    // It was accepted before all that may come: its place is here.
    waiting_.fetch_add(1);
    enqueue(*request, world_.time.now());
    if (const auto server = server_for(*request)) server->wake();
  } else {
    request->phase_ = call_phase::backing_off;
    wait_outside_for(*request, duration::zero());
  }
  // Once more, with an attempt more: one that takes its process with it does so only so often.
  request->key_claim_->of->recorded()->starts(request->key_claim_->slot, false);
  return true;
}

bool mailbox::back_off(call& request, call_end& end) noexcept {
  boost::intrusive_ptr<cell> ran_on;  // released after the locks
  const std::scoped_lock lock(mutex_);
  {
    const std::scoped_lock inner(request.mutex_);
    if (!request.may_repeat(end) || !may_retry(request)) return false;
    // One that its last caller left while it ran has nobody left to try again for, if it was theirs alone.
    if (request.is_unwanted()) return false;
    request.orphan_cost_ += request.ran_for_nobody();
    end.attempts = request.end_.attempts;
    request.end_ = std::move(end);
    request.phase_ = call_phase::backing_off;
    ran_on.swap(request.runs_on_);
  }
  intrusive_ptr_add_ref(&request);
  watch_alone(request);
  const duration wait = wait_outside(request);
  world_.observe.on_backing_off(request.id(), request.end_.attempts,
                                static_cast<errc>(request.end_.code.value()), wait);
  return true;
}

void mailbox::admit_again(call& request) noexcept {
  boost::intrusive_ptr<cell> server;
  std::optional<error> never;
  {
    const std::scoped_lock lock(mutex_);
    if (request.place_ != call::place::outside) return;  // taken out while its timer fired
    unlink(request);
    never = refusal(request);  // who could run it may have gone meanwhile
    if (!never) {
      never = fullness(request);
      if (never && request.backoffs_ + 1 < request.terms().attempts && may_retry(request)) {
        world_.observe.on_backing_off(request.id(), 0, errc::queue_full, wait_outside(request));
        return;
      }
      if (never && request.recalled_)
        return wait_outside_for(
            request,
            std::max(room_again, duration(each_waits) * static_cast<duration::rep>(outside_.size())));
    }
    if (!never) {
      {
        const std::scoped_lock inner(request.mutex_);
        request.phase_ = call_phase::queued;
      }
      const bool queues = !request.awaits_note();
      if (queues) {
        waiting_.fetch_add(1);
        enqueue(request, world_.time.now());
      }
      world_.observe.on_queued_again(request.id());
      if (queues) {
        server = server_for(request);
      } else {
        hold(request, true);
      }
    }
  }
  if (never) {
    request.finish_unrun(static_cast<errc>(never->code.value()), std::move(never->detail));
    intrusive_ptr_release(&request);  // the list's reference; the timer that fires holds another
  } else if (server != nullptr) {
    server->wake();
  }
}

// Taking out.

bool mailbox::unlink(call& request) noexcept {
  switch (std::exchange(request.place_, call::place::nowhere)) {
    case call::place::nowhere:
      return false;
    case call::place::queued:
      unwatch(request);
      if (&queue_.front() == &request) ask_again();
      queue_.erase(queue_.iterator_to(request));
      bytes_ -= request.bytes();
      waiting_.fetch_sub(1);
      return true;
    case call::place::home:
      home_.erase(home_.iterator_to(request));
      bytes_ -= request.bytes();
      waiting_.fetch_sub(1);
      return true;
    case call::place::outside:
      outside_.erase(outside_.iterator_to(request));
      outside_bytes_ -= request.bytes();
      world_.deadlines.disarm(request.backoff_);
      return true;
    case call::place::chore:
      chores_.erase(chores_.iterator_to(request));
      waiting_.fetch_sub(1);
      return true;
    case call::place::held:
      held_.erase(held_.iterator_to(request));
      bytes_ -= request.bytes();
      if (limits_.ordered) release_held();
      if (over()) wake_idle();
      return true;
  }
  return false;
}

void mailbox::close() noexcept {
  std::vector<boost::intrusive_ptr<cell>> released;  // after the lock: a cell's end may be the mailbox's too
  {
    const std::scoped_lock lock(mutex_);
    // Those of a process before this one wait for room and for nothing else: they are served like what is
    // queued.
    for (auto each = outside_.begin(); each != outside_.end();) {
      call& one = *each++;
      {
        const std::scoped_lock inner(one.mutex_);
        if (!one.recalled_ || one.end_.attempts != one.attempts_before_) continue;
        one.phase_ = call_phase::queued;
      }
      unlink(one);
      waiting_.fetch_add(1);
      enqueue(one, world_.time.now());
      world_.observe.on_queued_again(one.id());
    }
    closed_ = true;
    released.swap(idle_);
    for (const auto& server : released) server->noted_idle_ = false;
  }
  end_all(outside_, errc::draining, "the pool was drained before the call could begin");
}

// Calls end without the lock: their waiters are told.
void mailbox::end_all(queue& from, errc why, const std::string& detail,
                      std::optional<std::uint32_t> only_in) noexcept {
  for (;;) {
    boost::intrusive_ptr<call> next;
    {
      const std::scoped_lock lock(mutex_);
      const auto found = only_in ? first_for(from, *only_in) : from.begin();
      if (found == from.end()) return;
      next.reset(&*found, false);
      unlink(*next);
    }
    next->finish_unrun(why, detail);
  }
}

void mailbox::refuse_queued(errc why, const std::string& detail) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    refusing_ = true;
  }
  // First what may still come into the queue.
  for (queue* each : {&held_, &queue_, &home_, &outside_, &chores_}) end_all(*each, why, detail);
}

bool mailbox::remove(call& request) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (!unlink(request)) return false;
  }
  intrusive_ptr_release(&request);  // the list's reference; the caller holds another
  return true;
}

bool mailbox::remove_unwanted(call& request) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    const std::scoped_lock inner(request.mutex_);
    if (!request.is_unwanted() || !unlink(request)) return false;
    // One that goes on from an attempt before ends as that did, and its record is to be the last of its key.
    request.given_up_ = request.end_.attempts == 0;
  }
  intrusive_ptr_release(&request);
  return true;
}

mailbox::withdrawn mailbox::withdraw(call& request, waiter& who) noexcept {
  boost::intrusive_ptr<waiter> left;  // released after the locks
  {
    const std::scoped_lock lock(mutex_);
    const std::scoped_lock inner(request.mutex_);
    if (request.place_ == call::place::nowhere || request.end_.attempts > 0) return withdrawn::no;
    const auto found = std::ranges::find(request.waiters_, &who, &boost::intrusive_ptr<waiter>::get);
    if (found == request.waiters_.end()) return withdrawn::no;
    left = std::move(*found);
    request.waiters_.erase(found);
    if (!request.is_unwanted()) {  // the call goes on waiting
      request.note_left();
      return withdrawn::waiter;
    }
    unlink(request);
    request.given_up_ = true;
  }
  intrusive_ptr_release(&request);
  return withdrawn::call;
}

std::size_t mailbox::depth() const noexcept {
  const std::scoped_lock lock(mutex_);
  return waiting();
}

std::size_t mailbox::bytes() const noexcept {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

std::size_t mailbox::outside() const noexcept {
  const std::scoped_lock lock(mutex_);
  return outside_.size();
}

}  // namespace holdfast::core
