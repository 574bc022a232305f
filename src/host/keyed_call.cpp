// SPDX-License-Identifier: Apache-2.0
#include "host/keyed_call.hpp"

#include <memory>

#include "core/keys.hpp"
#include "core/lineage.hpp"
#include "host/handle_home.hpp"
#include "host/waiting.hpp"

namespace holdfast::detail {
namespace {

result<keyed_call> call_without_key(const pool::impl& in, edition& to, checked_request& asked,
                                    const call_options& how, const core::call_terms& form, start otherwise) {
  const auto made = in.make(std::move(asked), how, form);
  made->stand_for({.of = in.owner->keys, .print = print_of_call(made->id()), .nameless = true});
  keyed_call held(made, false);
  made->join(false);
  if (auto refused = to.box->admit(made, how.how.value_or(otherwise))) return *std::move(refused);
  return held;
}

}  // namespace

result<keyed_call> call_by_key(const pool::impl& in, edition& to, checked_request& asked,
                               const call_options& how, const core::call_terms& form, start otherwise) {
  // Before any lock: one that another thread held stays locked in the child.
  if (in.owner->began.forked()) return error(errc::forked);
  const wit::function& of = *asked.of;
  if (asked.only_in || takes_streams(of) || (of.result && is_read_once(*of.result)))
    return in.refused(
        error(errc::bad_arguments, "`" + of.qualified_name() + "` passes resources or streams, which no " +
                                       (how.key.empty() ? "journal" : "key") + " can stand for"));
  if (how.key.empty()) return call_without_key(in, to, asked, how, form, otherwise);
  if (in.owner->journalled() && in.options.name.empty())
    return in.refused(error(errc::bad_arguments,
                            "a key in a journal needs a pool that has a name (`pool_options::name`): this "
                            "one's calls could not be told from another's after a restart"));
  core::keys& keys = *in.owner->keys;
  const std::shared_ptr<const keyed_export>& by = to.exports.of(in.key_scope, to.what.world(), of);
  const core::key_print print = by->print_of(how.key);
  const core::request_hash request = by->request_of(asked.arguments.bytes());
  for (;;) {
    auto known = keys.look(print, request, of.contract.retry_safe());
    if (known.refused) return in.refused(*std::move(known.refused));
    if (known.joins != nullptr) {
      if (!known.joins->join(!form.bound)) continue;  // it was taken back, or has just ended without a guest
      in.owner->world->observe.on_joined(known.joins->id());
      return keyed_call(boost::static_pointer_cast<pool_call>(known.joins), true);
    }
    const auto made = in.make(std::move(asked), how, form);
    made->is_of(by, how.deadline);
    made->stand_for({.of = &keys, .print = print, .request = request, .after = std::move(known.after)});
    keyed_call held(made, false);
    made->join(false);
    auto refused = to.box->admit(made, how.how.value_or(otherwise));
    if (!refused) {
      made->forget_before();
      return held;
    }
    if (!made->is_second()) return *std::move(refused);
    asked.arguments = made->give_back_arguments();
  }
}

wait_begun begin_by_key(const pool::impl& in, edition& to, checked_request& asked,
                        core::patient_waiter& waits, const call_options& options, start otherwise,
                        reply& why) {
  const auto refuse = [&](reply with) {
    waits.forget();
    why = std::move(with);
    return wait_begun::refused;
  };
  if (waits.wants_to_leave()) return refuse(left_before());
  {
    const auto held = call_by_key(in, to, asked, options, {.bound = true}, otherwise);
    if (!held) return refuse(refused_reply(held.error()));
    waits.aim_at(held->call());
    if (held->joined() && !core::adopt(*held->call())) {
      reply detached = held->call()->detached_reply();
      detached.detail = "not waited for: the call cannot end before the host function that asks for it";
      return refuse(std::move(detached));
    }
    if (!waits.begin()) {
      waits.forget();
      return wait_begun::over;
    }
  }
  // Only now, when nothing but its waiter holds the call: leaving it is leaving it.
  waits.accepted(options.wait);
  return wait_begun::waits;
}

}  // namespace holdfast::detail
