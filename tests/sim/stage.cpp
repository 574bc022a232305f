// SPDX-License-Identifier: Apache-2.0
#include "sim/stage.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

extern "C" {
int __real_pthread_mutex_lock(pthread_mutex_t* which);
int __real_pthread_mutex_trylock(pthread_mutex_t* which);
int __real_pthread_mutex_unlock(pthread_mutex_t* which);

// What the linker gives core, and everything else in the program, in place of the system's.
int __wrap_pthread_mutex_lock(pthread_mutex_t* which) {
  auto* const on = holdfast::sim::stage::here();
  return on != nullptr ? on->lock(which) : __real_pthread_mutex_lock(which);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t* which) {
  auto* const on = holdfast::sim::stage::here();
  return on != nullptr ? on->unlock(which) : __real_pthread_mutex_unlock(which);
}
}

namespace holdfast::sim {
namespace {

thread_local stage* playing = nullptr;

/// Leaked, and known to be.
std::vector<fiber*>& abandoned() {
  static auto* const all = new std::vector<fiber*>;
  return *all;
}

}  // namespace

stage* stage::here() noexcept { return playing; }

stage::stage(choices& decide, grain how, std::uint64_t most_points)
    : decide_(decide), grain_(how), most_points_(most_points) {}

stage::~stage() {
  for (auto& one : roles_) {
    if (one->runs->ended()) {
      fiber_pool::of_this_thread().give_back(std::move(one->runs));
    } else {
      abandoned().push_back(one->runs.release());  // what lives on that stack can be neither used nor unwound
    }
  }
}

int stage::spawn(std::string name, std::function<void()> body) {
  const int number = static_cast<int>(roles_.size());
  auto made = std::make_unique<role>();
  made->number = number;
  made->name = std::move(name);
  made->runs = fiber_pool::of_this_thread().take();
  made->runs->assign([this, who = made.get(), body = std::move(body)] { play(*who, body); });
  live_.push_back(made.get());
  roles_.push_back(std::move(made));
  return number;
}

void stage::play(role& who, const std::function<void()>& body) {
  body();
  std::erase(live_, &who);
  role* const next = choose(false);
  current_ = next;
  who.runs->after = next != nullptr ? next->runs.get() : &outside_;
}

stage::ending stage::run(pastime& idle) {
  idle_ = &idle;
  ending_ = ending::all_ended;
  role* const first = choose(false);
  if (first != nullptr) {
    stage* const before = std::exchange(playing, this);
    current_ = first;
    fiber::change(outside_, *first->runs);
    playing = before;
    current_ = nullptr;
  }
  return ending_;
}

int stage::current() const noexcept { return current_ != nullptr ? current_->number : -1; }

const std::string& stage::name(int number) const {
  static const std::string nobody = "-";
  return number < 0 ? nobody : roles_[static_cast<std::size_t>(number)]->name;
}

std::string stage::waiting() const {
  std::string all;
  for (const role* one : live_) {
    if (!all.empty()) all += ", ";
    all += one->name;
    if (one->blocked_on != nullptr) all += " (for a lock)";
  }
  return all;
}

void stage::boundary() {
  if (choosing_ || current_ == nullptr || current_->quiet > 0) return;
  if (decide_.look_around()) give_turn(true);
}

void stage::point() {
  if (grain_ == grain::locks) boundary();
}

void stage::wait_for(ready_fn ready, void* what) {
  role& who = *current_;
  // The fiber that waits always gives the turn away first, as one that sleeps does, unless it must be quiet.
  if (who.quiet > 0 && ready(what)) return;
  who.ready = ready;
  who.ready_what = what;
  give_turn(false);
  who.ready = nullptr;
}

void stage::give_turn(bool may_stay) {
  role& from = *current_;
  role* const to = choose(may_stay);
  if (to == &from) return;
  current_ = to;
  fiber::change(*from.runs, to != nullptr ? *to->runs : outside_);
}

role* stage::choose(bool may_stay) {
  if (++points_ > most_points_) {
    ending_ = ending::runaway;
    return nullptr;
  }
  choosing_ = true;
  role* next = nullptr;
  for (;;) {
    candidates_.clear();
    numbers_.clear();
    if (may_stay) candidates_.push_back(current_);
    bool blocked = false;
    for (role* const one : live_) {
      if (may_stay && one == current_) continue;
      if (one->blocked_on != nullptr) {
        blocked = true;
        continue;
      }
      if (one->ready == nullptr || one->ready(one->ready_what)) candidates_.push_back(one);
    }
    if (!candidates_.empty()) {
      for (const role* one : candidates_) numbers_.push_back(one->number);
      next = candidates_[decide_.next(numbers_, may_stay)];
      break;
    }
    if (live_.empty()) break;
    if (blocked) {
      ending_ = ending::deadlock;
      break;
    }
    if (!idle_->pass()) {
      ending_ = ending::stuck;
      break;
    }
  }
  choosing_ = false;
  return next;
}

int stage::lock(pthread_mutex_t* which) {
  point();
  while (__real_pthread_mutex_trylock(which) == EBUSY) {
    current_->blocked_on = which;
    give_turn(false);
  }
  return 0;
}

int stage::unlock(pthread_mutex_t* which) {
  const int done = __real_pthread_mutex_unlock(which);
  for (role* const one : live_) {
    if (one->blocked_on == which) one->blocked_on = nullptr;
  }
  point();
  return done;
}

}  // namespace holdfast::sim
