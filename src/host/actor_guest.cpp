// SPDX-License-Identifier: Apache-2.0
#include "host/actor_guest.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/newcomer.hpp"
#include "host/journal_digest.hpp"
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
                                       const snapshot_ptr& snapshot) {
  wit::value state = wit::value::none();
  if (snapshot != nullptr) {
    const auto* const at = reinterpret_cast<const std::uint8_t*>(snapshot->data());
    state = wit::value::some(std::vector<std::uint8_t>(at, at + snapshot->size()));
  }
  const auto packed = wit::encode(activate, args(key, std::move(state)), wit::placement::in_line);
  return {packed->bytes().begin(), packed->bytes().end()};
}

std::vector<std::byte> copy_of(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

// A step's `beginning`: how long the tape of the instantiation is, that tape, and whether there is one of
// `activate`, which is the rest.
std::vector<std::byte> pack_beginning(std::span<const std::byte> instantiated,
                                      const std::vector<std::byte>* activated) {
  std::vector<std::byte> all(number_size);
  for (std::size_t i = 0; i < number_size; ++i)
    all[i] = static_cast<std::byte>(instantiated.size() >> (8 * i));
  all.insert(all.end(), instantiated.begin(), instantiated.end());
  all.push_back(static_cast<std::byte>(activated != nullptr));
  if (activated != nullptr) all.insert(all.end(), activated->begin(), activated->end());
  return all;
}

std::span<const std::byte> instantiation_in(std::span<const std::byte> beginning) noexcept {
  if (beginning.size() < number_size) return {};
  const auto rest = beginning.subspan(number_size);
  return rest.first(std::min<std::size_t>(number_in(beginning), rest.size()));
}

std::optional<std::span<const std::byte>> activation_in(std::span<const std::byte> beginning) noexcept {
  const std::size_t at = number_size + instantiation_in(beginning).size();
  if (at >= beginning.size() || beginning[at] == std::byte{0}) return std::nullopt;
  return beginning.subspan(at + 1);
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
    case stage::replaying:
    case stage::moving:
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
  if (stage_ == stage::building) return built();
  return went(early_ ? *std::exchange(early_, std::nullopt) : inner_->take_result());
}

actor_guest::told actor_guest::built() {
  if (!made_->keeps()) return settled();
  if (!made_->replays()) return activate();
  if (steps_.empty()) {
    instantiated_ = take_tape();
    return activate();
  }
  if (auto left = inner_->end_play()) return fail({.code = errc::replay_diverged, .message = left->detail});
  instantiated_ = copy_of(instantiation_in(steps_.front()->beginning));
  // One that was made when the actor had given another state asks anew: nobody knows what it would have
  // asked.
  if (const auto told = activation_in(steps_.front()->beginning)) inner_->play(*told);
  return activate();
}

actor_guest::told actor_guest::activate() {
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
  steps_ = of_.steps();
  next_step_ = 0;
  if (!steps_.empty()) inner_->play(instantiation_in(steps_.front()->beginning));
}

actor_guest::told actor_guest::settled() {
  of_.activated();
  steps_.clear();
  stage_ = stage::idle;
  return core::guest_state::ready;
}

actor_guest::told actor_guest::activated() {
  snapshot_call_ = {};
  if (!made_->replays()) return settled();
  activated_by_state_ = true;
  if (steps_.empty()) {
    activated_ = take_tape();
    return settled();
  }
  if (const auto told = activation_in(steps_.front()->beginning)) {
    if (auto left = inner_->end_play()) return fail({.code = errc::replay_diverged, .message = left->detail});
    activated_ = copy_of(*told);
  } else {
    activated_ = take_tape();
  }
  return replay();
}

// The next of the calls that were before.
actor_guest::told actor_guest::replay() {
  if (next_step_ == steps_.size()) {
    if (made_.get() == &of_.asked()) return settled();
    return begin(stage::moving,
                 {.number = first_own_number + ++own_calls_, .function = made_->snapshot()->index});
  }
  const actor_step& next = *steps_[next_step_];
  const auto found = made_->what.world().find_export(next.function);
  if (!found) return fail({.code = errc::replay_diverged, .message = found.error().message()});
  inner_->play(next.tape);
  return begin(
      stage::replaying,
      {.number = first_own_number + ++own_calls_, .function = (*found)->index, .arguments = next.arguments});
}

// What is wrong with it.
std::optional<core::fault> actor_guest::replayed(const core::buffer& result) {
  if (const auto left = inner_->end_play())
    return core::fault{.code = errc::replay_diverged, .message = left->detail};
  if (digest_of(result.bytes()) == steps_[next_step_]->result) return std::nullopt;
  return core::fault{.code = errc::replay_diverged, .message = "it returned something else than it had"};
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
      if (number_in(result.bytes()) != 0)
        return fail(
            {.code = errc::cannot_instantiate,
             .message = "it does not take its state over: " +
                        std::string(reinterpret_cast<const char*>(result.bytes().data()) + 2 * number_size,
                                    result.size() - 2 * number_size)});
      return activated();
    case stage::replaying:
      if (auto wrong = replayed(result)) return fail(*std::move(wrong));
      ++next_step_;
      return replay();
    case stage::calling:
      return completed(std::move(result));
    case stage::moving:
    case stage::giving:
    case stage::parting: {
      const std::size_t size = result.size() - number_size;
      if (size > of_.terms().snapshot_bytes)
        return fail({.code = errc::host_failed,
                     .message = "its state has " + std::to_string(size) + " bytes, the limit is " +
                                std::to_string(of_.terms().snapshot_bytes)});
      const auto state = result.bytes().subspan(number_size);
      const bool after_call = stage_ == stage::giving;
      of_.keep(copy_of(state), after_call ? call_.of : nullptr, after_call);
      if (stage_ == stage::parting) return say_last();
      if (stage_ == stage::moving) {
        of_.moved_on();
        build();
        return std::nullopt;
      }
      // The next segment is the next call's.
      if (made_->replays()) static_cast<void>(inner_->take_tape());
      activated_by_state_ = false;
      return answered();
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

actor_guest::told actor_guest::completed(core::buffer result) {
  result_ = std::move(result);
  if (call_.function == core::request::release) {
    // It changes nothing that is kept.
  } else if (is_read_only()) {
    if (made_->replays()) static_cast<void>(inner_->take_tape());
    of_.answered();
  } else if (made_->replays() ? !log_call() : of_.is_due()) {
    if (known(call_) != nullptr) known(call_)->returned();
    call_.function = made_->snapshot()->index;
    call_.arguments = {};
    return begin(stage::giving, call_);
  } else if (!made_->replays()) {
    of_.passed(call_.of);
  }
  return answered();
}

// The call has completed, with all that belongs to it.
actor_guest::told actor_guest::answered() {
  if (known(call_) != nullptr) known(call_)->hold_timers(of_.key());
  stage_ = stage::idle;
  return core::guest_state::ready;
}

std::optional<std::vector<std::byte>> actor_guest::take_tape() {
  if (const auto tape = inner_->take_tape()) return copy_of(tape->bytes());
  return std::nullopt;
}

// For the first step after a state.
std::optional<std::vector<std::byte>> actor_guest::beginning() const {
  if (!instantiated_ || (activated_by_state_ && !activated_)) return std::nullopt;
  return pack_beginning(*instantiated_, activated_by_state_ ? &*activated_ : nullptr);
}

bool actor_guest::log_call() {
  auto tape = take_tape();
  auto begun = of_.has_steps() ? std::optional(std::vector<std::byte>()) : beginning();
  if (!tape || !begun || of_.is_due()) return false;
  const auto step = std::make_shared<actor_step>(nullptr);
  step->function = made_->exported(call_.function).qualified_name();
  step->arguments = copy_of(call_.arguments);
  step->result = digest_of(result_.bytes());
  step->tape = *std::move(tape);
  step->beginning = *std::move(begun);
  if (!of_.has_room(step->bytes())) return false;
  of_.passed(step, call_.of);
  return true;
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

// Of what fails while it is taken through what it did before.
void actor_guest::say_where(core::fault& why) const {
  if (stage_ == stage::replaying) {
    // It had completed. What Holdfast itself ended is no fault of it.
    if (why.code != errc::deadline_killed && why.code != errc::killed && why.code != errc::internal)
      why.code = errc::replay_diverged;
    why.message = "as the actor did its call of `" + steps_[next_step_]->function + "` again, number " +
                  std::to_string(next_step_ + 1) + " of " + std::to_string(steps_.size()) +
                  " since its last state: " + why.message;
  } else if (why.code == errc::replay_diverged && stage_ != stage::moving) {
    why.message = "as the actor began again: " + why.message;
  }
}

actor_guest::told actor_guest::fail(core::fault why) {
  const bool unborn = steps_.empty() && (stage_ == stage::building || stage_ == stage::activating);
  if (stage_ == stage::giving) why.message = "as it was asked for its state after the call: " + why.message;
  if (stage_ == stage::parting || stage_ == stage::leaving)
    why.message = "as the actor was given up: " + why.message;
  if (stage_ == stage::moving) why.message = "as it was asked for its state, to move on: " + why.message;
  if (!steps_.empty()) say_where(why);
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
  if (made_->replays()) of_.begins();
  stage_ = stage::calling;
  // Its state belongs to the call and is asked for when the result is there already, and what is written down
  // of it has its arguments and result: whoever handed it over waits for a call like any other.
  if (what.unseen != nullptr && (made_->replays() || gives_after_call())) what.unseen->show();
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
