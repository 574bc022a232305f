// SPDX-License-Identifier: Apache-2.0
#include "core/workers.hpp"

#include <algorithm>
#include <bit>

namespace holdfast::core {
namespace {

constexpr std::size_t bits = 64;
// After so many turns of its own a worker looks whether others have one that waits.
constexpr unsigned own_turns = 16;

struct place {
  const workers* of = nullptr;
  std::size_t number = 0;
};
thread_local place at;

constexpr std::uint64_t bit_of(std::size_t number) noexcept { return std::uint64_t{1} << (number % bits); }

}  // namespace

workers::workers(unsigned count)
    : workers_(std::make_unique<worker[]>(std::max(count, 1U))),
      count_(std::max(count, 1U)),
      sleepers_(std::make_unique<std::atomic<std::uint64_t>[]>((count_ + bits - 1) / bits)) {
  try {
    for (std::size_t i = 0; i < count_; ++i) threads_.emplace_back([this, i] { work(i); });
  } catch (...) {
    end();  // those that did start
    throw;
  }
}

workers::~workers() { end(); }

void workers::end() noexcept {
  ending_ = true;
  while (const auto sleeper = claim_sleeper()) wake(*sleeper);
  threads_.clear();
}

workers::worker* workers::here() noexcept { return at.of == this ? &workers_[at.number] : nullptr; }

// Posting. Once the lock is released under which it was queued, the work may run and be the last thing before
// the end of this object: all that is told is told before.

void workers::post(task& work) noexcept {
  if (const auto sleeper = claim_sleeper()) {
    worker& to = workers_[*sleeper];
    const std::scoped_lock lock(to.mutex);
    to.queue.push_back(work);
    to.size.store(to.queue.size());
    wake(*sleeper);
    return;
  }
  worker* own = here();
  push(own != nullptr ? *own : workers_[turn_.fetch_add(1, std::memory_order_relaxed) % count_], work, true);
}

void workers::post_again(task& work) noexcept {
  worker* own = here();
  if (own == nullptr) return post(work);
  const std::size_t mine = own->size.load(std::memory_order_relaxed);
  if (mine > 0 && count_ > 1) {
    own->looked_at = (own->looked_at + 1) % count_;
    worker& other = workers_[own->looked_at];
    if (other.size.load(std::memory_order_relaxed) < mine) return push(other, work, true);
  }
  push(*own, work, mine > 0);
}

void workers::push(worker& to, task& work, bool wakes) noexcept {
  const std::scoped_lock lock(to.mutex);
  to.queue.push_back(work);
  to.size.store(to.queue.size());
  // One that lies down now looks for work after it has said so: one of the two sees the other.
  if (!wakes) return;
  if (const auto sleeper = claim_sleeper()) wake(*sleeper);
}

std::optional<std::size_t> workers::claim_sleeper() noexcept {
  for (std::size_t from = 0; from < count_; from += bits) {
    std::atomic<std::uint64_t>& some = sleepers_[from / bits];
    for (std::uint64_t seen = some.load(); seen != 0;) {
      const auto first = static_cast<std::size_t>(std::countr_zero(seen));
      if ((some.fetch_and(~bit_of(first)) & bit_of(first)) != 0) return from + first;
      seen = some.load();
    }
  }
  return std::nullopt;
}

void workers::wake(std::size_t number) noexcept {
  worker& sleeper = workers_[number];
  const std::scoped_lock lock(sleeper.sleeping);
  sleeper.awake = true;
  sleeper.woken.notify_one();
}

// Working.

task* workers::next_of(worker& from) noexcept {
  const std::scoped_lock lock(from.mutex);
  if (from.queue.empty()) return nullptr;
  task& next = from.queue.front();
  from.queue.pop_front();
  from.size.store(from.queue.size());
  return &next;
}

task* workers::next_of_others(worker& own) noexcept {
  // From another one each time: a neighbour that always has some must not hide the rest.
  const std::size_t first = ++own.looked_at;
  for (std::size_t i = 0; i < count_; ++i) {
    worker& other = workers_[(first + i) % count_];
    if (&other == &own || other.size.load() == 0) continue;
    if (task* const next = next_of(other)) return next;
  }
  return nullptr;
}

bool workers::something_waits() const noexcept {
  return std::any_of(&workers_[0], &workers_[0] + count_,
                     [](const worker& each) { return each.size.load() > 0; });
}

bool workers::sleep(std::size_t number) noexcept {
  if (ending_ && !something_waits()) return false;
  worker& own = workers_[number];
  std::atomic<std::uint64_t>& some = sleepers_[number / bits];
  std::unique_lock lock(own.sleeping);
  own.awake = false;
  some.fetch_or(bit_of(number));
  const bool waits = something_waits();
  if ((waits || ending_) && (some.fetch_and(~bit_of(number)) & bit_of(number)) != 0) return waits;
  own.woken.wait(lock, [&own] { return own.awake; });
  return true;
}

void workers::work(std::size_t number) noexcept {
  at = {this, number};
  worker& own = workers_[number];
  for (unsigned turn = 0;; ++turn) {
    task* next = turn % own_turns == own_turns - 1 ? next_of_others(own) : nullptr;
    if (next == nullptr) next = next_of(own);
    if (next == nullptr) next = next_of_others(own);
    if (next != nullptr) {
      next->run();
    } else if (!sleep(number)) {
      return;
    }
  }
}

}  // namespace holdfast::core
