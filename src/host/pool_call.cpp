// SPDX-License-Identifier: Apache-2.0
#include "host/pool_call.hpp"

namespace holdfast::detail {

reply pool_call::outcome_reply() const {
  std::optional<wit::value> value;
  const auto take = [](void* into, const wit::type& of, std::span<const std::byte> packed,
                       wit::handle::home home) -> std::optional<error> {
    auto read = wit::decode(of, packed, wit::decode_budget, home);
    if (!read) return std::move(read).error();
    *static_cast<std::optional<wit::value>*>(into) = *std::move(read);
    return std::nullopt;
  };
  reply told = outcome_reply({take, &value});
  told.value = std::move(value);
  return told;
}

reply pool_call::outcome_reply(const value_sink& into) const {
  const core::call_end& ended = end();
  reply told;
  told.code = ended.code;
  told.id = id();
  told.outcome = ended.what;
  told.cell = ended.cell;
  told.generation = ended.generation;
  told.attempts = ended.attempts;
  told.detail = ended.detail;
  told.backtrace = ended.backtrace;
  if (ended.what == outcome::completed && result_) {
    // More than a reply may hold: the guest has done its work, and the outcome stands.
    if (const auto failed =
            into.take(into.into, *result_, ended.value.bytes(), {ended.cell, ended.generation})) {
      told.code = errc::host_failed;
      told.detail = "the result cannot be taken over: " + failed->message();
    }
  }
  return told;
}

reply pool_call::detached_reply() const {
  reply told;
  told.code = errc::detached;
  told.id = id();
  return told;
}

reply refused_reply(const error& why) {
  reply told;
  told.code = why.code;
  told.outcome = outcome::refused;
  told.detail = why.message();
  return told;
}

}  // namespace holdfast::detail
