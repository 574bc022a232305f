// SPDX-License-Identifier: Apache-2.0
#include "host/pool_call.hpp"

namespace holdfast::detail {

reply pool_call::outcome_reply() const {
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
    auto value =
        wit::decode(*result_, ended.value.bytes(), wit::decode_budget, {ended.cell, ended.generation});
    if (value) {
      told.value = std::move(*value);
    } else {  // more values than a reply may hold; the guest has done its work, and the outcome stands
      told.code = errc::host_failed;
      told.detail = "the result cannot be taken over: " + value.error().message();
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
