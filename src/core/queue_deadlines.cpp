// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "core/cell.hpp"
#include "core/mailbox.hpp"

// The deadlines of the calls that wait. Most calls begin long before theirs: until the first deadline among
// them comes, they are watched by one timer together, and a call's admission and its start touch no timer.
// Those that still wait then get timers of their own.
namespace holdfast::core {
namespace {

constexpr int calls_a_hold = 8;  // that are looked at before the lock is given back, and ended after it

}  // namespace

// First come, first served: it would begin after all that wait, and it has to be done by then as well, beside
// as many as are served now. To let it wait would take the place of one that can still be in time.
std::optional<error> mailbox::lateness(const call& request, time_point now) {
  if (queue_.empty() || request.terms().only_in) return std::nullopt;
  pace_.forget_old(now);
  const time_point deadline = std::min(request.terms().deadline, later(now, request.terms().time_limit));
  duration wait = pace_.of(queue_.size() + std::max<std::size_t>(serving_, 1), now);
  wait += wait / 8;  // at the average half of those that are admitted would come too late
  if (wait == duration::zero() || later(now, wait) <= deadline) return std::nullopt;
  const auto ms = [](duration of) { return std::to_string(of / std::chrono::milliseconds(1)) + " ms"; };
  return error(errc::deadline_too_close,
               "the queue is too slow for the deadline: " + std::to_string(queue_.size()) +
                   " calls wait, which may take " + ms(wait) + ", and it is " + ms(deadline - now) + " away");
}

void mailbox::watch(call& queued) noexcept {
  if (queued.timed_) return;  // it backed off, and has kept its timer
  if (unwatched_ == nullptr) unwatched_ = &queued;
  const time_point at = queued.terms().deadline;
  if (at >= first_deadline_) return;
  first_deadline_ = at;
  world_.deadlines.arm(first_timer_, at);
}

void mailbox::watch_alone(call& request) noexcept {
  if (std::exchange(request.timed_, true)) return;
  world_.deadlines.arm(request.deadline_, request.terms().deadline);
}

void mailbox::unwatch(call& queued) noexcept {
  if (unwatched_ != &queued) return;
  const auto next = std::next(queue_.iterator_to(queued));
  unwatched_ = next != queue_.end() ? &*next : nullptr;
}

void mailbox::on_timer(timer& /*first*/) noexcept {
  const time_point now = world_.time.now();
  {
    const std::scoped_lock lock(mutex_);
    first_deadline_ = time_point::max();
  }
  // All of them in this one beat; who would queue another or take one has the lock in between.
  for (bool more = true; more;) {
    queue expired;
    {
      const std::scoped_lock lock(mutex_);
      for (int left = calls_a_hold; left > 0 && unwatched_ != nullptr; --left) {
        call& each = *unwatched_;
        unwatch(each);
        if (each.timed_) continue;
        if (each.terms().deadline > now) {
          watch_alone(each);
        } else {
          unlink(each);
          expired.push_back(each);
        }
      }
      more = unwatched_ != nullptr;
    }
    while (!expired.empty()) {
      const boost::intrusive_ptr<call> next(&expired.front(), false);  // the reference that the queue had
      expired.pop_front();
      next->finish_unrun(errc::expired_in_queue);
    }
  }
}

}  // namespace holdfast::core
