// SPDX-License-Identifier: Apache-2.0
#include "core/mailbox.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/cell.hpp"

namespace holdfast::core {

std::optional<error> mailbox::admit(const boost::intrusive_ptr<call>& request, start how) {
  const std::size_t weight = request->bytes();
  boost::intrusive_ptr<cell> server;
  std::optional<error> refused;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) {
      refused = error(errc::draining);
    } else if (broken_members_ > 0 && broken_members_ >= members_) {
      refused = error(errc::broken, broken_why_);
    } else if (weight > limits_.call_bytes) {
      refused =
          error(errc::limit, "the arguments are " + std::to_string(weight) +
                                 " bytes, the limit for one call is " + std::to_string(limits_.call_bytes));
    } else if (queue_.size() >= limits_.depth) {
      refused =
          error(errc::queue_full, "the queue is full: " + std::to_string(queue_.size()) + " calls wait");
    } else if (weight > limits_.bytes - bytes_) {
      refused = error(errc::queue_full,
                      "the queue is full: " + std::to_string(bytes_) + " bytes of arguments wait");
    } else {
      // Everything another thread may look at is set before the call can be seen.
      request->mailbox_.reset(this);
      world_.observe.on_accepted(request->id());
      intrusive_ptr_add_ref(request.get());
      queue_.push_back(*request);
      bytes_ += weight;
      world_.deadlines.arm(request->deadline_, request->terms().deadline);
      if (!idle_.empty()) {
        server = std::move(idle_.back());
        idle_.pop_back();
        server->noted_idle_ = false;
      }
    }
  }
  if (refused) {
    world_.observe.on_refused(static_cast<errc>(refused->code.value()));
  } else if (server != nullptr) {
    if (how == start::post || !server->dispatch()) server->wake();
  }
  return refused;
}

void mailbox::close() noexcept {
  std::vector<boost::intrusive_ptr<cell>> released;  // after the lock: a cell's end may be the mailbox's too
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  released.swap(idle_);
  for (const auto& server : released) server->noted_idle_ = false;
}

bool mailbox::unlink(call& request) noexcept {
  if (!request.is_linked()) return false;
  queue_.erase(queue_.iterator_to(request));
  bytes_ -= request.bytes();
  return true;
}

void mailbox::refuse_queued(errc why, const std::string& detail) noexcept {
  for (;;) {
    boost::intrusive_ptr<call> next;
    {
      const std::scoped_lock lock(mutex_);
      if (queue_.empty()) return;
      next.reset(&queue_.front(), false);
      unlink(*next);
    }
    next->finish_unrun(why, detail);
  }
}

bool mailbox::remove(call& request) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (!unlink(request)) return false;
  }
  intrusive_ptr_release(&request);  // the queue's reference; the caller holds another
  return true;
}

bool mailbox::remove_unwanted(call& request) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    const std::scoped_lock inner(request.mutex_);
    if (!request.waiters_.empty() || !unlink(request)) return false;
  }
  intrusive_ptr_release(&request);
  return true;
}

mailbox::withdrawn mailbox::withdraw(call& request, waiter& who) noexcept {
  boost::intrusive_ptr<waiter> left;  // released after the locks
  {
    const std::scoped_lock lock(mutex_);
    const std::scoped_lock inner(request.mutex_);
    if (!request.is_linked() || request.end_.attempts > 0) return withdrawn::no;
    const auto found = std::ranges::find(request.waiters_, &who, &boost::intrusive_ptr<waiter>::get);
    if (found == request.waiters_.end()) return withdrawn::no;
    left = std::move(*found);
    request.waiters_.erase(found);
    if (!request.terms_.bound || !request.waiters_.empty()) return withdrawn::waiter;
    unlink(request);
  }
  intrusive_ptr_release(&request);
  return withdrawn::call;
}

std::size_t mailbox::depth() const noexcept {
  const std::scoped_lock lock(mutex_);
  return queue_.size();
}

std::size_t mailbox::bytes() const noexcept {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

mailbox::taken mailbox::take(cell& who) {
  const std::scoped_lock lock(mutex_);
  if (!queue_.empty()) {
    boost::intrusive_ptr<call> next(&queue_.front(), false);
    unlink(*next);
    // Woken by something else than an admission, it is still noted: a busy cell must not be taken for an idle
    // one.
    if (who.noted_idle_) {
      std::erase(idle_, &who);
      who.noted_idle_ = false;
    }
    return {.next = std::move(next), .closed = false};
  }
  if (closed_) return {.next = nullptr, .closed = true};
  note_idle(who);
  return {};
}

bool mailbox::rest(cell& who) {
  const std::scoped_lock lock(mutex_);
  if (!queue_.empty() || closed_) return false;
  note_idle(who);
  return true;
}

void mailbox::note_idle(cell& who) {
  if (who.noted_idle_) return;
  who.noted_idle_ = true;
  idle_.emplace_back(&who);
}

void mailbox::join() noexcept {
  const std::scoped_lock lock(mutex_);
  ++members_;
  idle_.reserve(members_);  // to note a cell as idle never allocates
}

void mailbox::broke(const std::string& why) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    ++broken_members_;
    broken_why_ = why;
    if (broken_members_ < members_) return;
  }
  refuse_queued(errc::broken, why);
}

void mailbox::part() noexcept {
  const std::scoped_lock lock(mutex_);
  assert(members_ > 0);
  if (--members_ == 0) deserted_.notify_all();
}

bool mailbox::wait_deserted(duration limit) noexcept {
  std::unique_lock lock(mutex_);
  return deserted_.wait_for(lock, limit, [this] { return members_ == 0; });
}

bool mailbox::finished() const noexcept {
  const std::scoped_lock lock(mutex_);
  return closed_ && queue_.empty();
}

bool mailbox::deserted() const noexcept {
  const std::scoped_lock lock(mutex_);
  return members_ == 0;
}

}  // namespace holdfast::core
