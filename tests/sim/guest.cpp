// SPDX-License-Identifier: Apache-2.0
#include "sim/guest.hpp"

#include <cstring>
#include <utility>

#include "core/lineage.hpp"
#include "sim/callers.hpp"

namespace holdfast::sim {

using core::guest_state;
using kind = guest_plan::kind;

sim_call::sim_call(world& in, int number, int plan_index, core::call_terms terms)
    : core::call(in.env, call_id{in.next(), static_cast<std::uint64_t>(number)}, 7, terms),
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
  if (host_ != nullptr) host_->guest_gone = true;
  --in_.guests_alive;
  in_.note(about(seen::guest_gone));
}

event sim_guest::about(seen what) const {
  return {.what = what,
          .call = what == seen::guest_made || what == seen::guest_gone ? -1 : number_,
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

std::optional<error> sim_guest::start(const core::request& what) {
  in_.on.point();
  std::array<std::int64_t, 2> words{};
  if (what.arguments.size() != sizeof(words) || what.function != 7 ||
      (what.of == nullptr) == (what.unseen == nullptr) || !ready_ || tail_)
    return error(errc::internal, "not the request that was sent");
  std::memcpy(words.data(), what.arguments.data(), sizeof(words));
  number_ = static_cast<int>(words[0]);
  planned_ = &in_.planned.calls[static_cast<std::size_t>(words[1])];
  call_.reset(what.of);
  run_ = what.number;
  unseen_ = what.unseen;
  does_ = what.attempt <= planned_->guest.spoils_first ? kind::trap : planned_->guest.what;
  entered_ = false;
  asked_ = false;
  interrupted_ = false;
  if (does_ == kind::unsuitable) {
    call_.reset();
    unseen_ = nullptr;
    return error(errc::bad_arguments, "a handle of another instance");
  }
  return std::nullopt;
}

void sim_guest::known_as(core::call& which) noexcept {
  call_.reset(&which);
  unseen_ = nullptr;
}

core::buffer sim_guest::take_result() {
  auto* bytes = new std::byte[sizeof(value_)];
  std::memcpy(bytes, &value_, sizeof(value_));
  return {bytes, sizeof(value_), sizeof(value_),
          [](std::byte* data, std::size_t, std::size_t) noexcept { delete[] data; }};
}

std::optional<core::answer> sim_guest::next_answer() {
  if (!std::exchange(answered_, false)) return std::nullopt;
  return core::answer{run_, take_result()};
}

void sim_guest::ask_to_stop(std::uint64_t /*number*/) noexcept {
  asked_ = true;
  in_.note(about(seen::guest_asked));
  in_.on.point();
}

guest_state sim_guest::yield_slice() {
  if (planned_ != nullptr && planned_->guest.woken_elsewhere) {
    ++in_.callers;
    in_.on.spawn("waker of call " + std::to_string(number_),
                 [&in = in_, owner = owner_, woken = about(seen::woken)]() mutable {
                   in.on.boundary();
                   in.wake(*owner, woken);
                   owner.reset();
                   --in.callers;
                 });
  } else {
    in_.wake(*owner_, about(seen::woken));  // as an epoch yield does
  }
  return guest_state::pending;
}

guest_state sim_guest::go_on() {
  if (!ready_) return build();
  if (tail_) return go_on_after();
  if (!entered_) {
    entered_ = true;
    left_ = planned_->guest.slices;
    event in = about(seen::entered);
    in.number = static_cast<std::uint64_t>(number_);
    in_.note(in);
    if (planned_->guest.late_wake) {
      ++in_.callers;
      in_.on.spawn("late waker of call " + std::to_string(number_), [&in = in_, owner = owner_]() mutable {
        in.sleep(std::chrono::milliseconds(25));
        owner->wake();
        owner.reset();
        --in.callers;
      });
    }
  }
  if (host_ != nullptr) {
    if (!host_->answered && !(asked_ && planned_->guest.heeds)) return guest_state::pending;
    host_->guest_gone = true;  // a later answer is nobody's
    host_.reset();
    return give_back();
  }
  if (interrupted_) return lose(errc::killed);
  if (left_ > 0) {
    --left_;
    return yield_slice();
  }
  switch (does_) {
    case kind::give_back:
    case kind::unsuitable:
      return give_back();
    case kind::trap:
      return lose(errc::trapped);
    case kind::host_fails:
      return lose(errc::host_failed);
    case kind::loop:
      in_.spin(owner_, about(seen::woken));
      return guest_state::pending;
    case kind::host_later:
    case kind::host_never:
    case kind::host_calls:
    case kind::host_sends:
      return call_host();
  }
  return give_back();
}

guest_state sim_guest::build() {
  if (build_left_ > 0) {
    --build_left_;
    return yield_slice();
  }
  switch (build_.what) {
    case build_plan::kind::good:
      ready_ = true;
      in_.note(about(seen::guest_ready));
      return guest_state::ready;
    case build_plan::kind::fail:
      return lose(errc::cannot_instantiate);
    case build_plan::kind::hang:
      if (interrupted_) return lose(errc::cannot_instantiate);
      return guest_state::pending;
    case build_plan::kind::deaf:
      return guest_state::pending;
  }
  return guest_state::pending;
}

guest_state sim_guest::call_host() {
  if (unseen_ != nullptr) unseen_->show();  // its host function may tell others of it
  in_.note(about(seen::host_called));
  const int child = planned_->child;
  const bool has_child = child >= 0 && !in_.planned.calls[static_cast<std::size_t>(child)].dropped;
  if (does_ == kind::host_sends) {
    // An inline host function: on the thread that drives the guest. It may submit; it must not wait.
    if (has_child) {
      const core::on_behalf scope(call_);
      submit_only(in_, child, number_);
    }
    return give_back();
  }
  host_ = std::make_shared<host_slot>();
  if (does_ == kind::host_never) return guest_state::pending;
  ++in_.callers;
  in_.on.spawn(
      "host of call " + std::to_string(number_),
      [&in = in_, owner = owner_, woken = about(seen::woken), call = call_, slot = host_, child, has_child,
       number = number_, calls = does_ == kind::host_calls, delay = planned_->guest.delay]() mutable {
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
  return guest_state::pending;
}

guest_state sim_guest::give_back() {
  memory_ += pool_.grows;
  held_ = pool_.holds && in_.on.decide().pick(2) == 0 ? 1 : 0;
  if (pool_.holds) {
    event now = about(seen::holding);
    now.number = held_;
    in_.note(now);
  }
  value_ = sim_call::value(number_, static_cast<int>(where_.cell), where_.generation);
  event out = about(seen::returned);
  out.number = value_;
  in_.note(out);
  call_.reset();
  unseen_ = nullptr;
  if (planned_->guest.tail == 0) return guest_state::ready;
  tail_ = true;
  left_ = planned_->guest.tail;
  answered_ = true;
  return guest_state::answered;
}

guest_state sim_guest::go_on_after() {
  if (interrupted_) return lose(errc::killed);
  if (left_ > 0) {
    --left_;
    return yield_slice();
  }
  if (planned_->guest.tail_hangs) return guest_state::pending;
  tail_ = false;
  return guest_state::ready;
}

guest_state sim_guest::lose(errc why) {
  fault_ = {.code = why, .message = "as planned", .backtrace = {}};
  event lost = about(seen::guest_failed);
  lost.code = static_cast<int>(why);
  in_.note(lost);
  call_.reset();
  unseen_ = nullptr;
  return guest_state::failed;
}

}  // namespace holdfast::sim
