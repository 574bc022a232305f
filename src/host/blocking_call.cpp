// SPDX-License-Identifier: Apache-2.0
#include "host/blocking_call.hpp"

#include <utility>

#include "host/pool_newcomer.hpp"

namespace holdfast::detail {
namespace {

class blocking_newcomer final : public pool_newcomer {
 public:
  blocking_newcomer(const pool::impl& in, checked_request& asked, const call_options& how,
                    std::stop_token& stop)
      : pool_newcomer(in, asked, how, start::dispatch, stop) {}

  const boost::intrusive_ptr<thread_waiter>& waiter() {
    if (waits_ == nullptr) {
      waits_.reset(new thread_waiter(in_.owner, call()));
      if (stop_.stop_possible()) waits_->leave_on(std::move(stop_));
    }
    return waits_;
  }

 private:
  void join() noexcept override { waiter()->begin(); }

  boost::intrusive_ptr<thread_waiter> waits_;
};

}  // namespace

boost::intrusive_ptr<thread_waiter> begin_blocking(const pool::impl& in, edition& to, checked_request& asked,
                                                   const call_options& options, std::stop_token stop,
                                                   reply& told, const value_sink* into) {
  blocking_newcomer next(in, asked, options, stop);
  switch (next.try_cells(to)) {
    case core::handed::done:
      if (next.made() == nullptr) {
        next.end_of_unseen(told, into);
      } else {
        told = into != nullptr ? next.call()->outcome_reply(*into) : next.call()->outcome_reply();
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
