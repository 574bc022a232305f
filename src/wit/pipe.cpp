// SPDX-License-Identifier: Apache-2.0
#include "wit/pipe.hpp"

#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <utility>

#include "wit/describe.hpp"

namespace holdfast::wit {
namespace {

// Bytes that come in small parts are kept in parts of this size at least: each costs some.
constexpr std::size_t least_held = 1024;

// Whoever waited at an end until now, in place of whom `next` does where it has to wait; null only looks.
std::shared_ptr<sleeper> replaced(std::shared_ptr<sleeper>& waits, flow now,
                                  const std::shared_ptr<sleeper>& next) noexcept {
  if (now != flow::waiting) return std::exchange(waits, nullptr);
  return next != nullptr ? std::exchange(waits, next) : nullptr;
}

void wake(std::shared_ptr<sleeper> who) noexcept {
  if (who != nullptr) who->wake();
}

}  // namespace

flow pipe::room() const noexcept {
  if (left_ || ended_) return flow::ended;
  if (kind_ == kind::future) return written_ ? flow::ended : flow::open;
  return size_ < capacity_ ? flow::open : flow::waiting;
}

flow pipe::room(const std::shared_ptr<sleeper>& wakes) {
  std::shared_ptr<sleeper> before;  // its end is somebody else's code: after the lock
  const std::scoped_lock lock(mutex_);
  const flow now = room();
  before = replaced(writer_, now, wakes);
  return now;
}

std::size_t pipe::write(std::span<const std::byte> some) {
  std::shared_ptr<sleeper> waits;
  {
    const std::scoped_lock lock(mutex_);
    if (room() != flow::open) return 0;
    some = some.first(std::min(some.size(), capacity_ - size_));
    if (some.empty()) return 0;
    // Not to the first, which may be looked at.
    if (held_.size() > 1 && held_.back().size() < least_held) {
      held_.back().insert(held_.back().end(), some.begin(), some.end());
    } else {
      held_.emplace_back(some.begin(), some.end());
    }
    size_ += some.size();
    waits = std::exchange(reader_, nullptr);
  }
  wake(std::move(waits));
  return some.size();
}

void pipe::put(std::vector<std::byte> element) {
  std::shared_ptr<sleeper> waits;
  {
    const std::scoped_lock lock(mutex_);
    if (room() != flow::open) return;
    written_ = true;
    // One that takes no bytes takes some of the bound: there is no end of those.
    size_ += std::max<std::size_t>(element.size(), 1);
    held_.push_back(std::move(element));
    waits = std::exchange(reader_, nullptr);
  }
  wake(std::move(waits));
}

void pipe::end(bool lost) noexcept {
  std::shared_ptr<sleeper> reader;
  std::shared_ptr<sleeper> writer;
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(ended_, true)) return;
    lost_ = lost;
    reader = std::exchange(reader_, nullptr);
    writer = std::exchange(writer_, nullptr);
  }
  wake(std::move(reader));
  wake(std::move(writer));
}

flow pipe::filled(const std::shared_ptr<sleeper>& wakes) {
  std::shared_ptr<sleeper> before;  // as above
  const std::scoped_lock lock(mutex_);
  flow now = flow::waiting;
  if (left_) {
    now = flow::ended;
  } else if (!held_.empty()) {
    now = flow::open;
  } else if (ended_) {
    now = lost_ ? flow::lost : flow::ended;
  }
  before = replaced(reader_, now, wakes);
  return now;
}

std::span<const std::byte> pipe::front() const {
  const std::scoped_lock lock(mutex_);
  assert(!held_.empty());
  // The writer adds behind it, and that moves nothing.
  return std::span<const std::byte>(held_.front()).subspan(read_);
}

std::size_t pipe::read(std::span<std::byte> into) {
  std::shared_ptr<sleeper> waits;
  std::size_t size = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (held_.empty()) return 0;
    const auto first = std::span<const std::byte>(held_.front()).subspan(read_);
    size = std::min(first.size(), into.size());
    std::copy_n(first.begin(), size, into.begin());
    waits = popped(size);
  }
  wake(std::move(waits));
  return size;
}

std::optional<std::vector<std::byte>> pipe::next() {
  std::shared_ptr<sleeper> waits;
  std::optional<std::vector<std::byte>> element;
  {
    const std::scoped_lock lock(mutex_);
    if (held_.empty()) return std::nullopt;
    element = held_.front();
    waits = popped(0);
  }
  wake(std::move(waits));
  return element;
}

void pipe::pop(std::size_t bytes) {
  std::shared_ptr<sleeper> waits;
  {
    const std::scoped_lock lock(mutex_);
    if (held_.empty()) return;
    waits = popped(bytes);
  }
  wake(std::move(waits));
}

std::shared_ptr<sleeper> pipe::popped(std::size_t bytes) {
  if (form_ == form::elements) {
    size_ -= std::max<std::size_t>(held_.front().size(), 1);
    held_.pop_front();
  } else {
    read_ += bytes;
    size_ -= bytes;
    if (read_ == held_.front().size()) {
      held_.pop_front();
      read_ = 0;
    }
  }
  return size_ < capacity_ ? std::exchange(writer_, nullptr) : nullptr;
}

void pipe::leave() noexcept {
  std::shared_ptr<sleeper> reader;
  std::shared_ptr<sleeper> writer;
  std::deque<std::vector<std::byte>> unread;  // after the lock
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(left_, true)) return;
    held_.swap(unread);
    size_ = read_ = 0;
    reader = std::exchange(reader_, nullptr);
    writer = std::exchange(writer_, nullptr);
  }
  wake(std::move(reader));
  wake(std::move(writer));
}

namespace {

/// The ends among packed values, each under a number of its own.
struct numbered {
  std::mutex mutex;
  std::uint64_t last = 0;
  std::unordered_map<std::uint64_t, std::weak_ptr<reading_end>> arguments;
  std::unordered_map<std::uint64_t, std::shared_ptr<pipe>> results;
};

numbered& all() {
  static numbered here;
  return here;
}

}  // namespace

reading_end::~reading_end() {
  if (number_ != 0) {
    numbered& known = all();
    const std::scoped_lock lock(known.mutex);
    known.arguments.erase(number_);
  }
  if (from_ != nullptr) from_->leave();
}

std::shared_ptr<pipe> reading_end::take() noexcept {
  const std::scoped_lock lock(mutex_);
  return std::exchange(from_, nullptr);
}

std::shared_ptr<pipe> reading_end::look() const noexcept {
  const std::scoped_lock lock(mutex_);
  return from_;
}

bool reading_end::carries(const std::optional<type>& of) const {
  return fits_ != nullptr ? fits_(of) : of_ == of;
}

std::shared_ptr<reading_end> reading_end::pass(const std::shared_ptr<reading_end>& from, const type& as,
                                               std::string& why) {
  const auto refused = [&](std::string reason) {
    why = std::move(reason);
    return std::shared_ptr<reading_end>();
  };
  constexpr const char* nobody = "nobody can read from it: it was read or passed on before";
  const std::shared_ptr<pipe> there = from != nullptr ? from->look() : nullptr;
  if (there == nullptr) return refused(nobody);
  if (there->of() != as.kind())
    return refused("expected " + short_spelling(as) + ", got a " + std::string(to_string(there->of())));
  if (!from->carries(as.payload()))
    return refused("expected " + short_spelling(as) + ", got a " + std::string(to_string(there->of())) +
                   " of something else");
  auto argument = std::make_shared<reading_end>(nullptr, from->of_);
  argument->fits_ = from->fits_;
  argument->from_ = from->take();
  if (argument->from_ == nullptr) return refused(nobody);
  numbered& known = all();
  const std::scoped_lock lock(known.mutex);
  argument->number_ = ++known.last;
  known.arguments.emplace(argument->number_, argument);
  return argument;
}

std::shared_ptr<pipe> reading_end::take(std::uint64_t argument) noexcept {
  std::shared_ptr<reading_end> found;
  {
    numbered& known = all();
    const std::scoped_lock lock(known.mutex);
    if (const auto at = known.arguments.find(argument); at != known.arguments.end())
      found = at->second.lock();
  }
  return found != nullptr ? found->take() : nullptr;
}

std::uint64_t reading_end::bring(std::shared_ptr<pipe> from) {
  numbered& known = all();
  const std::scoped_lock lock(known.mutex);
  known.results.emplace(++known.last, std::move(from));
  return known.last;
}

std::shared_ptr<pipe> reading_end::claim(std::uint64_t result) noexcept {
  numbered& known = all();
  const std::scoped_lock lock(known.mutex);
  const auto at = known.results.find(result);
  if (at == known.results.end()) return nullptr;
  std::shared_ptr<pipe> found = std::move(at->second);
  known.results.erase(at);
  return found;
}

}  // namespace holdfast::wit
