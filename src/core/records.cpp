// SPDX-License-Identifier: Apache-2.0
#include "core/records.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/call.hpp"
#include "core/mailbox.hpp"

namespace holdfast::core {

std::optional<error> records::reserve() noexcept {
  const std::scoped_lock lock(mutex_);
  if (stuck_) return error(errc::journal_full, "the journal's disk is full: no call with a key is accepted");
  if (count_ >= most_)
    return error(errc::queue_full,
                 "the journal is behind: " + std::to_string(count_) + " calls with keys are under way");
  if (bytes_ > most_bytes_)
    return error(errc::queue_full,
                 "the journal is behind: results of " + std::to_string(bytes_) + " bytes wait for it");
  ++count_;
  return std::nullopt;
}

void records::take_room() noexcept {
  const std::scoped_lock lock(mutex_);
  ++count_;
}

void records::give_back() noexcept {
  const std::scoped_lock lock(mutex_);
  --count_;
}

void records::enqueue(record_slot& which, record_slot::note what) noexcept {
  const bool queued = std::exchange(which.queued_, what) != record_slot::note::nothing;
  // The latest alone is written, and ends in the order in which they came: what one has left in its actor has
  // what those before it did.
  if (queued) queue_.erase(queue_.iterator_to(which));
  if (!queued) intrusive_ptr_add_ref(which.of_);
  which.place_ = ++places_;
  queue_.push_back(which);
  if (queue_.size() == 1 && !queued) wake();
}

std::uint64_t records::last_place() const noexcept {
  const std::scoped_lock lock(mutex_);
  return places_;
}

std::uint64_t records::taken_to() const noexcept {
  const std::scoped_lock lock(mutex_);
  return queue_.empty() ? places_ : queue_.front().place_ - 1;
}

void records::starts(record_slot& which, bool awaited) noexcept {
  const std::scoped_lock lock(mutex_);
  if (!closed_) enqueue(which, awaited ? record_slot::note::awaited_start : record_slot::note::started);
}

bool records::ends(record_slot& which) noexcept {
  const std::scoped_lock lock(mutex_);
  if (closed_) {
    --count_;
    return false;
  }
  which.bytes_ = which.of_->end_to_keep().value.size() + which.of_->state_bytes();
  bytes_ += which.bytes_;
  enqueue(which, record_slot::note::ended);
  return true;
}

bool records::withdraws(record_slot& which) noexcept {
  const std::scoped_lock lock(mutex_);
  if (which.written_ && !closed_) {
    enqueue(which, record_slot::note::withdrawn);
    return true;
  }
  --count_;
  dequeue(which);
  return false;
}

void records::leaves(record_slot& which) noexcept {
  const std::scoped_lock lock(mutex_);
  --count_;
  dequeue(which);
}

void records::dequeue(record_slot& which) noexcept {
  if (std::exchange(which.queued_, record_slot::note::nothing) == record_slot::note::nothing) return;
  queue_.erase(queue_.iterator_to(which));
  intrusive_ptr_release(which.of_);  // whoever ends the call holds it too
}

void records::forgets(const key_print& key, const call_id& which) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  erasures_.push_back({key, which});
  wake();
}

records::batch records::take(std::size_t most, std::size_t bytes) {
  batch next;
  const std::scoped_lock lock(mutex_);
  const auto last = erasures_.begin() + static_cast<std::ptrdiff_t>(std::min(most, erasures_.size()));
  next.erasures.assign(erasures_.begin(), last);
  next.items.reserve(std::min(most, queue_.size()));
  erasures_.erase(erasures_.begin(), last);
  std::size_t weight = 0;
  while (!queue_.empty() && next.items.size() < most) {
    record_slot& slot = queue_.front();
    weight += slot.queued_ == record_slot::note::ended ? slot.bytes_ : slot.of_->bytes();
    if (!next.items.empty() && weight > bytes) break;
    queue_.pop_front();
    slot.written_ = true;
    const record_slot::note what = std::exchange(slot.queued_, record_slot::note::nothing);
    next.items.push_back({.of = boost::intrusive_ptr<call>(slot.of_, false),
                          .ended = what == record_slot::note::ended,
                          .awaited = what == record_slot::note::awaited_start,
                          .withdrawn = what == record_slot::note::withdrawn});
  }
  if (!next.empty()) ++writing_;
  return next;
}

void records::kept(batch&& what) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    stuck_ = false;  // also where what was kept was no call's
    if (what.empty()) return;
    for (const item& each : what.items) {
      if (!each.ended && !each.withdrawn) continue;
      --count_;
      bytes_ -= std::exchange(each.of->slot().bytes_, 0);
    }
  }
  for (const item& each : what.items) {
    if (each.ended || each.withdrawn) {
      each.of->publish().tell();
    } else if (each.awaited) {
      each.of->noted();
    }
  }
  const std::scoped_lock lock(mutex_);
  --writing_;
}

void records::lose(batch&& what) noexcept {
  for (const item& each : what.items)
    if (each.ended || each.withdrawn) each.of->lose_end();
  // What only starts has nobody who waits for it here.
  std::erase_if(what.items, [](const item& each) { return !each.ended && !each.withdrawn; });
  if (!what.items.empty()) return kept({.items = std::move(what.items)});
  const std::scoped_lock lock(mutex_);
  --writing_;
}

void records::close(batch&& what) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    erasures_.clear();
  }
  if (!what.empty()) lose(std::move(what));
  for (;;) {
    batch next = take(256, std::size_t{1} << 30);
    if (next.empty()) return;
    lose(std::move(next));
  }
}

void records::stuck() noexcept {
  const std::scoped_lock lock(mutex_);
  stuck_ = true;
}

bool records::idle() const noexcept {
  const std::scoped_lock lock(mutex_);
  return queue_.empty() && erasures_.empty() && writing_ == 0;
}

std::size_t records::count() const noexcept {
  const std::scoped_lock lock(mutex_);
  return count_;
}

}  // namespace holdfast::core
