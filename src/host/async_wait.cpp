// SPDX-License-Identifier: Apache-2.0
#include <holdfast/async_wait.hpp>
#include <utility>

#include "host/ticket_impl.hpp"
#include "host/waiting.hpp"

namespace holdfast {
namespace detail {

boost::asio::any_io_executor wait_operation::executor() const noexcept {
  return of_.internals()->owner->callback_executor();
}

void wait_operation::start(handler_source& tells, std::stop_token stop) && {
  const auto claim = of_.internals();
  const boost::intrusive_ptr<handler_waiter> waits(
      new handler_waiter(claim->owner, claim->asked, claim->reads));
  if (!waits->adopt(tells.box())) return;
  try {
    waits->leave_on(std::move(stop));
    if (!begin_wait(*waits, limit_)) waits->tell_now();
  } catch (...) {
    waits->disown();
    throw;
  }
}

}  // namespace detail

std::future<reply> ticket::future_wait(duration limit, std::stop_token stop) const {
  const boost::intrusive_ptr<detail::future_waiter> waits(
      new detail::future_waiter(claim_->owner, claim_->asked, claim_->reads));
  std::future<reply> promised = waits->future();
  waits->leave_on(std::move(stop));
  if (!detail::begin_wait(*waits, limit)) waits->tell_now(waits->read());
  return promised;
}

}  // namespace holdfast
