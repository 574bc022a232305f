// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "core/cell.hpp"
#include "core/lineage.hpp"
#include "core/mailbox.hpp"

// The cells that serve a queue: which of them is woken for a call, what each takes, who builds, and what
// becomes of the calls when one serves no more.
namespace holdfast::core {

// Where it has least beside it, and none of those that would not take what waits. One that runs a call past
// the queue is still noted as idle: rather one that nobody drives.
mailbox::noted mailbox::best() noexcept {
  const auto rank = [](const cell& each) { return std::tuple(each.declines_, each.serves_, !each.parked()); };
  auto chosen = std::prev(idle_.end());
  auto least = rank(**chosen);
  for (auto each = chosen; each != idle_.begin() && least != std::tuple(false, std::size_t{0}, false);) {
    const auto other = rank(**--each);
    if (other >= least) continue;
    least = other;
    chosen = each;
  }
  return chosen;
}

boost::intrusive_ptr<cell> mailbox::take_noted(noted which) noexcept {
  boost::intrusive_ptr<cell> server = std::move(*which);
  idle_.erase(which);
  server->noted_idle_ = false;
  return server;
}

boost::intrusive_ptr<cell> mailbox::server_for(const call& request) noexcept {
  if (idle_.empty()) return nullptr;
  const auto& only = request.terms().only_in;
  if (!only) return take_noted(best());
  const auto home = std::ranges::find(idle_, only->cell, [](const auto& each) { return each->number(); });
  return home != idle_.end() ? take_noted(home) : nullptr;
}

boost::intrusive_ptr<cell> mailbox::another() noexcept {
  if (queue_.empty() || idle_.empty()) return nullptr;
  const noted found = best();
  return (*found)->declines_ ? nullptr : take_noted(found);
}

// What is first in the queue now they may take.
void mailbox::ask_again() noexcept {
  for (const auto& each : idle_)
    if (std::exchange(each->declines_, false)) each->wake();
}

// A mailbox that was closed is over. None of them can end before it has the lock, and each is its pool's
// until then.
void mailbox::wake_idle() noexcept {
  for (const auto& each : idle_) {
    each->noted_idle_ = false;
    each->wake();
  }
  idle_.clear();
}

mailbox::queue::iterator mailbox::first_for(queue& in, std::uint32_t cell) noexcept {
  return std::ranges::find_if(
      in, [cell](const call& each) { return each.terms().only_in && each.terms().only_in->cell == cell; });
}

mailbox::queue::iterator mailbox::next_for(const cell& who) noexcept {
  if (!chores_.empty()) {
    if (const auto own = first_for(chores_, who.number()); own != chores_.end()) return own;
  }
  if (!home_.empty()) {
    const auto own = first_for(home_, who.number());
    if (own != home_.end() && (queue_.empty() || own->turn_ < queue_.front().turn_)) return own;
  }
  return queue_.begin();
}

mailbox::queue::iterator mailbox::fitting(const cell& who) noexcept {
  const auto found = next_for(who);
  if (found == queue_.end() || who.is_idle()) return found;
  const time_point now = world_.time.now();
  if (who.fits(*found, now)) return found;
  // Nothing overtakes, but for what somebody waits for who already runs: else that might never end.
  return std::ranges::find_if(queue_,
                              [&](const call& each) { return each.is_child() && who.fits(each, now); });
}

mailbox::taken mailbox::take(cell& who) {
  const std::scoped_lock lock(mutex_);
  pace_.served(std::exchange(who.served_, 0));
  note_served(who);
  if (const auto found = fitting(who); found != queue_.end()) {
    boost::intrusive_ptr<call> next(&*found, false);
    unlink(*next);
    ++who.serves_;
    ++serving_;
    who.declines_ = false;
    // Woken by something else than an admission, it is still noted: a busy cell must not be taken for an idle
    // one.
    note_busy(who);
    return {.next = std::move(next), .other = who.shares() ? another() : nullptr};
  }
  if (over()) return {.closed = next_for(who) == queue_.end()};
  note_idle(who);
  // It may be for another, or for nobody until something here has ended.
  who.declines_ = next_for(who) != queue_.end();
  return {.other = who.declines_ ? another() : nullptr};
}

boost::intrusive_ptr<cell> mailbox::pass_on(cell& who) noexcept {
  const std::scoped_lock lock(mutex_);
  note_busy(who);
  return another();
}

bool mailbox::rest(cell& who) {
  const std::scoped_lock lock(mutex_);
  if (next_for(who) != queue_.end() || over()) return false;
  who.served_ = 0;  // nothing waits, which is the end of a pace
  note_served(who);
  note_idle(who);
  who.declines_ = false;
  return true;
}

void mailbox::note_idle(cell& who) {
  if (who.noted_idle_) return;
  who.noted_idle_ = true;
  idle_.emplace_back(&who);
}

void mailbox::note_served(cell& who) noexcept {
  serving_ -= who.serves_;
  who.serves_ = who.flights_.size();
  serving_ += who.serves_;
}

void mailbox::note_busy(cell& who) noexcept {
  if (!who.noted_idle_) return;
  std::erase(idle_, &who);
  who.noted_idle_ = false;
}

boost::intrusive_ptr<call> mailbox::find(const call_id& which) const {
  {
    const std::scoped_lock lock(mutex_);
    for (const queue* each : {&queue_, &home_, &outside_, &held_})
      for (const call& waits : *each)
        if (waits.id() == which) return const_cast<call*>(&waits);
  }
  for (const auto& each : servers())
    if (auto found = each->find(which)) return found;
  return nullptr;
}

std::vector<boost::intrusive_ptr<cell>> mailbox::servers() const {
  const std::scoped_lock lock(mutex_);
  return {members_.begin(), members_.end()};
}

void mailbox::join(cell& who) noexcept {
  const std::scoped_lock lock(mutex_);
  members_.push_back(&who);
  ++unparted_;
  idle_.reserve(members_.size());  // to note a cell as idle, or as one that wants to build, never allocates
  to_build_.reserve(members_.size());
}

void mailbox::broke(cell& who, const std::string& why) noexcept {
  bool last = false;
  {
    const std::scoped_lock lock(mutex_);
    std::erase(members_, &who);
    note_served(who);
    broken_why_ = why;
    last = members_.empty();
  }
  if (last) {
    refuse_queued(errc::broken, why);
  } else {
    for (queue* each : {&chores_, &home_, &outside_}) end_all(*each, errc::broken, why, who.number());
    refuse_cycles();
  }
}

// A child was admitted because of a cell that might have run it, and that cell is gone.
void mailbox::refuse_cycles() noexcept {
  std::vector<boost::intrusive_ptr<call>> stuck;
  {
    const auto family = lineage::lock();
    std::vector<boost::intrusive_ptr<call>> children;
    {
      const std::scoped_lock lock(mutex_);
      for (queue* from : {&queue_, &home_, &held_})
        for (call& each : *from) {
          const std::scoped_lock inner(each.mutex_);
          if (each.parent_ != nullptr && each.terms_.bound) children.emplace_back(&each);
        }
    }
    for (auto& each : children)
      if (lineage::would_wait_for_itself(*each->parent_, *this, each->terms().only_in))
        stuck.push_back(std::move(each));
  }
  for (const auto& each : stuck)
    if (remove(*each)) each->finish_unrun(errc::cycle, "every instance that could run the call waits for it");
}

void mailbox::parted() noexcept {
  assert(unparted_ > 0);
  if (--unparted_ > 0) return;
  world_.deadlines.disarm(first_timer_);
  deserted_.notify_all();
}

void mailbox::part(cell& who) noexcept {
  const std::scoped_lock lock(mutex_);
  std::erase(members_, &who);
  note_served(who);
  parted();
}

bool mailbox::may_build(cell& who, unsigned at_once) noexcept {
  const std::scoped_lock lock(mutex_);
  note_served(who);
  if (who.builds_) return true;
  if (building_ >= std::max(at_once, 1U)) {
    if (std::ranges::find(to_build_, &who, &boost::intrusive_ptr<cell>::get) == to_build_.end())
      to_build_.emplace_back(&who);
    return false;
  }
  std::erase(to_build_, &who);
  who.builds_ = true;
  ++building_;
  return true;
}

boost::intrusive_ptr<poller> mailbox::next_to_build() noexcept {
  if (to_build_.empty()) return std::move(spare_to_build_);
  boost::intrusive_ptr<poller> next = std::move(to_build_.front());
  to_build_.erase(to_build_.begin());
  return next;
}

void mailbox::built(cell& who) noexcept {
  boost::intrusive_ptr<poller> next;
  {
    const std::scoped_lock lock(mutex_);
    std::erase(to_build_, &who);
    if (std::exchange(who.builds_, false)) --building_;
    next = next_to_build();
  }
  if (next != nullptr) next->wake();
}

void mailbox::join(spares& /*who*/) noexcept {
  const std::scoped_lock lock(mutex_);
  ++unparted_;
}

void mailbox::part(spares& /*who*/) noexcept {
  boost::intrusive_ptr<spares> waited;  // released after the lock
  const std::scoped_lock lock(mutex_);
  waited.swap(spare_to_build_);
  parted();
}

bool mailbox::may_build(spares& who, unsigned at_once) noexcept {
  const std::scoped_lock lock(mutex_);
  if (members_.empty()) return false;  // nobody will ever take one
  if (building_ >= std::max(at_once, 1U) || !to_build_.empty()) {
    spare_to_build_.reset(&who);
    return false;
  }
  who.builds_ = true;
  ++building_;
  return true;
}

void mailbox::built(spares& who) noexcept {
  boost::intrusive_ptr<poller> next;
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(who.builds_, false)) --building_;
    next = next_to_build();
  }
  if (next != nullptr) next->wake();
}

bool mailbox::wait_deserted(duration limit) noexcept {
  std::unique_lock lock(mutex_);
  return deserted_.wait_for(lock, limit, [this] { return unparted_ == 0; });
}

bool mailbox::finished() const noexcept {
  const std::scoped_lock lock(mutex_);
  return over() && queue_.empty() && home_.empty() && outside_.empty() && chores_.empty();
}

bool mailbox::deserted() const noexcept {
  const std::scoped_lock lock(mutex_);
  return unparted_ == 0;
}

}  // namespace holdfast::core
