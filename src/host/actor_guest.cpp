// SPDX-License-Identifier: Apache-2.0
#include "host/actor_guest.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/newcomer.hpp"
#include "host/pool_call.hpp"
#include "wit/packed.hpp"

namespace holdfast::detail {
namespace {

// Beside those that a cell gives its calls.
constexpr std::uint64_t first_own_number = std::uint64_t{1} << 63;

constexpr std::size_t number_size = sizeof(std::uint32_t);

// The number that a packed value begins with; its bytes are the bridge's own, and there.
std::uint32_t number_in(std::span<const std::byte> packed) noexcept {
  std::uint32_t number = 0;
  for (std::size_t i = std::min(number_size, packed.size()); i-- > 0;)
    number = number << 8 | std::to_integer<std::uint32_t>(packed[i]);
  return number;
}

// Null: nobody knows of it, and so it has called no host function.
pool_call* known(const core::request& of) noexcept { return static_cast<pool_call*>(of.of); }

std::vector<std::byte> pack_activation(const wit::function& activate, const std::string& key,
                                       const std::optional<std::vector<std::byte>>& snapshot) {
  wit::value state = wit::value::none();
  if (snapshot) {
    const auto* const at = reinterpret_cast<const std::uint8_t*>(snapshot->data());
    state = wit::value::some(std::vector<std::uint8_t>(at, at + snapshot->size()));
  }
  const auto packed = wit::encode(activate, args(key, std::move(state)), wit::placement::in_line);
  return {packed->bytes().begin(), packed->bytes().end()};
}

}  // namespace

core::guest_state actor_guest::poll() {
  for (;;)
    if (const told now = step()) return *now;
}

actor_guest::told actor_guest::step() {
  switch (stage_) {
    case stage::looking:
      return look();
    case stage::idle:
    case stage::parted:
      return core::guest_state::ready;
    case stage::failed:
      return core::guest_state::failed;
    case stage::building:
    case stage::activating:
    case stage::calling:
    case stage::giving:
    case stage::parting:
    case stage::leaving:
      break;
  }
  switch (inner_->poll()) {
    case core::guest_state::pending:
      return core::guest_state::pending;
    case core::guest_state::answered:
      // What follows sees all that its tasks do, so it comes after them.
      while (auto next = inner_->next_answer()) early_ = std::move(next->value);
      return std::nullopt;
    case core::guest_state::failed:
      early_.reset();
      return fail(inner_->take_fault());
    case core::guest_state::ready:
      break;
  }
  if (stage_ != stage::building)
    return went(early_ ? *std::exchange(early_, std::nullopt) : inner_->take_result());
  if (!made_->keeps()) {
    of_.activated();
    stage_ = stage::idle;
    return core::guest_state::ready;
  }
  snapshot_call_ = pack_activation(*made_->activate(), of_.key(), of_.snapshot());
  return begin(stage::activating, {.number = first_own_number + ++own_calls_,
                                   .function = made_->activate()->index,
                                   .arguments = snapshot_call_});
}

actor_guest::told actor_guest::look() {
  std::optional<error> failed;
  if (!of_.look(owner_, failed)) return core::guest_state::pending;
  if (failed) return fail({.code = errc::cannot_instantiate, .message = failed->message()});
  build();
  return std::nullopt;
}

void actor_guest::build() {
  made_ = of_.to_make();
  auto next = made_->make(owner_, where_);
  {
    const std::scoped_lock lock(mutex_);
    inner_.swap(next);
    if (interrupted_) inner_->interrupt();
  }
  stage_ = stage::building;
}

actor_guest::told actor_guest::begin(stage next, core::request what) {
  stage_ = next;
  if (const auto never = inner_->start(what))
    return fail({.code = errc::internal,
                 .message = "a call of `holdfast:actor/lifecycle` cannot begin: " + never->message()});
  const std::scoped_lock lock(mutex_);
  if (interrupted_) inner_->interrupt();  // the start has forgotten it
  return std::nullopt;
}

actor_guest::told actor_guest::went(core::buffer result) {
  switch (stage_) {
    case stage::activating:
      snapshot_call_ = {};
      if (number_in(result.bytes()) != 0)
        return fail(
            {.code = errc::cannot_instantiate,
             .message = "it does not take its state over: " +
                        std::string(reinterpret_cast<const char*>(result.bytes().data()) + 2 * number_size,
                                    result.size() - 2 * number_size)});
      of_.activated();
      stage_ = stage::idle;
      return core::guest_state::ready;
    case stage::calling:
      result_ = std::move(result);
      if (call_.function != core::request::release) {
        if (is_read_only()) {
          of_.answered();
        } else if (of_.is_due()) {
          if (known(call_) != nullptr) known(call_)->returned();
          call_.function = made_->snapshot()->index;
          call_.arguments = {};
          return begin(stage::giving, call_);
        } else {
          of_.passed(call_.of);
        }
      }
      if (known(call_) != nullptr) known(call_)->hold_timers(of_.key());
      stage_ = stage::idle;
      return core::guest_state::ready;
    case stage::giving:
    case stage::parting: {
      const std::size_t size = result.size() - number_size;
      if (size > of_.terms().snapshot_bytes)
        return fail({.code = errc::host_failed,
                     .message = "its state has " + std::to_string(size) + " bytes, the limit is " +
                                std::to_string(of_.terms().snapshot_bytes)});
      const auto state = result.bytes().subspan(number_size);
      const bool after_call = stage_ == stage::giving;
      of_.keep({state.begin(), state.end()}, after_call ? call_.of : nullptr, after_call);
      if (!after_call) return say_last();
      if (known(call_) != nullptr) known(call_)->hold_timers(of_.key());
      stage_ = stage::idle;
      return core::guest_state::ready;
    }
    case stage::leaving:
      stage_ = stage::parted;
      return core::guest_state::ready;
    case stage::looking:
    case stage::building:
    case stage::idle:
    case stage::parted:
    case stage::failed:
      break;
  }
  return fail({.code = errc::internal, .message = "an actor's guest answered what nobody asked"});
}

// Whatever it says of itself, an actor that gives no state may have changed.
bool actor_guest::is_read_only() const {
  return made_->keeps() && made_->exported(call_.function).contract.has(cancel_mark::read_only);
}

bool actor_guest::gives_after_call() const {
  return call_.function != core::request::release && !is_read_only() && of_.is_due();
}

actor_guest::told actor_guest::say_last() {
  return begin(stage::leaving,
               {.number = first_own_number + ++own_calls_, .function = made_->deactivate()->index});
}

actor_guest::told actor_guest::fail(core::fault why) {
  const bool unborn = stage_ == stage::building || stage_ == stage::activating;
  if (stage_ == stage::giving) why.message = "as it was asked for its state after the call: " + why.message;
  if (stage_ == stage::parting || stage_ == stage::leaving)
    why.message = "as the actor was given up: " + why.message;
  if (unborn && of_.fall_back()) {
    why.message = "the actor goes on with the component before: " + why.message;
    of_.report(where_, why);
    build();
    return std::nullopt;
  }
  stage_ = stage::failed;
  fault_ = std::move(why);
  return core::guest_state::failed;
}

std::optional<error> actor_guest::start(const core::request& what) {
  {
    const std::scoped_lock lock(mutex_);
    interrupted_ = false;
  }
  call_ = what;
  if (what.function != core::request::release) {
    const wit::function& asked = of_.asked().exported(what.function);
    if (of_.asked().is_lifecycle(asked))
      return error(errc::no_such_export, "`" + asked.qualified_name() + "` is for Holdfast alone to call");
    if (made_.get() != &of_.asked()) {
      const wit::function* const same = made_->like(asked);
      if (same == nullptr)
        return error(errc::no_such_export, "`" + asked.qualified_name() +
                                               "` is new, or has new types, and the actor could not move to "
                                               "the component that has it");
      call_.function = same->index;
    }
  }
  if (auto never = inner_->start(call_)) return never;
  stage_ = stage::calling;
  // Its state belongs to the call and is asked for when the result is there already: whoever handed it over
  // waits for a call like any other.
  if (what.unseen != nullptr && gives_after_call()) what.unseen->show();
  return std::nullopt;
}

void actor_guest::known_as(core::call& which) noexcept {
  inner_->known_as(which);
  call_.of = &which;
  call_.unseen = nullptr;
  call_.arguments = which.arguments();
  call_.key = which.key();
}

bool actor_guest::say_farewell() noexcept {
  if (stage_ != stage::idle || !made_->keeps()) return false;
  {
    const std::scoped_lock lock(mutex_);
    interrupted_ = false;
  }
  if (of_.is_kept()) {
    say_last();
  } else {
    begin(stage::parting, {.number = first_own_number + ++own_calls_, .function = made_->snapshot()->index});
  }
  return true;
}

void actor_guest::ask_to_stop(std::uint64_t number) noexcept {
  if (stage_ == stage::calling || stage_ == stage::giving) inner_->ask_to_stop(number);
}

void actor_guest::interrupt() noexcept {
  const std::scoped_lock lock(mutex_);
  interrupted_ = true;
  if (inner_ != nullptr) inner_->interrupt();
}

}  // namespace holdfast::detail
