// SPDX-License-Identifier: Apache-2.0
#include "host/blocking_call.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/newcomer.hpp"
#include "host/handle_home.hpp"

namespace holdfast::detail {
namespace {

// A list as it is packed: how many elements, and their bytes.
core::buffer packed_run(std::span<const std::byte> run, std::size_t element) {
  const std::size_t size = sizeof(std::uint32_t) + run.size();
  auto* const data = new std::byte[size];
  const auto count = static_cast<std::uint32_t>(run.size() / element);
  for (std::size_t i = 0; i < sizeof count; ++i) data[i] = static_cast<std::byte>(count >> (8 * i));
  std::ranges::copy(run, data + sizeof count);
  return {data, size, size, [](std::byte* all, std::size_t, std::size_t) noexcept { delete[] all; }};
}

class blocking_newcomer final : public core::newcomer {
 public:
  blocking_newcomer(const pool::impl& in, checked_request&& asked, const call_options& how,
                    std::stop_token&& stop, const value_sink* into)
      : newcomer(in.next_id(), asked.of->index),
        in_(in),
        into_(into),
        how_(how),
        asked_(std::move(asked)),
        stop_(std::move(stop)) {
    arguments_ = asked_.arguments.bytes();
    key_ = how.key;
    weight_ = asked_.arguments.size() + how.key.size();
    time_limit_ = how.deadline;
    run_limit_ = how.run_limit;
    lands_ = into != nullptr && into->run != nullptr;
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
  /// Reads the value of its end, where no call was made of it.
  void read_into(reply& told) const {
    if (landed_) return;
    read_value(told, result(), value.bytes(), into_ != nullptr ? *into_ : sink_into_value(told.value));
  }
  /// What its call came to, if one was made of it.
  reply end_of_call() { return into_ != nullptr ? call()->outcome_reply(*into_) : call()->outcome_reply(); }
  const std::optional<wit::type>& result() const noexcept { return asked_.of->result; }

 private:
  bool land(std::span<const std::byte> run) noexcept override {
    landed_ = into_->run->land(into_->into, run);
    return landed_;
  }
  core::buffer take_back() noexcept override {
    core::buffer packed = packed_run(into_->run->landed(into_->into), into_->run->element);
    into_->run->forget(into_->into);
    landed_ = false;
    return packed;
  }
  boost::intrusive_ptr<core::call> become() noexcept override { return call(); }
  void join() noexcept override {
    // What landed was taken back where the call goes on; it failed in its post-return, and has no result.
    if (std::exchange(landed_, false)) into_->run->forget(into_->into);
    waiter()->begin();
  }

  const pool::impl& in_;
  const value_sink* into_;  // its caller's, who waits; null: a value of any type
  bool landed_ = false;     // the value is there already
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
  blocking_newcomer next(in, std::move(asked), options, std::move(stop), into);
  switch (next.try_cells(to)) {
    case core::handed::done:
      if (next.made() != nullptr) {
        told = next.end_of_call();
      } else {
        told = next.end_of_unseen();
        if (told) next.read_into(told);
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
