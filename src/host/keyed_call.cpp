// SPDX-License-Identifier: Apache-2.0
#include "host/keyed_call.hpp"

#include <sodium/crypto_generichash.h>

#include <span>
#include <vector>

#include "core/keys.hpp"
#include "core/lineage.hpp"
#include "host/handle_home.hpp"
#include "host/waiting.hpp"

namespace holdfast::detail {
namespace {

// The types too: a component that came later may give its exports others, and bytes mean nothing without.
core::request_hash hash_of(const wit::function& function, std::span<const std::byte> packed) {
  crypto_generichash_state state;
  ::crypto_generichash_init(&state, nullptr, 0, crypto_generichash_BYTES);
  const auto add = [&](std::span<const std::byte> some) {
    ::crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(some.data()), some.size());
  };
  add(wit::encode_params(function));
  const std::vector<std::byte> result =
      function.result ? wit::encode_type(*function.result) : std::vector<std::byte>();
  const auto size = static_cast<std::uint64_t>(result.size());  // none is told apart from any
  add(std::as_bytes(std::span(&size, 1)));
  add(result);
  add(packed);
  core::request_hash made{};
  static_assert(std::tuple_size_v<core::request_hash> == crypto_generichash_BYTES);
  ::crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(made.data()), made.size());
  return made;
}

}  // namespace

result<keyed_call> call_by_key(const pool::impl& in, edition& to, checked_request& asked,
                               const call_options& how, const core::call_terms& form, start otherwise) {
  // Before any lock: one that another thread held stays locked in the child.
  if (in.owner->began.forked()) return error(errc::forked);
  const wit::function& of = *asked.of;
  if (asked.only_in || takes_streams(of) || (of.result && is_read_once(*of.result)))
    return in.refused(
        error(errc::bad_arguments,
              "`" + of.qualified_name() + "` passes resources or streams, which no key can stand for"));
  core::keys& keys = *in.owner->keys;
  const core::key_name name{in.key_scope, of.qualified_name(), std::string(how.key)};
  const core::request_hash request = hash_of(of, asked.arguments.bytes());
  for (;;) {
    auto known = keys.look(name, request, of.contract.retry_safe());
    if (known.refused) return in.refused(*std::move(known.refused));
    if (known.joins != nullptr) {
      if (!known.joins->join(!form.bound)) continue;  // it was taken back, or has just ended without a guest
      in.owner->world->observe.on_joined(known.joins->id());
      return keyed_call(boost::static_pointer_cast<pool_call>(known.joins), true);
    }
    const auto made = in.make(std::move(asked), how, form);
    made->stand_for({.of = &keys, .name = name, .request = request, .after = std::move(known.after)});
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
