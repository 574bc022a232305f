// SPDX-License-Identifier: Apache-2.0
#include "host/actor_home.hpp"

#include <algorithm>
#include <utility>

#include "engine/component_impl.hpp"
#include "host/actor_guest.hpp"

namespace holdfast::detail {
namespace {

constexpr std::string_view lifecycle = "holdfast:actor/lifecycle@0.1.0";
constexpr const char* activate_type =
    "activate: func(key: string, snapshot: option<list<u8>>) -> result<_, string>";
constexpr const char* snapshot_type = "snapshot: func() -> list<u8>";
constexpr const char* deactivate_type = "deactivate: func()";

}  // namespace

result<std::shared_ptr<const actor_make>> actor_make::of(const component& what,
                                                         std::unique_ptr<bridge::blueprint> linked) {
  std::shared_ptr<actor_make> made(new actor_make(what, std::move(linked)));
  const auto offers = [&](const wit::function* each) { return each->interface == lifecycle; };
  if (std::ranges::none_of(made->exports_, offers)) return made;
  const auto find = [&](std::string_view name, const char* type,
                        const wit::function*& into) -> std::optional<error> {
    const auto found = std::ranges::find_if(
        made->exports_, [&](const wit::function* each) { return offers(each) && each->name == name; });
    if (found == made->exports_.end())
      return error(errc::bad_arguments,
                   "`" + std::string(lifecycle) + "` is exported without `" + std::string(name) + "`");
    if ((*found)->to_string() != type)
      return error(errc::bad_arguments, "`" + std::string(lifecycle) + "` is exported with `" +
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
  if (looked_) return true;
  auto found = states_->look(print_, asks);
  if (!found) return false;
  failed = std::move(found->failed);
  if (failed) return true;
  looked_ = true;
  state_ = std::move(found->state);
  lacks_ = state_ != nullptr && state_->open;
  return true;
}

const std::optional<std::vector<std::byte>>& actor_home::snapshot() const noexcept {
  static const std::optional<std::vector<std::byte>> nothing;
  return state_ != nullptr ? state_->snapshot : nothing;
}

// To the one that gave the state: no other is known to understand it.
bool actor_home::fall_back() {
  if (before_ != nullptr || tried_) return false;
  for (const auto& each : older_)
    if (each != now_ && (state_ == nullptr || !state_->snapshot || each->digest() == state_->written_by))
      before_ = each;
  return before_ != nullptr;
}

void actor_home::report(const core::home& where, const core::fault& why) const noexcept {
  world_.observe.on_fault(where.cell, where.generation, why.code, why.message);
}

bool actor_home::is_due() const noexcept {
  return to_make()->keeps() && unkept_ + 1 >= std::max(terms_.snapshot_every, 1U);
}

void actor_home::passed(core::call* of) {
  lacks_ = false;
  ++unkept_;
  if (state_ != nullptr && state_->open) return;
  // Whoever finds this state as it is must know that it is not all.
  auto next = state_ != nullptr ? std::make_shared<actor_state>(*state_) : std::make_shared<actor_state>();
  next->open = true;
  put(std::move(next), of);
}

void actor_home::keep(std::vector<std::byte> snapshot, core::call* of, bool after_call) {
  lacks_ = false;
  auto next = std::make_shared<actor_state>();
  next->calls = (state_ != nullptr ? state_->calls : 0) + std::exchange(unkept_, 0) + (after_call ? 1 : 0);
  next->written_by = to_make()->digest();
  next->snapshot = std::move(snapshot);
  put(std::move(next), of);
}

void actor_home::put(std::shared_ptr<actor_state> what, core::call* of) {
  what->actor = print_;
  what->group = group_;
  what->key = key_;
  what->serial = state_ != nullptr ? state_->serial + 1 : 1;
  state_ = std::move(what);
  const bool with_call = of != nullptr && durable();
  if (with_call) of->leaves_state(state_);
  states_->put(state_, with_call);
}

}  // namespace holdfast::detail
