// SPDX-License-Identifier: Apache-2.0
#include "core/keys.hpp"

#include <functional>
#include <utility>

namespace holdfast::core {

std::size_t keys::name_hash::operator()(const key_name& name) const noexcept {
  const std::hash<std::string> hash;
  std::size_t all = hash(name.key);
  for (const std::string* each : {&name.scope, &name.function})
    all ^= hash(*each) + 0x9e3779b97f4a7c15U + (all << 6) + (all >> 2);
  return all;
}

keys::answer keys::look(const key_name& name, const request_hash& request, bool repeatable) const {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second.held->never_was()) return {};
  const entry& known = found->second;
  if (known.request != request)
    return {.refused = error(errc::key_conflict, "the key stands for another request")};
  const bool done = known.held->phase() == call_phase::done;
  if (done && repeatable && known.held->end().what != outcome::completed) return {.after = known.held};
  return {.joins = known.held};
}

std::unique_lock<std::mutex> keys::claim(call& which, key_claim& with) {
  std::unique_lock lock(mutex_);
  const auto [found, fresh] = entries_.try_emplace(with.name);
  entry& known = found->second;
  if (fresh) {
    try {
      known.place.push_back(&*found);
    } catch (...) {
      entries_.erase(found);
      throw;
    }
    known.at = known.place.begin();
  } else if (known.held == with.after || known.held->never_was()) {
    forget_outcome(known);
  } else {
    with.taken = true;
    return {};
  }
  with.before = std::move(known.held);
  known.held.reset(&which);
  known.request = with.request;
  return lock;
}

void keys::unclaim(key_claim& with) noexcept {
  const auto found = entries_.find(with.name);
  if (with.before == nullptr || with.before->never_was()) {
    entries_.erase(found);
    return;
  }
  found->second.held = std::move(with.before);
  remember(found->second, weight(with.name, found->second.held->end()));
  arm();
}

void keys::ended(call& which, const key_claim& with, const call_end& end) noexcept {
  leaving out;
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(with.name);
  if (found == entries_.end() || found->second.held != &which) return;
  const std::size_t bytes = weight(with.name, end);
  // One that is larger than all may be must not drive the others out.
  if (effect_of(end.what) == effect::not_executed || bytes > policy_.bytes) {
    out.push_back(take_out(found));
    return;
  }
  remember(found->second, bytes);
  while (outcomes_.size() > policy_.count || bytes_ > policy_.bytes) out.push_back(take_out_first());
  arm();
}

std::size_t keys::weight(const key_name& name, const call_end& end) noexcept {
  // The name stands here and in the call.
  return sizeof(entries::value_type) + sizeof(call) + sizeof(key_claim) +
         2 * (name.scope.size() + name.function.size() + name.key.size()) + end.value.size() +
         end.detail.size() + end.backtrace.size();
}

void keys::remember(entry& known, std::size_t bytes) noexcept {
  known.bytes = bytes;
  known.until = later(world_.time.now(), policy_.time);
  bytes_ += bytes;
  outcomes_.splice(outcomes_.end(), known.place);
}

void keys::forget_outcome(entry& known) noexcept {
  if (known.bytes == 0) return;
  bytes_ -= std::exchange(known.bytes, 0);
  known.place.splice(known.place.end(), outcomes_, known.at);
}

keys::entries::node_type keys::take_out(entries::iterator which) noexcept {
  forget_outcome(which->second);
  return entries_.extract(which);
}

keys::entries::node_type keys::take_out_first() noexcept {
  return take_out(entries_.find(outcomes_.front()->first));
}

void keys::arm() noexcept {
  world_.deadlines.arm(expiry_, outcomes_.empty() ? time_point::max() : outcomes_.front()->second.until);
}

void keys::on_timer(timer& /*fired*/) noexcept {
  leaving out;
  const std::scoped_lock lock(mutex_);
  const time_point now = world_.time.now();
  while (!outcomes_.empty() && outcomes_.front()->second.until <= now) out.push_back(take_out_first());
  arm();
}

void keys::close() noexcept {
  entries all;
  const std::scoped_lock lock(mutex_);
  world_.deadlines.disarm(expiry_);
  outcomes_.clear();
  all.swap(entries_);
  bytes_ = 0;
}

std::size_t keys::count() const noexcept {
  const std::scoped_lock lock(mutex_);
  return outcomes_.size();
}

std::size_t keys::bytes() const noexcept {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

}  // namespace holdfast::core
