// SPDX-License-Identifier: Apache-2.0
#include <holdfast/ticket.hpp>
#include <utility>

#include "host/ticket_impl.hpp"
#include "host/waiting.hpp"

namespace holdfast {

call_id ticket::id() const noexcept { return claim_->asked->id(); }
call_phase ticket::phase() const noexcept { return claim_->asked->phase(); }
revoke_answer ticket::revoke() const noexcept {
  if (claim_->owner->began.forked()) return revoke_answer::running;  // perhaps: it is the parent's
  return claim_->asked->revoke();
}
kill_answer ticket::kill() const noexcept { return claim_->asked->kill(); }

reply ticket::wait(duration limit) const { return wait(std::stop_token(), limit); }

reply ticket::wait(std::stop_token stop, duration limit) const {
  const detail::blocking_wait may(*claim_->owner, *claim_->asked);
  if (may.refused()) return *may.refused();
  const boost::intrusive_ptr<detail::thread_waiter> waits(
      new detail::thread_waiter(claim_->owner, claim_->asked, claim_->reads));
  waits->leave_on(std::move(stop));
  return detail::begin_wait(*waits, limit) ? waits->wait() : waits->read();
}

void ticket::on_done(std::function<void(reply)> told, duration limit, std::stop_token stop) const {
  if (claim_->owner->began.forked()) return told(claim_->asked->detached_reply());
  const boost::intrusive_ptr<detail::callback_waiter> waits(
      new detail::callback_waiter(claim_->owner, claim_->asked, told, claim_->reads));
  waits->leave_on(std::move(stop));
  if (!detail::begin_wait(*waits, limit)) told(waits->read());
}

}  // namespace holdfast
