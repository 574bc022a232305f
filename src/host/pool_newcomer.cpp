// SPDX-License-Identifier: Apache-2.0
#include "host/pool_newcomer.hpp"

#include <utility>

#include "host/handle_home.hpp"

namespace holdfast::detail {

pool_newcomer::pool_newcomer(const pool::impl& in, const call_id& id, checked_request&& asked,
                             const call_options& how)
    : newcomer(id, asked.of->index), in_(in), how_(how), id_(id), asked_(std::move(asked)) {
  arguments_ = asked_.arguments.bytes();
  key_ = how.key;
  weight_ = asked_.arguments.size() + how.key.size();
  time_limit_ = how.deadline;
  run_limit_ = how.run_limit;
}

core::handed pool_newcomer::try_cells(edition& of) {
  // A result with handles is its call's until somebody has read it.
  const bool may_pass = how_.how.value_or(start::dispatch) == start::dispatch && !asked_.only_in &&
                        !(asked_.of->result && names_handles(*asked_.of->result)) &&
                        !in_.owner->began.forked();
  return may_pass ? of.hand_over(*this) : core::handed::untaken;
}

const boost::intrusive_ptr<pool_call>& pool_newcomer::call() {
  if (call_ == nullptr) call_ = in_.make(std::move(asked_), how_, {.bound = true}, id_);
  return call_;
}

reply pool_newcomer::end_of_unseen() {
  asked_.arguments.forget();  // they may be large, and the result is about to be read
  reply told;
  told.id = id_;
  told.outcome = what;
  if (what == outcome::completed) {
    told.cell = cell;
    told.generation = generation;
    told.attempts = 1;
  } else {
    told.code = code;
    told.detail = std::move(detail);
  }
  return told;
}

}  // namespace holdfast::detail
