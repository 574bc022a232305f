// SPDX-License-Identifier: Apache-2.0
#include "sim/guest.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/lineage.hpp"
#include "sim/callers.hpp"

namespace holdfast::sim {

using core::guest_state;
using kind = guest_plan::kind;

namespace {

core::buffer packed(std::uint64_t value) {
  auto* bytes = new std::byte[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  return {bytes, sizeof(value), sizeof(value),
          [](std::byte* data, std::size_t, std::size_t) noexcept { delete[] data; }};
}

}  // namespace

sim_call::sim_call(world& in, int number, int plan_index, core::call_terms terms)
    : core::call(in.env, call_id{in.next(), static_cast<std::uint64_t>(number)},
                 function_of(in.planned.calls[static_cast<std::size_t>(plan_index)]), terms),
      in_(in),
      words_{number, plan_index} {
  ++in_.calls_alive;
}

sim_call::~sim_call() { --in_.calls_alive; }

std::uint64_t sim_call::value(int call, int cell, std::uint64_t generation) noexcept {
  return static_cast<std::uint64_t>(call) * 1'000'000 + generation * 1'000 + static_cast<std::uint64_t>(cell);
}

std::unique_ptr<core::guest> sim_maker::make(boost::intrusive_ptr<core::poller> owner,
                                             const core::home& where) noexcept {
  auto& pool = in_.pools[static_cast<std::size_t>(pool_)];
  const pool_plan& how = in_.planned.pools[static_cast<std::size_t>(pool_)];
  const std::size_t index = pool.built++;
  const build_plan build = index < how.builds.size() ? how.builds[index] : build_plan{};
  return std::make_unique<sim_guest>(in_, std::move(owner), where, pool_, build, how);
}

sim_guest::sim_guest(world& in, boost::intrusive_ptr<core::poller> owner, const core::home& where, int pool,
                     build_plan build, const pool_plan& planned)
    : in_(in),
      owner_(std::move(owner)),
      where_(where),
      number_of_pool_(pool),
      build_(build),
      pool_(planned),
      build_left_(build.slices) {
  ++in_.guests_alive;
  if (is_spare()) spare_ = in_.next_spare++;
  in_.note(about(seen::guest_made));
}

sim_guest::~sim_guest() {
  in_.on.point();
  for (const flight& each : flights_)
    if (each.host != nullptr) each.host->guest_gone = true;
  --in_.guests_alive;
  in_.note(about(seen::guest_gone));
}

event sim_guest::about(seen what, int call) const {
  return {.what = what,
          .call = call,
          .cell = is_spare() ? -1 : static_cast<int>(where_.cell),
          .pool = is_spare() ? number_of_pool_ : -1,
          .generation = where_.generation,
          .number = is_spare() ? spare_ : 0};
}

void sim_guest::move_in(const core::home& where) noexcept {
  event moved = about(seen::spare_moved);
  where_ = where;
  moved.cell = static_cast<int>(where.cell);
  moved.generation = where.generation;
  in_.note(moved);
}

guest_state sim_guest::poll() {
  in_.note(about(seen::guest_polled));
  in_.on.boundary();
  const guest_state now = go_on();
  in_.note(about(seen::guest_rested));
  return now;
}

bool sim_guest::is_alone(std::uint32_t function) const noexcept { return function == alone_function; }

std::optional<error> sim_guest::start(const core::request& what) {
  in_.on.point();
  std::array<std::int64_t, 2> words{};
  if (what.arguments.size() != sizeof(words) || (what.of == nullptr) == (what.unseen == nullptr) || !ready_ ||
      lost_ || (!flights_.empty() && !shares()))
    return error(errc::internal, "not the request that was sent");
  std::memcpy(words.data(), what.arguments.data(), sizeof(words));
  flight begun;
  begun.number = static_cast<int>(words[0]);
  begun.known_as = what.number;
  begun.planned = &in_.planned.calls[static_cast<std::size_t>(words[1])];
  begun.does = what.attempt <= begun.planned->guest.spoils_first ? kind::trap : begun.planned->guest.what;
  if (what.function != function_of(*begun.planned)) return error(errc::internal, "another function");
  if (flights_.empty()) interrupted_ = false;
  if (begun.does == kind::unsuitable) return error(errc::bad_arguments, "a handle of another instance");
  begun.call.reset(what.of);
  begun.unseen = what.unseen;
  flights_.push_back(std::move(begun));
  return std::nullopt;
}

void sim_guest::known_as(core::call& which) noexcept {
  for (flight& each : flights_) {
    if (each.unseen == nullptr) continue;
    each.call.reset(&which);
    each.unseen = nullptr;
  }
}

core::buffer sim_guest::take_result() { return std::move(next_answer()->value); }

std::optional<core::answer> sim_guest::next_answer() {
  if (answers_.empty()) return std::nullopt;
  core::answer next = std::move(answers_.front());
  answers_.erase(answers_.begin());
  return next;
}

void sim_guest::ask_to_stop(std::uint64_t number) noexcept {
  for (flight& each : flights_) {
    if (each.known_as != number) continue;
    each.asked = true;
    in_.note(about(seen::guest_asked, each.number));
  }
  in_.on.point();
}

sim_guest::step sim_guest::yield_slice(const flight& which) {
  const event woken = about(seen::woken);
  if (which.planned->guest.woken_elsewhere) {
    ++in_.callers;
    in_.on.spawn("waker of call " + std::to_string(which.number),
                 [&in = in_, owner = owner_, woken]() mutable {
                   in.on.boundary();
                   in.wake(*owner, woken);
                   owner.reset();
                   --in.callers;
                 });
  } else {
    in_.wake(*owner_, woken);  // as an epoch yield does
  }
  return step::holds;
}

guest_state sim_guest::go_on() {
  if (!ready_) return build();
  // One that has the instance is driven alone; else each as far as it comes.
  const std::size_t count = flights_.size();
  const std::size_t first = count != 0 ? next_++ % count : 0;
  for (std::size_t i = 0; i < count && !lost_; ++i) {
    flight& each = flights_[(first + i) % count];
    if (holder_ != 0 && each.known_as != holder_) continue;
    if (!each.entered && held_back(each)) continue;
    take_up(each, drive(each));
  }
  std::erase_if(flights_, [](const flight& each) { return each.planned == nullptr; });
  if (lost_) {
    if (!answers_.empty()) return guest_state::answered;
    for (flight& each : flights_) each.call.reset();
    in_.note(failed_);
    return guest_state::failed;
  }
  look_whether_open();
  if (flights_.empty()) return guest_state::ready;
  return answers_.empty() ? guest_state::pending : guest_state::answered;
}

void sim_guest::take_up(flight& which, step came_to) {
  holder_ = came_to == step::holds ? which.known_as : 0;
  switch (came_to) {
    case step::waits:
    case step::holds:
      return;
    case step::fails:
      lost_ = true;
      return;
    case step::answers:
    case step::ends:
      if (!which.tail) answers_.push_back({which.known_as, packed(which.value)});
      which.tail = came_to == step::answers;
      if (came_to == step::ends) which.planned = nullptr;
      return;
  }
}

bool sim_guest::held_back(const flight& which) const noexcept {
  return std::ranges::any_of(flights_, [&](const flight& each) {
    return &each != &which && each.planned != nullptr && each.entered && !each.tail &&
           (each.planned->guest.holds_back || each.planned->guest.alone) && shares();
  });
}

void sim_guest::look_whether_open() {
  const bool shut = holder_ != 0 || (shares() && std::ranges::any_of(flights_, [](const flight& each) {
                                       return each.entered && !each.tail && each.planned->guest.holds_back;
                                     }));
  if (std::exchange(shut_, shut) == shut || is_spare()) return;
  in_.note(about(shut ? seen::guest_shut : seen::guest_open));
}

void sim_guest::enter(flight& which) {
  which.entered = true;
  which.left = which.planned->guest.slices;
  event in = about(seen::entered, which.number);
  in.number = static_cast<std::uint64_t>(which.number);
  in_.note(in);
  if (!which.planned->guest.late_wake) return;
  ++in_.callers;
  in_.on.spawn("late waker of call " + std::to_string(which.number), [&in = in_, owner = owner_]() mutable {
    in.sleep(std::chrono::milliseconds(25));
    owner->wake();
    owner.reset();
    --in.callers;
  });
}

sim_guest::step sim_guest::drive(flight& which) {
  if (which.tail) return go_on_after(which);
  if (!which.entered) enter(which);
  if (which.host != nullptr) {
    const bool keeps = shares() && which.planned->guest.keeps;
    if (!which.host->answered && !(which.asked && which.planned->guest.heeds))
      return keeps ? step::holds : step::waits;
    if (keeps && which.call != nullptr) which.call->keep_instance(false);
    which.host->guest_gone = true;  // a later answer is nobody's
    which.host.reset();
    return give_back(which);
  }
  if (interrupted_) return lose(which, errc::killed);
  if (which.left > 0) {
    --which.left;
    return yield_slice(which);
  }
  switch (which.does) {
    case kind::give_back:
    case kind::unsuitable:
      return give_back(which);
    case kind::trap:
      return lose(which, errc::trapped);
    case kind::host_fails:
      return lose(which, errc::host_failed);
    case kind::loop:
      in_.spin(owner_, about(seen::woken));
      return step::holds;
    case kind::host_later:
    case kind::host_never:
    case kind::host_calls:
    case kind::host_sends:
      return call_host(which);
  }
  return give_back(which);
}

guest_state sim_guest::build() {
  if (build_left_ > 0) {
    --build_left_;
    in_.wake(*owner_, about(seen::woken));
    return guest_state::pending;
  }
  const auto fails = [this] {
    fault_ = {.code = errc::cannot_instantiate, .message = "as planned"};
    event lost = about(seen::guest_failed);
    lost.code = static_cast<int>(errc::cannot_instantiate);
    in_.note(lost);
    return guest_state::failed;
  };
  switch (build_.what) {
    case build_plan::kind::good:
      ready_ = true;
      in_.note(about(seen::guest_ready));
      return guest_state::ready;
    case build_plan::kind::fail:
      return fails();
    case build_plan::kind::hang:
      return interrupted_ ? fails() : guest_state::pending;
    case build_plan::kind::deaf:
      return guest_state::pending;
  }
  return guest_state::pending;
}

sim_guest::step sim_guest::call_host(flight& which) {
  if (which.unseen != nullptr) which.unseen->show();  // its host function may tell others of it
  const bool keeps = shares() && which.planned->guest.keeps;
  event called = about(seen::host_called, which.number);
  called.code = keeps ? 1 : 0;
  in_.note(called);
  const int child = which.planned->child;
  const bool has_child = child >= 0 && !in_.planned.calls[static_cast<std::size_t>(child)].dropped;
  if (which.does == kind::host_sends) {
    // An inline host function: on the thread that drives the guest. It may submit; it must not wait.
    if (has_child) {
      const core::on_behalf scope(which.call);
      submit_only(in_, child, which.number);
    }
    return give_back(which);
  }
  which.host = std::make_shared<host_slot>();
  if (keeps) which.call->keep_instance(true);
  if (which.does == kind::host_never) return keeps ? step::holds : step::waits;
  ++in_.callers;
  in_.on.spawn("host of call " + std::to_string(which.number),
               [&in = in_, owner = owner_, woken = about(seen::woken), call = which.call, slot = which.host,
                child, has_child, number = which.number, calls = which.does == kind::host_calls,
                delay = which.planned->guest.delay]() mutable {
                 if (!calls) {
                   in.sleep(delay);
                 } else if (has_child) {
                   const core::on_behalf scope(call);
                   call_and_wait(in, child, number);
                 }
                 in.note({.what = seen::host_answered, .code = slot->guest_gone ? 1 : 0, .call = number});
                 slot->answered = true;
                 if (slot->guest_gone) {
                   owner->wake();
                 } else {
                   in.wake(*owner, woken);
                 }
                 owner.reset();
                 call.reset();
                 slot.reset();
                 --in.callers;
               });
  return keeps ? step::holds : step::waits;
}

sim_guest::step sim_guest::give_back(flight& which) {
  memory_ += pool_.grows;
  held_ = pool_.holds && in_.on.decide().pick(2) == 0 ? 1 : 0;
  if (pool_.holds) {
    event now = about(seen::holding, which.number);
    now.number = held_;
    in_.note(now);
  }
  which.value = sim_call::value(which.number, static_cast<int>(where_.cell), where_.generation);
  event out = about(seen::returned, which.number);
  out.number = which.value;
  in_.note(out);
  which.call.reset();
  which.unseen = nullptr;
  if (which.planned->guest.tail == 0) return step::ends;
  which.left = which.planned->guest.tail;
  return step::answers;
}

sim_guest::step sim_guest::go_on_after(flight& which) {
  if (interrupted_) return lose(which, errc::killed);
  if (which.left > 0) {
    --which.left;
    return yield_slice(which);
  }
  if (which.planned->guest.tail_traps) return lose(which, errc::trapped);
  if (which.planned->guest.tail_hangs) return step::waits;
  return step::ends;
}

sim_guest::step sim_guest::lose(flight& which, errc why) {
  fault_ = {.code = why, .message = "as planned", .backtrace = {}, .of = which.known_as};
  failed_ = about(seen::guest_failed, which.tail ? -1 : which.number);
  failed_.code = static_cast<int>(why);
  which.call.reset();
  which.unseen = nullptr;
  return step::fails;
}

}  // namespace holdfast::sim
