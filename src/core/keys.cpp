// SPDX-License-Identifier: Apache-2.0
#include "core/keys.hpp"

#include <algorithm>

namespace holdfast::core {

keys::answer keys::look(const key_print& print, const request_hash& request, bool repeatable) const {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(print);
  if (found == entries_.end() || found->second.held->never_was()) return {};
  const entry& known = found->second;
  if (known.request != request)
    return {.refused = error(errc::key_conflict, "the key stands for another request")};
  const bool done = known.held->phase() == call_phase::done;
  if (done && repeatable && known.held->end().what != outcome::completed) return {.after = known.held};
  return {.joins = known.held};
}

boost::intrusive_ptr<call> keys::find(const call_id& id) const noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = ids_.find(id);
  return found != ids_.end() ? found->second->second.held : nullptr;
}

std::unique_lock<std::mutex> keys::claim(call& which, key_claim& with, std::optional<error>& refused) {
  std::unique_lock lock(mutex_);
  if (!take_place(which, with)) {
    with.taken = true;
    refused = error(errc::key_conflict, "another call stands for the key already");
    return {};
  }
  with.before = std::exchange(entries_.find(with.print)->second.held, &which);
  if (records_ == nullptr) return lock;
  if (with.recalled) {
    records_->take_room();
    return lock;
  }
  refused = records_->reserve();
  if (!refused) return lock;
  let_go(which, with);
  return {};
}

// False: it is another's.
bool keys::take_place(call& which, key_claim& with) {
  order node(1);
  const auto [found, fresh] = entries_.try_emplace(with.print);
  entry& known = found->second;
  if (fresh) {
    try {
      ids_.emplace(which.id(), &*found);
    } catch (...) {
      entries_.erase(found);
      throw;
    }
    known.place.splice(known.place.end(), node);
    known.at = known.place.begin();
    *known.at = &*found;
  } else if (known.held == with.after || known.held->never_was()) {
    forget_outcome(known);
    rename(known.held->id(), which.id());
  } else {
    return false;
  }
  known.request = with.request;
  return true;
}

void keys::rename(const call_id& from, const call_id& to) noexcept {
  auto node = ids_.extract(from);
  node.key() = to;
  ids_.insert(std::move(node));
}

void keys::unclaim(call& which, key_claim& with) noexcept {
  if (records_ != nullptr) records_->give_back();
  let_go(which, with);
}

void keys::let_go(call& which, key_claim& with) noexcept {
  const auto found = entries_.find(with.print);
  if (with.before == nullptr || with.before->never_was()) {
    take_out(found);
    return;
  }
  rename(which.id(), with.before->id());
  found->second.held = std::move(with.before);
  remember(found->second, weight(*found->second.held, found->second.held->end()));
  arm();
}

void keys::ended(call& which, const key_claim& with, const call_end& end) noexcept {
  leaving out;
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(with.print);
  if (found == entries_.end() || found->second.held != &which) return;
  if (with.nameless || effect_of(end.what) == effect::not_executed) {
    out.push_back(take_out(found));
    return;
  }
  const std::size_t bytes = weight(which, end);
  if (bytes > policy_.bytes) {  // one that is larger than all may be must not drive the others out
    out.push_back(take_out(found));
  } else {
    remember(found->second, bytes);
    keep_bounds(out);
    arm();
  }
  forget_records(out);
}

bool keys::recall(call& done, duration ago) {
  leaving out;
  const std::scoped_lock lock(mutex_);
  const std::size_t bytes = weight(done, done.end());
  if (ago >= policy_.time || bytes > policy_.bytes || !take_place(done, *done.key_claim_)) return false;
  entry& known = entries_.find(done.key_claim_->print)->second;
  known.held.reset(&done);
  remember(known, bytes, std::max(ago, duration::zero()));
  keep_bounds(out);
  forget_records(out);
  arm();
  return true;
}

std::size_t keys::weight(const call& which, const call_end& end) noexcept {
  return sizeof(entries::value_type) + sizeof(call) + sizeof(key_claim) + which.key().size() +
         end.value.size() + end.detail.size() + end.backtrace.size();
}

void keys::remember(entry& known, std::size_t bytes, duration ago) noexcept {
  known.bytes = bytes;
  known.until = later(world_.time.now(), policy_.time == no_limit ? no_limit : policy_.time - ago);
  bytes_ += bytes;
  outcomes_.splice(outcomes_.end(), known.place);
}

void keys::keep_bounds(leaving& out) noexcept {
  while (outcomes_.size() > policy_.count || bytes_ > policy_.bytes) out.push_back(take_out_first());
}

void keys::forget_records(const leaving& out) const noexcept {
  if (records_ == nullptr) return;
  for (const auto& each : out) records_->forgets(each.key(), each.mapped().held->id());
}

void keys::forget_outcome(entry& known) noexcept {
  if (known.bytes == 0) return;
  bytes_ -= std::exchange(known.bytes, 0);
  known.place.splice(known.place.end(), outcomes_, known.at);
}

keys::entries::node_type keys::take_out(entries::iterator which) noexcept {
  forget_outcome(which->second);
  ids_.erase(which->second.held->id());
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
  forget_records(out);
  arm();
}

void keys::close() noexcept {
  entries all;
  const std::scoped_lock lock(mutex_);
  world_.deadlines.disarm(expiry_);
  outcomes_.clear();
  ids_.clear();
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
