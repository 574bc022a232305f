// SPDX-License-Identifier: Apache-2.0
#include "host/timer_calls.hpp"

#include <string>
#include <utility>

#include "host/actors_impl.hpp"
#include "host/keyed_call.hpp"
#include "host/waiting.hpp"

namespace holdfast::detail {
namespace {

// As a caller's request, from what was packed for it; its component may have been exchanged since.
std::optional<error> check(const pool::impl& in, const edition& to, const actor_timer& what,
                           const call_options& how, checked_request& into) {
  if (to.refuses) return in.refused(*to.refuses);
  const auto found = to.what.world().find_export(what.function);
  if (!found) return in.refused(found.error());
  auto arguments = wit::decode_arguments(**found, what.arguments);
  if (!arguments) return in.refused(arguments.error());
  return in.check(to, what.function, *std::move(arguments), how, into);
}

void call(const std::shared_ptr<actors::impl>& group, const actor_timer_ptr& due) {
  const auto over = [in = group->owner->timers, due](const reply& told) {
    in->ended(*due, told.outcome ? effect_of(*told.outcome) : effect::unknown);
  };
  const auto which = group->at(due->key);
  if (!which) return over(refused_reply(which.error()));
  pool::impl& in = **which;
  const pool::impl::admission to(in);
  const std::string key = timer_key(due->id);
  const call_options how{.key = key};
  checked_request asked;
  if (const auto why = check(in, *to, *due, how, asked)) return over(refused_reply(*why));
  const auto held = call_by_key(in, *to, asked, how, {}, start::post);
  if (!held) return over(refused_reply(held.error()));
  if (!group->owner->timers->calls(*due, held->call())) held->call()->revoke();
  const boost::intrusive_ptr<callback_waiter> waits(
      new callback_waiter(group->owner, held->call(), over, core::call::reading::again));
  if (!begin_wait(*waits, no_limit)) over(waits->read());
}

}  // namespace

void call_due_timers(const std::shared_ptr<actors::impl>& in) {
  for (const actor_timer_ptr& each : in->owner->timers->take_due(in->scope)) call(in, each);
}

}  // namespace holdfast::detail
