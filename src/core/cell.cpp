// SPDX-License-Identifier: Apache-2.0
#include "core/cell.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/backoff.hpp"
#include "core/driving.hpp"
#include "core/fate.hpp"
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
           rebuild_policy policy, std::uint32_t number, boost::intrusive_ptr<spares> ahead) noexcept
    : world_(world),
      mailbox_(std::move(serves)),
      maker_(maker),
      policy_(policy),
      number_(number),
      spares_(std::move(ahead)) {}

cell::~cell() = default;

void cell::open() noexcept {
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
      if (current_ != nullptr) continue;
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
    if (more && current_ != nullptr) more = step();
    more = wind_up(more);
  }
  return more;
}

bool cell::wind_up(bool more) noexcept {
  if (!more || current_ != nullptr || tail_) return more;
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

boost::intrusive_ptr<call> cell::runs() const noexcept {
  const std::scoped_lock lock(mutex_);
  return current_;
}

void cell::stop(call& which, unsigned attempt, errc why) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (current_.get() != &which || attempt_ != attempt || stop_why_) return;
    ask(why);
  }
  wake();
}

void cell::ask(errc why) noexcept {
  stop_why_ = why;
  const duration grace = current_->terms().grace;
  if (grace > duration::zero()) {
    raise(stop_asked);
    stop_due_ = later(world_.time.now(), grace);
    world_.deadlines.arm(stop_timer_, stop_due_);
  } else {
    raise(stop_asked | cut);
    if (guest_ != nullptr) guest_->interrupt();  // null: it is being destroyed, and the call ends so
  }
}

void cell::watch(time_point stop_at) noexcept {
  if (stop_at >= limit_due_) return;
  limit_due_ = stop_at;
  world_.deadlines.arm(limit_timer_, stop_at);
}

void cell::on_timer(timer& fired) noexcept {
  if (&fired == &retry_timer_) {
    raise(rebuild_due);
  } else if (&fired == &limit_timer_) {
    const time_point now = world_.time.now();
    const std::scoped_lock lock(mutex_);
    limit_due_ = time_point::max();
    if ((current_ == nullptr && !tail_) || stop_why_) return;
    if (const time_point stop_at = tail_ ? tail_due_ : current_->stop_at(); now < stop_at) {
      watch(stop_at);
      return;
    }
    if (tail_) {
      raise(cut);
      guest_->interrupt();
    } else {
      ask(errc::deadline_killed);
    }
  } else {
    // One that fired for the call or the build before this one finds its time moved.
    const time_point now = world_.time.now();
    const std::scoped_lock lock(mutex_);
    if (&fired == &stop_timer_) {
      if (current_ == nullptr || !stop_why_ || now < stop_due_) return;
      raise(cut);
    } else {
      if (!building_ || now < build_due_) return;
      raise(build_expired);
    }
    if (guest_ != nullptr) guest_->interrupt();
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
    if (current_ != nullptr) {
      if (!stop_why_) ask(errc::killed);
    } else if (building_) {
      guest_->interrupt();
    }  // else it is idle, or runs the first slice of a call that nobody knows yet: `show` sees the signal
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
    tail_ = false;
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
  // Only an instance that is whole can be old, and one whose resources somebody holds is not replaced.
  return (calls_left_ == 0 || (policy_.retire_growth != 0 && guest_->memory() >= memory_left_)) &&
         guest_->held() == 0 && !raised(drain_asked | close_asked);
}

void cell::retire() noexcept {
  world_.observe.on_retired(number_, generation_.load());
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

bool cell::take_next() noexcept {
  mailbox::taken got = mailbox_->take(*this);
  if (got.next == nullptr) {
    if (got.closed && raised(drain_asked)) {
      finish_closing();
    } else {
      move_to(or_draining(cell_state::idle));
    }
    return false;
  }
  call& next = *got.next;
  const std::uint64_t generation = generation_.load();
  std::optional<error> never;
  request attempt;
  {
    // One step for all who might stop it: from here on the call runs here, and a stop finds it current.
    const std::scoped_lock lock(mutex_);
    if (const auto& only = next.terms().only_in; only && only->generation != generation) {
      never = error(errc::bad_arguments, "the instance that issued the handle is gone");
    } else if (raised(close_asked)) {
      never = error(errc::draining, "the pool was drained before the call could begin");
    } else if (const auto ended = next.begin(this)) {
      never = error(*ended);
    } else {
      attempt = next.attempt();
      current_ = got.next;
      attempt_ = attempt.attempt;
      watch(attempt.stop_at);
    }
  }
  if (!never) {
    // Without the lock: it checks all arguments, and whoever fires deadlines must not wait for that.
    never = guest_->start(attempt);
    if (never) {
      forget_call();
      next.unbegin();
    } else if (raised(cut)) {
      // A stop that came before or during the start; the start may have forgotten its interrupt.
      const std::scoped_lock lock(mutex_);
      guest_->interrupt();
    }
  }
  if (never) {
    next.finish_unrun(static_cast<errc>(never->code.value()), std::move(never->detail));
    return true;
  }
  served_ = !next.terms().only_in;
  if (!next.terms().chore) world_.observe.on_started(next.id(), number_, generation);
  move_to(or_draining(cell_state::running));
  return true;
}

bool cell::step_call() noexcept {
  if (tail_) return step_tail();
  if (current_ == nullptr) {
    if (!raised(close_asked)) return take_next();
    finish_closing();
    return false;
  }
  if (raised(stop_asked) && state_.load() != cell_state::stopping) {
    move_to(cell_state::stopping);
    tell();
    const on_behalf nobody(nullptr);  // whoever is driven here is a stranger to what this thread may work for
    guest_->ask_to_stop();  // here, not in `stop`: it runs the embedder's callbacks, which must meet no lock
  }
  // Read before the poll: a guest that was told to stop gets one more slice, in which a running one faults
  // with its backtrace. One that is still pending then waits in the host and is cut with its store.
  const bool cutting = raised(cut);
  return settle(guest_->poll(), cutting);
}

bool cell::settle(guest_state seen, bool cutting) noexcept {
  call_end end;
  fault why;
  switch (seen) {
    case guest_state::ready:
      end.what = outcome::completed;
      end.value = guest_->take_result();
      complete(std::move(end));
      if (calls_left_ > 0) --calls_left_;
      if (is_old()) retire();
      return true;
    case guest_state::answered:
      end.what = outcome::completed;
      end.value = guest_->take_result();
      begin_tail();
      complete(std::move(end));
      if (calls_left_ > 0) --calls_left_;
      return true;
    case guest_state::failed:
      why = guest_->take_fault();
      break;
    case guest_state::pending:
      if (!cutting) return false;
      why = {.code = errc::killed, .message = "stopped while it waited in the host"};
      break;
  }
  if (why.code == errc::killed || why.code == errc::host_failed) {
    // A host function that gives up because it was asked to is the stop's doing, not a failure of its own.
    const std::scoped_lock lock(mutex_);
    why.code = stop_why_.value_or(why.code);
  }
  end.what = outcome_of(why.code);
  if (end.what == outcome::refused) {  // An internal error and the like: the guest may have run.
    why.code = errc::host_failed;
    end.what = outcome::host_failed;
  }
  end.code = why.code;
  end.detail = why.message;
  end.backtrace = why.backtrace;
  static_assert(fate_of(errc::trapped) == fate::rebuild && fate_of(errc::host_failed) == fate::rebuild);
  // The store first, with all that still works for the call: it reads the call's arguments, and nobody is
  // told of an end, nor a next attempt begun, while there is any of it left.
  if (fate_of(why.code) == fate::rebuild) replace_guest(nullptr);
  complete(std::move(end));
  if (fate_of(why.code) == fate::rebuild) spoil(why);
  return true;
}

// A task may go on after its result. It has the time that its call had, and then the instance goes.
void cell::begin_tail() noexcept {
  const std::scoped_lock lock(mutex_);
  tail_ = true;
  tail_due_ = current_->stop_at();
  watch(tail_due_);
}

bool cell::step_tail() noexcept {
  if (raised(close_asked)) {
    finish_closing();
    return false;
  }
  const bool cutting = raised(cut);  // as for a call: a guest that runs gets one more slice, to fault in
  const guest_state now = guest_->poll();
  if (now != guest_state::ready && now != guest_state::failed && !cutting) return false;
  fault why{.code = errc::deadline_killed, .message = "it went on for too long after its result"};
  if (now == guest_state::failed) {
    if (fault told = guest_->take_fault(); told.code != errc::killed) why = std::move(told);
  }
  {
    const std::scoped_lock lock(mutex_);
    tail_ = false;  // no timer raises the cut from here on
    lower(cut);
  }
  world_.observe.on_tail(number_, generation_.load(), now == guest_state::ready);
  if (now == guest_state::ready) {
    if (is_old()) retire();
  } else {
    replace_guest(nullptr);
    spoil(why);
  }
  return true;
}

boost::intrusive_ptr<call> cell::forget_call() noexcept {
  const std::scoped_lock lock(mutex_);
  if (stop_why_) {
    world_.deadlines.disarm(stop_timer_);
    stop_why_.reset();
    lower(stop_asked | cut);
  }
  return std::move(current_);
}

void cell::complete(call_end end) noexcept {
  const boost::intrusive_ptr<call> ended = forget_call();
  end.cell = number_;
  end.generation = generation_.load();
  untold told = ended->attempt_ended(std::move(end));
  if (tells_later_) {
    untold_.push_back(std::move(told));
  } else {
    told.tell();
  }
}

void cell::tell() noexcept {
  for (const untold& each : untold_) each.tell();
  untold_.clear();
}

void cell::spoil(const fault& why) noexcept {
  world_.observe.on_fault(number_, generation_.load(), why.code, why.message);
  move_to(cell_state::rebuilding);
  generation_.fetch_add(1);
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
