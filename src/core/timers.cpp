// SPDX-License-Identifier: Apache-2.0
#include "core/timers.hpp"

#include "core/driving.hpp"
#include "core/lineage.hpp"

namespace holdfast::core {

timers::~timers() {
  for (timer* left : heap_) {
    left->place_ = timer::not_armed;
    intrusive_ptr_release(&left->owner_);
  }
}

void timers::place(std::size_t index, timer* what) noexcept {
  heap_[index] = what;
  what->place_ = index;
}

void timers::sift_up(std::size_t index) noexcept {
  timer* const moving = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (heap_[parent]->at_ <= moving->at_) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, moving);
}

void timers::sift_down(std::size_t index) noexcept {
  timer* const moving = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->at_ < heap_[child]->at_) ++child;
    if (moving->at_ <= heap_[child]->at_) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, moving);
}

void timers::remove(std::size_t index) noexcept {
  heap_[index]->place_ = timer::not_armed;
  timer* const last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  place(index, last);
  sift_up(index);
  sift_down(last->place_);
}

void timers::arm(timer& what, time_point at) noexcept {
  if (at == time_point::max()) {
    disarm(what);
    return;
  }
  const std::scoped_lock lock(mutex_);
  what.at_ = at;
  if (what.place_ == timer::not_armed) {
    intrusive_ptr_add_ref(&what.owner_);
    heap_.push_back(&what);
    sift_up(heap_.size() - 1);
  } else {
    sift_up(what.place_);
    sift_down(what.place_);
  }
}

bool timers::disarm(timer& what) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (what.place_ == timer::not_armed) return false;
    remove(what.place_);
  }
  intrusive_ptr_release(&what.owner_);  // Never the last: the caller holds the owner too.
  return true;
}

void timers::advance(time_point now) noexcept {
  const driving_mark mark;          // a guest that ran on this thread could not be stopped by a deadline
  const on_behalf nobody(nullptr);  // what is due has nothing to do with a call that this thread works for
  for (;;) {
    timer* due = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      if (heap_.empty() || heap_.front()->at_ > now) return;
      due = heap_.front();
      remove(0);
    }
    const boost::intrusive_ptr<shared_object> owner(&due->owner_, false);  // the reference that arming took
    owner->on_timer(*due);
  }
}

time_point timers::next() const noexcept {
  const std::scoped_lock lock(mutex_);
  return heap_.empty() ? time_point::max() : heap_.front()->at_;
}

}  // namespace holdfast::core
