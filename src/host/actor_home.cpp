// SPDX-License-Identifier: Apache-2.0
#include "host/actor_home.hpp"

#include <algorithm>
#include <utility>

#include "engine/component_impl.hpp"
#include "host/actor_guest.hpp"
#include "host/handle_home.hpp"

namespace holdfast::detail {
namespace {

constexpr const char* activate_type =
    "activate: func(key: string, snapshot: option<list<u8>>) -> result<_, string>";
constexpr const char* snapshot_type = "snapshot: func() -> list<u8>";
constexpr const char* deactivate_type = "deactivate: func()";

constexpr std::uint64_t replayed_calls = 64;  // between two states, unless somebody says otherwise

// Whether a call of it can be done again from what is written down of it.
bool can_be_kept(const wit::function& which) {
  const auto passes = [](const wit::type& each) { return is_read_once(each); };
  return std::ranges::none_of(which.params, passes, &wit::field::type) &&
         !(which.result && passes(*which.result));
}

}  // namespace

result<std::shared_ptr<const actor_make>> actor_make::of(const component& what,
                                                         std::unique_ptr<bridge::blueprint> linked) {
  std::shared_ptr<actor_make> made(new actor_make(what, std::move(linked)));
  const auto offers = [&](const wit::function* each) { return each->interface == lifecycle_interface; };
  if (made->replays()) {
    const auto never = std::ranges::find_if_not(made->exports_, can_be_kept,
                                                [](const wit::function* each) -> auto& { return *each; });
    if (never != made->exports_.end())
      return error(errc::bad_arguments, "the component is deterministic, and its export `" +
                                            (*never)->qualified_name() +
                                            "` passes resources or streams, of which no call can be kept");
  }
  if (std::ranges::none_of(made->exports_, offers)) {
    if (made->replays())
      return error(errc::bad_arguments, "the component is deterministic and does not export `" +
                                            std::string(lifecycle_interface) +
                                            "`: what its actors did would have to be kept for good");
    return made;
  }
  const auto find = [&](std::string_view name, const char* type,
                        const wit::function*& into) -> std::optional<error> {
    const auto found = std::ranges::find_if(
        made->exports_, [&](const wit::function* each) { return offers(each) && each->name == name; });
    if (found == made->exports_.end())
      return error(errc::bad_arguments, "`" + std::string(lifecycle_interface) + "` is exported without `" +
                                            std::string(name) + "`");
    if ((*found)->to_string() != type)
      return error(errc::bad_arguments, "`" + std::string(lifecycle_interface) + "` is exported with `" +
                                            (*found)->to_string() + "` in place of `" + type + "`");
    into = *found;
    return std::nullopt;
  };
  if (auto why = find("activate", activate_type, made->activate_)) return *std::move(why);
  if (auto why = find("snapshot", snapshot_type, made->snapshot_)) return *std::move(why);
  if (auto why = find("deactivate", deactivate_type, made->deactivate_)) return *std::move(why);
  return made;
}

const std::array<std::byte, 16>& actor_make::digest() const noexcept { return what.internals()->digest; }

const wit::function* actor_make::like(const wit::function& of) const {
  const auto found = std::ranges::find_if(exports_, [&](const wit::function* each) {
    return each->interface == of.interface && each->name == of.name;
  });
  if (found == exports_.end() || wit::encode_params(**found) != wit::encode_params(of)) return nullptr;
  return result_type_of(**found) == result_type_of(of) ? *found : nullptr;
}

actor_home::actor_home(std::string group, std::string key, const core::key_print& print,
                       std::shared_ptr<const actor_make> now,
                       std::vector<std::shared_ptr<const actor_make>> older, const actor_terms& terms,
                       std::shared_ptr<actor_states> states, core::environment& world)
    : group_(std::move(group)),
      key_(std::move(key)),
      print_(print),
      now_(std::move(now)),
      older_(std::move(older)),
      terms_(terms),
      states_(std::move(states)),
      world_(world) {}

std::unique_ptr<core::guest> actor_home::make(boost::intrusive_ptr<core::poller> owner,
                                              const core::home& where) noexcept {
  // What an instance before this one had not given is lost with it.
  if (std::exchange(unkept_, 0) > 0) lacks_ = true;
  if (!tried_) before_.reset();  // the newer one first, again
  return std::make_unique<actor_guest>(*this, std::move(owner), where);
}

bool actor_home::look(const boost::intrusive_ptr<core::poller>& asks, std::optional<error>& failed) {
  if (!looked_) {
    auto found = states_->look(print_, asks);
    if (!found) return false;
    failed = std::move(found->failed);
    if (failed) return true;
    looked_ = true;
    state_ = std::move(found->state);
    lacks_ = state_ != nullptr && state_->open;
  }
  failed = choose();
  return true;
}

// Steps are for the component that made them.
std::optional<error> actor_home::choose() {
  if (!has_steps()) return std::nullopt;
  const auto made_them = [&](const auto& each) {
    return each->replays() && each->digest() == state_->last_step->written_by;
  };
  before_.reset();
  if (made_them(now_)) return std::nullopt;
  const auto older = std::ranges::find_if(older_, made_them);
  if (older == older_.end() && !now_->replays()) return std::nullopt;  // it goes on without them
  if (older == older_.end())
    return error(
        errc::replay_diverged,
        "another version of the component made the calls that the actor has to do again, and it is not "
        "among `actor_options::earlier`");
  before_ = *older;
  return std::nullopt;
}

const snapshot_ptr& actor_home::snapshot() const noexcept {
  static const snapshot_ptr nothing;
  return state_ != nullptr ? state_->snapshot : nothing;
}

std::vector<std::shared_ptr<const actor_step>> actor_home::steps() const {
  std::vector<std::shared_ptr<const actor_step>> all;
  if (!has_steps() || !to_make()->replays()) return all;
  for (std::shared_ptr<const actor_step> each = state_->last_step; each != nullptr; each = each->before)
    all.push_back(each);
  std::ranges::reverse(all);
  return all;
}

void actor_home::activated() noexcept {
  tried_ = true;
  // What cannot do the steps again goes on without them.
  if (has_steps() && !to_make()->replays()) lacks_ = true;
}

// To the one that gave the state: no other is known to understand it.
bool actor_home::fall_back() {
  if (before_ != nullptr || tried_) return false;
  for (const auto& each : older_)
    if (each != now_ && (snapshot() == nullptr || each->digest() == state_->written_by)) before_ = each;
  return before_ != nullptr;
}

void actor_home::report(const core::home& where, const core::fault& why) const noexcept {
  world_.observe.on_fault(where.cell, where.generation, why.code, why.message);
}

bool actor_home::is_due() const noexcept {
  if (!to_make()->keeps()) return false;
  if (!to_make()->replays()) return unkept_ + 1 >= std::max(terms_.snapshot_every, 1U);
  // An instance is built within a time, and does all of it again.
  if (since_state_ + (world_.time.now() - began_) > terms_.replay_time) return true;
  // Steps after a state that lacks some would hide that.
  if (state_ != nullptr && state_->open) return true;
  const std::uint64_t steps = state_ != nullptr ? state_->steps() : 0;
  return steps + 1 >= (terms_.snapshot_every != 0 ? terms_.snapshot_every : replayed_calls);
}

bool actor_home::has_room(std::size_t bytes) const noexcept {
  return (state_ != nullptr ? state_->step_bytes : 0) + bytes <= terms_.replay_bytes;
}

void actor_home::passed(core::call* of) {
  lacks_ = false;
  ++unkept_;
  if (state_ != nullptr && state_->open) return;
  // Whoever finds this state as it is must know that it is not all.
  const auto next = next_state();
  next->serial = newest() + 1;
  next->last_step.reset();
  next->step_bytes = 0;
  next->open = true;
  put(next, of);
}

void actor_home::passed(std::shared_ptr<actor_step> next, core::call* of) {
  lacks_ = false;
  const auto all = next_state();
  next->serial = newest() + 1;
  next->written_by = to_make()->digest();
  next->before = all->last_step;
  since_state_ += world_.time.now() - began_;
  all->step_bytes += next->bytes();
  all->last_step = std::move(next);
  put(all, of);
}

void actor_home::keep(std::vector<std::byte> snapshot, core::call* of, bool after_call) {
  lacks_ = false;
  const auto next = std::make_shared<actor_state>();
  if (state_ != nullptr) next->calls = state_->calls + state_->steps();
  next->calls += std::exchange(unkept_, 0) + (after_call ? 1 : 0);
  next->serial = newest() + 1;
  next->written_by = to_make()->digest();
  next->snapshot = std::make_shared<const std::vector<std::byte>>(std::move(snapshot));
  since_state_ = {};
  put(next, of);
}

std::uint64_t actor_home::newest() const noexcept { return state_ != nullptr ? state_->newest() : 0; }

std::shared_ptr<actor_state> actor_home::next_state() const {
  return state_ != nullptr ? std::make_shared<actor_state>(*state_) : std::make_shared<actor_state>();
}

void actor_home::put(const std::shared_ptr<actor_state>& what, core::call* of) {
  what->actor = print_;
  what->group = group_;
  what->key = key_;
  state_ = what;
  const bool with_call = of != nullptr && durable();
  if (with_call) of->leaves_state(state_);
  states_->put(state_, with_call);
}

}  // namespace holdfast::detail
