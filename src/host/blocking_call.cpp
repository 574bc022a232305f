// SPDX-License-Identifier: Apache-2.0
#include "host/blocking_call.hpp"

#include <utility>

#include "core/newcomer.hpp"
#include "host/handle_home.hpp"

namespace holdfast::detail {
namespace {

class blocking_newcomer final : public core::newcomer {
 public:
  blocking_newcomer(const pool::impl& in, checked_request&& asked, const call_options& how,
                    std::stop_token&& stop)
      : newcomer(in.next_id(), asked.of->index),
        in_(in),
        how_(how),
        asked_(std::move(asked)),
        stop_(std::move(stop)) {
    arguments_ = asked_.arguments.bytes();
    key_ = how.key;
    weight_ = asked_.arguments.size() + how.key.size();
    time_limit_ = how.deadline;
    run_limit_ = how.run_limit;
  }

  /// Takes it to an idle cell, if the options let this thread run a guest.
  core::handed try_cells(edition& of) {
    // A result with handles is its call's until somebody has read it.
    const bool may_pass = how_.how.value_or(start::dispatch) == start::dispatch && !asked_.only_in &&
                          !(result() && names_handles(*result())) && !stop_.stop_requested() &&
                          !in_.owner->began.forked();
    return may_pass ? of.hand_over(*this) : core::handed::untaken;
  }

  /// The call that is made of it, now or before. What was asked is used up then.
  const boost::intrusive_ptr<pool_call>& call() {
    if (call_ == nullptr) call_ = in_.make(std::move(asked_), how_, {.bound = true}, id());
    return call_;
  }

  const boost::intrusive_ptr<thread_waiter>& waiter() {
    if (waits_ == nullptr) {
      waits_.reset(new thread_waiter(in_.owner, call()));
      if (stop_.stop_possible()) waits_->leave_on(std::move(stop_));
    }
    return waits_;
  }

  /// All but the value of its end, where no call was made of it.
  reply end_of_unseen() {
    asked_.arguments.forget();  // they may be large, and the result is about to be read
    reply told;
    told.id = id();
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
  const std::optional<wit::type>& result() const noexcept { return asked_.of->result; }

 private:
  boost::intrusive_ptr<core::call> become() noexcept override { return call(); }
  void join() noexcept override { waiter()->begin(); }

  const pool::impl& in_;
  const call_options& how_;
  checked_request asked_;
  std::stop_token stop_;
  boost::intrusive_ptr<pool_call> call_;
  boost::intrusive_ptr<thread_waiter> waits_;
};

}  // namespace

boost::intrusive_ptr<thread_waiter> begin_blocking(const pool::impl& in, edition& to, checked_request&& asked,
                                                   const call_options& options, std::stop_token stop,
                                                   reply& told, const value_sink* into) {
  blocking_newcomer next(in, std::move(asked), options, std::move(stop));
  switch (next.try_cells(to)) {
    case core::handed::done:
      if (next.made() != nullptr) {
        told = into != nullptr ? next.call()->outcome_reply(*into) : next.call()->outcome_reply();
      } else {
        told = next.end_of_unseen();
        if (told)
          read_value(told, next.result(), next.value.bytes(),
                     into != nullptr ? *into : sink_into_value(told.value));
      }
      return nullptr;
    case core::handed::goes_on:
      next.waiter()->accepted(options.wait);
      return next.waiter();
    case core::handed::untaken:
      break;
  }
  if (auto refused = begin_bound(*to.box, next.call(), *next.waiter(), options, start::dispatch)) {
    told = *std::move(refused);
    return nullptr;
  }
  return next.waiter();
}

}  // namespace holdfast::detail
