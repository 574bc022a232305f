// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <utility>

#include "core/backoff.hpp"
#include "core/cell.hpp"

// How a cell comes by its instance, and when it gives one up that is whole.
namespace holdfast::core {

bool cell::step_build() noexcept {
  if (raised(close_asked)) {
    finish_closing();
    return false;
  }
  if (backing_off_) {
    const bool wanted = !raised(drain_asked) || !mailbox_->finished();
    if (wanted && !raised(rebuild_due)) return false;
    lower(rebuild_due);
    backing_off_ = false;
  }
  std::optional<time_point> begun_at;
  if (guest_ == nullptr) {
    if (raised(drain_asked) && mailbox_->finished()) {  // nobody waits for this instance any more
      finish_closing();
      return false;
    }
    if (take_spare()) return true;
    if (!mailbox_->may_build(*this, policy_.at_once)) return false;
    lower(build_expired);
    begun_at = world_.time.now();
    replace_guest(maker_.make(this, {number_, generation_.load()}), later(*begun_at, policy_.build_limit));
  }
  const bool expired = raised(build_expired);
  switch (guest_->poll()) {
    case guest_state::answered:
    case guest_state::pending:
      if (begun_at) world_.deadlines.arm(build_timer_, build_due_);  // most are built in their first slice
      if (!expired) return false;
      return build_failed({.code = errc::cannot_instantiate, .message = "the instantiation took too long"});
    case guest_state::failed:
      return build_failed(guest_->take_fault());
    case guest_state::ready:
      break;
  }
  {
    const std::scoped_lock lock(mutex_);
    building_ = false;
  }
  if (begun_at) {
    built_in_ = world_.time.now() - *begun_at;
  } else {
    built_in_ = duration::max();
    world_.deadlines.disarm(build_timer_);
  }
  grow_up();
  return true;
}

bool cell::take_spare() noexcept {
  if (spares_ == nullptr) return false;
  auto ready = spares_->take(this, {number_, generation_.load()});
  if (ready == nullptr) return false;
  {
    const std::scoped_lock lock(mutex_);
    guest_ = std::move(ready);
  }
  grow_up();
  return true;
}

void cell::grow_up() noexcept {
  mailbox_->built(*this);  // one that has a spare may have waited for its turn to build
  failures_ = 0;
  state_lost_ = guest_->lost_state();
  parted_ = false;
  // Each instance draws its own age, so that those that were built together do not go together.
  const auto drawn = [this](std::uint64_t most) {
    if (most == 0) return std::numeric_limits<std::uint64_t>::max();
    return most - world_.random.next() % (most / 5 + 1);
  };
  calls_left_ = drawn(policy_.retire_calls);
  const std::uint64_t growth = drawn(policy_.retire_growth);
  const std::uint64_t now = guest_->memory();
  memory_left_ = growth > std::numeric_limits<std::uint64_t>::max() - now ? growth : now + growth;
  move_to(or_draining(cell_state::idle));
}

bool cell::is_old() const noexcept {
  // One whose resources somebody holds is not replaced.
  return (calls_left_ == 0 || (policy_.retire_growth != 0 && guest_->memory() >= memory_left_)) &&
         guest_->held() == 0 && !raised(drain_asked | close_asked);
}

void cell::retire() noexcept {
  if (is_shut()) {
    world_.observe.on_fault(number_, generation_.load(), errc::trapped,
                            "it holds back all calls and has nothing to do that could end that");
  } else {
    world_.observe.on_retired(number_, generation_.load());
  }
  seek_no_more();
  replace_guest(nullptr);
  move_to(cell_state::rebuilding);
  generation_.fetch_add(1);
}

bool cell::build_failed(const fault& why) noexcept {
  world_.deadlines.disarm(build_timer_);
  lower(build_expired);
  world_.observe.on_fault(number_, generation_.load(), why.code, why.message);
  replace_guest(nullptr);
  mailbox_->built(*this);
  ++failures_;
  if (policy_.give_up_after != 0 && failures_ >= policy_.give_up_after) {
    move_to(cell_state::broken);
    mailbox_->broke(*this, why.message);
    return raised(close_asked | drain_asked);
  }
  move_to(cell_state::rebuilding);
  const duration wait = backoff(policy_.base, policy_.max, failures_, world_.random);
  backing_off_ = true;
  world_.deadlines.arm(retry_timer_, later(world_.time.now(), wait));
  return false;
}

}  // namespace holdfast::core
