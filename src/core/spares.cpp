// SPDX-License-Identifier: Apache-2.0
#include "core/spares.hpp"

#include <utility>

#include "core/backoff.hpp"
#include "core/cell.hpp"
#include "core/driving.hpp"
#include "core/lineage.hpp"
#include "core/mailbox.hpp"

namespace holdfast::core {

// What the waker of a guest that changes hands points to.
class spares::place final : public poller {
 public:
  explicit place(spares& of) noexcept : to_(&of) {}

  void wake() noexcept override {
    boost::intrusive_ptr<poller> now;
    {
      const std::scoped_lock lock(mutex_);
      now = to_;
    }
    now->wake();
  }

  void move_to(boost::intrusive_ptr<poller> other) noexcept {
    const std::scoped_lock lock(mutex_);
    to_.swap(other);  // the guest's maker keeps who had it: this is not its last reference
  }

 private:
  void on_timer(timer& /*fired*/) noexcept override {}

  std::mutex mutex_;
  boost::intrusive_ptr<poller> to_;
};

spares::spares(const environment& world, boost::intrusive_ptr<mailbox> of, guest_maker& maker,
               rebuild_policy policy) noexcept
    : world_(world), mailbox_(std::move(of)), maker_(maker), policy_(policy) {
  ready_.reserve(policy_.spares);
}

spares::~spares() = default;

void spares::open() noexcept {
  mailbox_->join(*this);
  wake();
}

// Who drives.

void spares::wake() noexcept {
  if (turn_.wake()) post();
}

void spares::post() noexcept {
  intrusive_ptr_add_ref(static_cast<shared_object*>(this));  // the queue's, taken over by `run`
  world_.run.post(*this);
}

void spares::run() noexcept {
  const boost::intrusive_ptr<spares> self(this, false);
  turn_.begin();
  bool more = false;
  {
    const driving_mark mark;
    more = step();
  }
  if (gone_) {
    turn_.end();
    mailbox_->part(*this);  // the last act: now the world may go
    return;
  }
  if (turn_.leave(more)) post();  // behind all that waits for a worker
}

// What others tell, and take.

void spares::on_timer(timer& fired) noexcept {
  if (&fired == &retry_timer_) {
    signals_.fetch_or(due);
  } else {
    // One that fired for the build before this one finds its time moved.
    const time_point now = world_.time.now();
    const std::scoped_lock lock(mutex_);
    if (built_.what == nullptr || now < build_due_) return;
    signals_.fetch_or(expired);
    built_.what->interrupt();
  }
  wake();
}

std::unique_ptr<guest> spares::take(boost::intrusive_ptr<poller> who, const home& where) noexcept {
  kept given;
  {
    const std::scoped_lock lock(mutex_);
    if (raised(closing) || ready_.empty()) return nullptr;
    given = std::move(ready_.back());
    ready_.pop_back();
    given.what->move_in(where);  // in one step, so that never more are told to be spare than may be
  }
  given.in->move_to(std::move(who));
  world_.observe.on_spare_taken(where.cell, where.generation);
  wake();  // for the one that takes its place
  return std::move(given.what);
}

void spares::close() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    signals_.fetch_or(closing);
    if (built_.what != nullptr) built_.what->interrupt();
  }
  wake();
}

std::size_t spares::ready() const noexcept {
  const std::scoped_lock lock(mutex_);
  return ready_.size();
}

// The driver.

bool spares::step() noexcept {
  if (raised(closing)) {
    let_go();
    return false;
  }
  if (backing_off_) {
    if (!raised(due)) return false;
    signals_.fetch_and(~due);
    backing_off_ = false;
  }
  if (built_.what == nullptr) {
    if (ready() >= policy_.spares || !mailbox_->may_build(*this, policy_.at_once)) return false;
    begin();
  }
  const bool too_late = raised(expired);
  switch (built_.what->poll()) {
    case guest_state::answered:  // of a build there is no result
    case guest_state::pending:
      if (too_late) {
        failed({.code = errc::cannot_instantiate, .message = "the instantiation took too long"});
      } else if (!std::exchange(timed_, true)) {
        world_.deadlines.arm(build_timer_, build_due_);
      }
      return false;
    case guest_state::failed:
      failed(built_.what->take_fault());
      return false;
    case guest_state::ready:
      finish();
      return true;
  }
  return false;
}

void spares::begin() noexcept {
  signals_.fetch_and(~expired);
  const boost::intrusive_ptr<place> in(new place(*this));
  kept begun{.what = maker_.make(in, home{}), .in = in};
  const std::scoped_lock lock(mutex_);
  build_due_ = later(world_.time.now(), policy_.build_limit);
  built_ = std::move(begun);
}

spares::kept spares::forget_build() noexcept {
  if (std::exchange(timed_, false)) world_.deadlines.disarm(build_timer_);
  const std::scoped_lock lock(mutex_);
  return std::exchange(built_, {});
}

void spares::finish() noexcept {
  failures_ = 0;
  kept made = forget_build();
  // Before it can be taken, so that the two are told in order.
  world_.observe.on_spare_ready();
  {
    const std::scoped_lock lock(mutex_);
    ready_.push_back(std::move(made));
  }
  mailbox_->built(*this);  // a cell that waits for its turn to build finds this one instead
}

void spares::failed(const fault& why) noexcept {
  {
    const on_behalf nobody(nullptr);
    forget_build();  // it goes here, without the lock
  }
  mailbox_->built(*this);
  world_.observe.on_spare_failed(why.code, why.message);
  backing_off_ = true;
  world_.deadlines.arm(
      retry_timer_, later(world_.time.now(), backoff(policy_.base, policy_.max, ++failures_, world_.random)));
}

void spares::let_go() noexcept {
  world_.deadlines.disarm(retry_timer_);
  std::vector<kept> all;
  {
    const on_behalf nobody(nullptr);
    forget_build();
    {
      const std::scoped_lock lock(mutex_);
      all.swap(ready_);
    }
    all.clear();
  }
  mailbox_->built(*this);
  gone_ = true;
}

}  // namespace holdfast::core
