// SPDX-License-Identifier: Apache-2.0
#include "core/parking.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace holdfast::core {

void parking::keep(call& which) {
  const std::scoped_lock lock(mutex_);
  order node(1);  // made first: nothing may fail once the call is known
  const auto [at, fresh] = calls_.try_emplace(which.id());
  assert(fresh);
  at->second.held.reset(&which);
  at->second.place = node.begin();
  *at->second.place = &*at;
  spare_.splice(spare_.end(), node);
}

void parking::settle(entries::value_type& which, state where) noexcept {
  entry& kept = which.second;
  order& from = kept.where == state::parked || kept.where == state::read ? order_of(kept) : spare_;
  kept.where = where;
  kept.until = later(world_.time.now(), policy_.time);
  order& to = order_of(kept);
  to.splice(to.end(), from, kept.place);
}

void parking::take_out(entries::iterator which, std::vector<leaving>& out) noexcept {
  entry& kept = which->second;
  const bool resting = kept.where == state::parked || kept.where == state::read;
  (resting ? order_of(kept) : spare_).erase(kept.place);
  if (resting) {
    bytes_ -= kept.bytes;
    --figures_.parked;
  }
  const bool dropped = kept.where == state::parked && kept.held->left();
  if (dropped) ++figures_.dropped;
  out.push_back({calls_.extract(which), dropped});
}

void parking::make_room(std::vector<leaving>& out) noexcept {
  while (figures_.parked > policy_.count || bytes_ > policy_.bytes) {
    order& oldest = !read_.empty() ? read_ : parked_;
    take_out(calls_.find(oldest.front()->first), out);
  }
}

void parking::arm() noexcept {
  time_point next = time_point::max();
  for (const order* each : {&parked_, &read_})
    if (!each->empty()) next = std::min(next, each->front()->second.until);
  world_.deadlines.arm(expiry_, next);
}

void parking::park(call& which) noexcept {
  std::vector<leaving> out;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = calls_.find(which.id());
    if (found == calls_.end()) return;  // read for the last time already
    entry& kept = found->second;
    const call_end& end = which.end();
    kept.bytes = sizeof(call) + sizeof(entry) + end.value.size() + end.detail.size() + end.backtrace.size();
    bytes_ += kept.bytes;
    ++figures_.parked;
    settle(*found, kept.where == state::read_early ? state::read : state::parked);
    make_room(out);
    arm();
  }
  world_.observe.on_parked(which.id(), which.end().value.size());
  release(out);
}

void parking::forget(call& which) noexcept {
  std::vector<leaving> out;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = calls_.find(which.id());
    if (found == calls_.end()) return;
    // No longer wanted is not dropped: whoever forgets has it.
    entry& kept = found->second;
    if (kept.where == state::parked) settle(*found, state::read);
    take_out(found, out);
    arm();
  }
  release(out);
}

boost::intrusive_ptr<call> parking::find(const call_id& id) const noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second.held;
}

void parking::claim(call& which, call::reading how) noexcept {
  std::vector<leaving> out;
  bool late = false;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = calls_.find(which.id());
    if (found == calls_.end()) return;
    entry& kept = found->second;
    late = which.left() && (kept.where == state::parked || kept.where == state::live);
    if (late) ++figures_.claimed;
    switch (kept.where) {
      case state::live:  // done, and not parked yet: `park` is on its way
      case state::read_early:
        kept.where = state::read_early;
        break;
      case state::parked:
      case state::read:
        settle(*found, state::read);
        break;
    }
    if (how == call::reading::last) take_out(found, out);
    arm();
  }
  if (late) world_.observe.on_claimed(which.id());
  release(out);
}

void parking::close() noexcept {
  std::vector<leaving> out;
  {
    const std::scoped_lock lock(mutex_);
    while (!calls_.empty()) take_out(calls_.begin(), out);
    world_.deadlines.disarm(expiry_);
  }
  release(out);
}

void parking::orphaned() noexcept {
  const std::scoped_lock lock(mutex_);
  ++figures_.orphans;
  ++figures_.orphaned;
}

void parking::orphan_ended(duration cost) noexcept {
  const std::scoped_lock lock(mutex_);
  --figures_.orphans;
  figures_.cost += cost;
}

orphan_figures parking::figures() const noexcept {
  const std::scoped_lock lock(mutex_);
  orphan_figures now = figures_;
  now.parked_bytes = bytes_;
  return now;
}

void parking::on_timer(timer&) noexcept {
  std::vector<leaving> out;
  {
    const std::scoped_lock lock(mutex_);
    const time_point now = world_.time.now();
    for (order* each : {&parked_, &read_})
      while (!each->empty() && each->front()->second.until <= now)
        take_out(calls_.find(each->front()->first), out);
    arm();
  }
  release(out);
}

void parking::release(std::vector<leaving>& out) noexcept {
  for (const leaving& each : out)
    if (each.dropped) world_.observe.on_dropped(each.node.key());
}

}  // namespace holdfast::core
