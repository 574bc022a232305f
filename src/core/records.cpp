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
  ++count_;
  return std::nullopt;
}

void records::give_back() noexcept {
  const std::scoped_lock lock(mutex_);
  --count_;
}

void records::enqueue(record_slot& which, record_slot::note what) noexcept {
  if (std::exchange(which.queued_, what) != record_slot::note::nothing)
    return;  // the latest alone is written
  intrusive_ptr_add_ref(which.of_);
  queue_.push_back(which);
  if (queue_.size() == 1) wake();
}

void records::starts(record_slot& which, bool awaited) noexcept {
  const std::scoped_lock lock(mutex_);
  enqueue(which, awaited ? record_slot::note::awaited_start : record_slot::note::started);
}

void records::ends(record_slot& which) noexcept {
  const std::scoped_lock lock(mutex_);
  enqueue(which, record_slot::note::ended);
}

void records::withdraws(record_slot& which, const key_print& key) noexcept {
  const std::scoped_lock lock(mutex_);
  --count_;
  dequeue(which);
  if (!which.written_) return;
  erasures_.push_back({key, which.of_->id()});
  wake();
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
    const bool ended = slot.queued_ == record_slot::note::ended;
    weight += ended ? slot.of_->end().value.size() : slot.of_->bytes();
    if (!next.items.empty() && weight > bytes) break;
    queue_.pop_front();
    slot.written_ = true;
    next.items.push_back({.of = boost::intrusive_ptr<call>(slot.of_, false),
                          .ended = ended,
                          .awaited = std::exchange(slot.queued_, record_slot::note::nothing) ==
                                     record_slot::note::awaited_start});
  }
  if (!next.empty()) ++writing_;
  return next;
}

void records::kept(batch&& what) noexcept {
  if (what.empty()) return;
  {
    const std::scoped_lock lock(mutex_);
    count_ -= static_cast<std::size_t>(std::ranges::count(what.items, true, &item::ended));
    stuck_ = false;
  }
  for (const item& each : what.items) {
    if (each.ended) {
      each.of->publish().tell();
    } else if (each.awaited) {
      each.of->noted();
    }
  }
  const std::scoped_lock lock(mutex_);
  --writing_;
}

void records::lost(batch&& what) noexcept {
  for (const item& each : what.items)
    if (each.ended) each.of->lose_end();
  kept({.erasures = std::move(what.erasures), .items = std::move(what.items)});
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
