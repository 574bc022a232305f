// SPDX-License-Identifier: Apache-2.0
#include "host/blocking_call.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "host/keyed_call.hpp"
#include "host/pool_newcomer.hpp"

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

class blocking_newcomer final : public pool_newcomer {
 public:
  blocking_newcomer(const pool::impl& in, checked_request& asked, const call_options& how,
                    std::stop_token& stop, const value_sink* into)
      : pool_newcomer(in, asked, how, start::dispatch, stop), into_(into) {
    lands_ = into != nullptr && into->run != nullptr;
  }

  const boost::intrusive_ptr<thread_waiter>& waiter() {
    if (waits_ == nullptr) {
      waits_.reset(new thread_waiter(in_.owner, call()));
      if (stop_.stop_possible()) waits_->leave_on(std::move(stop_));
    }
    return waits_;
  }

  /// Its end. `told` is empty.
  void end(reply& told) {
    if (made() == nullptr) {
      end_of_unseen(told, into_, landed_);
    } else {
      told = into_ != nullptr ? call()->outcome_reply(*into_) : call()->outcome_reply();
    }
  }

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
  void join() noexcept override {
    // What landed was taken back where the call goes on; it failed in its post-return, and has no result.
    if (std::exchange(landed_, false)) into_->run->forget(into_->into);
    waiter()->begin();
  }

  const value_sink* const into_;  // its caller's, who waits; null: a value of any type
  bool landed_ = false;           // the value is there already
  boost::intrusive_ptr<thread_waiter> waits_;
};

}  // namespace

boost::intrusive_ptr<thread_waiter> begin_blocking(const pool::impl& in, edition& to, checked_request& asked,
                                                   const call_options& options, std::stop_token stop,
                                                   reply& told, const value_sink* into) {
  if (is_recorded(to, options)) {
    const boost::intrusive_ptr<thread_waiter> waits(
        new thread_waiter(in.owner, nullptr, core::call::reading::again));
    waits->leave_on(std::move(stop));
    const wait_begun how = begin_by_key(in, to, asked, *waits, options, start::dispatch, told);
    if (how == wait_begun::waits) return waits;
    if (how == wait_begun::over) told = into != nullptr ? waits->read(*into) : waits->read();
    return nullptr;
  }
  blocking_newcomer next(in, asked, options, stop, into);
  switch (next.may_pass() ? to.hand_over(next) : core::handed::untaken) {
    case core::handed::done:
      next.end(told);
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
