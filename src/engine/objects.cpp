// SPDX-License-Identifier: Apache-2.0
#include "engine/objects.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::bridge {

std::optional<std::uint32_t> kind_of(const object_kinds& kinds, std::type_index type) noexcept {
  const auto found = std::ranges::find(kinds, type);
  if (found == kinds.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - kinds.begin());
}

std::optional<std::uint32_t> objects::insert(std::shared_ptr<void> object) {
  const std::scoped_lock lock(mutex_);
  if (closed_ || slots_.size() - free_.size() >= limit_) return std::nullopt;
  if (free_.empty()) {
    if (slots_.size() == slots_.capacity()) slots_.reserve(std::max<std::size_t>(8, 2 * slots_.size()));
    free_.reserve(slots_.capacity());
    slots_.push_back(std::move(object));
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t number = free_.back();
  free_.pop_back();
  slots_[number] = std::move(object);
  return number;
}

std::shared_ptr<void> objects::find(std::uint32_t number) const {
  const std::scoped_lock lock(mutex_);
  return number < slots_.size() ? slots_[number] : nullptr;
}

void objects::erase(std::uint32_t number) noexcept {
  std::shared_ptr<void> gone;  // after the lock: its destructor is the embedder's
  const std::scoped_lock lock(mutex_);
  if (number >= slots_.size() || slots_[number] == nullptr) return;
  gone = std::move(slots_[number]);
  free_.push_back(number);
}

void objects::close() noexcept {
  std::vector<std::shared_ptr<void>> gone;  // after the lock
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  gone.swap(slots_);
  free_.clear();
}

std::size_t objects::size() const {
  const std::scoped_lock lock(mutex_);
  return slots_.size() - free_.size();
}

}  // namespace holdfast::bridge
