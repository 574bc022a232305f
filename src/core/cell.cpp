// SPDX-License-Identifier: Apache-2.0
#include "core/cell.hpp"

#include <cassert>
#include <utility>

#include "core/driving.hpp"
#include "core/lineage.hpp"

namespace holdfast::core {
namespace {

// When a cell that has work goes to the back of the workers' queue, so that its neighbours get their turn.
constexpr int slice_steps = 64;
constexpr duration slice_length = std::chrono::milliseconds(2);
// A worker tells of so many calls together, where each takes no longer than that: to wake those who wait
// costs more than such a call. One that follows them and takes longer keeps them waiting for its slice at
// most, never for the end of an instance.
constexpr std::size_t told_at_once = 8;
constexpr duration brief_call = std::chrono::microseconds(10);
// An instance that was built in so short a time is built on the thread that found its forerunner spent:
// waking another would take longer. A caller's answer may wait for it.
constexpr duration brief_build = std::chrono::microseconds(100);

[[maybe_unused]] constexpr bool allowed(cell_state from, cell_state to) noexcept {
  using enum cell_state;
  switch (from) {
    case building:
      return to == idle || to == rebuilding || to == broken || to == draining || to == closed;
    case idle:
      return to == running || to == draining || to == closed;
    case running:
      return to == idle || to == stopping || to == rebuilding || to == draining || to == closed;
    case stopping:
      return to == idle || to == running || to == rebuilding || to == draining || to == closed;
    case rebuilding:
      return to == idle || to == broken || to == draining || to == closed;
    case broken:
      return to == closed;
    case draining:
      return to == stopping || to == rebuilding || to == closed;
    case closed:
      return false;
  }
  return false;
}

}  // namespace

cell::cell(const environment& world, boost::intrusive_ptr<mailbox> serves, guest_maker& maker,
           rebuild_policy policy, std::uint32_t number, boost::intrusive_ptr<spares> ahead,
           sharing_policy sharing) noexcept
    : world_(world),
      mailbox_(std::move(serves)),
      maker_(maker),
      policy_(policy),
      number_(number),
      spares_(std::move(ahead)),
      sharing_(sharing) {}

cell::~cell() = default;

void cell::open() noexcept {
  if (world_.watched) world_.observe.on_cell_opened(number_, mailbox_->place());
  mailbox_->join(*this);
  wake();
}

// Who drives.

void cell::wake() noexcept {
  if (turn_.wake()) post();
}

void cell::post(bool again) noexcept {
  intrusive_ptr_add_ref(this);  // the queue's, taken over by `run`
  if (again) {
    world_.run.post_again(*this);
  } else {
    world_.run.post(*this);
  }
}

void cell::run() noexcept {
  const boost::intrusive_ptr<cell> self(this, false);
  turn_.begin();
  drive_once(true);
}

bool cell::dispatch() noexcept {
  if (driving_mark::here() || !turn_.take()) return false;
  const boost::intrusive_ptr<cell> self(this);
  drive_once(false);
  return true;
}

void cell::drive_once(bool by_worker) noexcept { leave(drive_slice(by_worker), by_worker); }

void cell::leave(bool more, bool by_worker) noexcept {
  if (state_.load() == cell_state::closed) {
    turn_.end();
    mailbox_->part(*this);  // the last act: now the world may go
    return;
  }
  if (turn_.leave(more)) post(by_worker);
}

bool cell::drive_slice(bool by_worker) noexcept {
  const driving_mark mark;
  bool more = step();
  if (by_worker) {
    time_point last = world_.time.now();
    const time_point end = later(last, slice_length);
    for (int steps = 1; more && steps < slice_steps; ++steps) {
      more = step();
      if (!flights_.empty() && !shares()) continue;
      const time_point now = world_.time.now();
      if (now >= end) break;
      tells_later_ = now - last < brief_call;
      last = now;
      if (!more || !tells_later_ || untold_.size() >= told_at_once) {
        tell();
        last = world_.time.now();
      }
    }
    tells_later_ = false;
    tell();
  } else {
    // A caller's thread runs one slice of one call, its own as a rule: what else waits is the workers'.
    if (more && !flights_.empty()) more = step();
    more = wind_up(more);
  }
  return more;
}

bool cell::wind_up(bool more) noexcept {
  if (!more || !is_idle()) return more;
  // Its next instance is built here if that is sooner done than told to a worker, or is there. That holds
  // after a fault too: whoever waits for this thread has its answer sooner than if it woke another first.
  if (state_.load() == cell_state::rebuilding) {
    const on_behalf nobody(nullptr);
    if (built_in_ > brief_build && (spares_ == nullptr || spares_->ready() == 0)) return true;
    if (!step()) return false;
  }
  const cell_state now = state_.load();
  return (now != cell_state::running && now != cell_state::idle) || !rest();
}

// What others tell.

void cell::on_timer(timer& fired) noexcept {
  if (&fired == &retry_timer_) {
    raise(rebuild_due);
  } else {
    const std::scoped_lock lock(mutex_);
    if (&fired == &limit_timer_) {
      if (!on_limit()) return;
    } else {
      if (&fired == &stop_timer_) {
        if (!on_grace()) return;
      } else {
        // One that fired for the build before this one finds its time moved.
        if (!building_ || world_.time.now() < build_due_) return;
        raise(build_expired);
      }
      if (guest_ != nullptr) guest_->interrupt();
    }
  }
  wake();
}

void cell::drain() noexcept {
  raise(drain_asked);
  wake();
}

void cell::close() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    raise(drain_asked | close_asked);
    for (flight& each : flights_)
      if (!each.stop_why) ask(each, errc::killed);
    if (building_) guest_->interrupt();
    // Else it is idle, or runs the first slice of a call that nobody knows yet: `show` sees the signal.
  }
  wake();
}

// The driver.

void cell::move_to(cell_state next) noexcept {
  const cell_state from = state_.load();
  if (from == next) return;
  assert(allowed(from, next));
  // Release: its driver alone writes it; who drives next has it by way of `drive_`.
  state_.store(next, std::memory_order_release);
  using enum cell_state;
  if (!world_.watched && ((from == idle && next == running) || (from == running && next == idle))) return;
  world_.observe.on_cell(number_, generation_.load(), from, next);
}

void cell::replace_guest(std::unique_ptr<guest> next, time_point build_due) noexcept {
  tell();  // first: the end of a guest runs what the embedder has bound to it
  const on_behalf nobody(nullptr);
  {
    const std::scoped_lock lock(mutex_);
    build_due_ = build_due;
    unquiet_ = false;
    lower(cut | hush);
    guest_.swap(next);
    building_ = guest_ != nullptr;
  }
  // The old one goes here, store and call together, without the lock.
}

bool cell::rest() noexcept {
  if (!mailbox_->rest(*this)) return false;
  move_to(cell_state::idle);
  return true;
}

bool cell::step() noexcept {
  switch (state_.load()) {
    case cell_state::building:
    case cell_state::rebuilding:
      return step_build();
    case cell_state::idle:
    case cell_state::running:
    case cell_state::stopping:
    case cell_state::draining:
      return step_call();
    case cell_state::broken:
      if (raised(close_asked | drain_asked)) finish_closing();
      return false;
    case cell_state::closed:
      return false;
  }
  return false;
}

void cell::finish_closing() noexcept {
  world_.deadlines.disarm(build_timer_);
  world_.deadlines.disarm(retry_timer_);
  world_.deadlines.disarm(stop_timer_);
  world_.deadlines.disarm(limit_timer_);
  replace_guest(nullptr);
  mailbox_->built(*this);
  move_to(cell_state::closed);
}

}  // namespace holdfast::core
