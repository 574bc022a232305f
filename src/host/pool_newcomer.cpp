// SPDX-License-Identifier: Apache-2.0
#include "host/pool_newcomer.hpp"

#include "host/handle_home.hpp"

namespace holdfast::detail {

pool_newcomer::pool_newcomer(const pool::impl& in, checked_request& asked, const call_options& how,
                             start otherwise, std::stop_token& stop)
    : newcomer(in.next_id(), asked.of->index),
      in_(in),
      stop_(stop),
      how_(how),
      otherwise_(otherwise),
      asked_(asked) {
  arguments_ = asked_.arguments.bytes();
  key_ = how.key;
  weight_ = asked_.arguments.size() + how.key.size();
  time_limit_ = how.deadline;
  run_limit_ = how.run_limit;
}

bool pool_newcomer::may_pass() const {
  // A result with handles or streams is its call's until somebody has read it.
  return how_.how.value_or(otherwise_) == start::dispatch && !asked_.only_in &&
         !(asked_.of->result && is_read_once(*asked_.of->result)) && !stop_.stop_requested() &&
         !in_.owner->began.forked();
}

void pool_newcomer::end_of_unseen(reply& told, const value_sink* into, bool landed) {
  asked_.arguments.forget();  // they may be large, and the result is about to be read
  told.id = id();
  told.outcome = what;
  if (what == outcome::completed) {
    told.cell = cell;
    told.generation = generation;
    told.attempts = 1;
    told.state_lost = state_lost;
    if (landed) return;
    read_value(told, asked_.of->result, value.bytes(), into != nullptr ? *into : sink_into_value(told.value));
  } else {
    told.code = code;
    told.detail = std::move(detail);
  }
}

}  // namespace holdfast::detail
