// SPDX-License-Identifier: Apache-2.0
#include <holdfast/ticket.hpp>
#include <utility>

#include "host/keyed_call.hpp"
#include "host/ticket_impl.hpp"
#include "host/waiting.hpp"

namespace holdfast {

result<ticket> detail::submit(const pool::impl& in, edition& to, checked_request& asked,
                              const call_options& options) {
  constexpr core::call_terms form{.findable = true};
  if (is_recorded(to, options)) {
    const auto held = call_by_key(in, to, asked, options, form, start::post);
    if (!held) return held.error();
    const auto reads = options.key.empty() ? core::call::reading::last : core::call::reading::again;
    return ticket(std::make_shared<const ticket::impl>(held->call(), in.owner, reads, held->joined()));
  }
  const auto made = in.make(std::move(asked), options, form);
  // Made first: an accepted call never lacks its ticket.
  ticket claim(std::make_shared<const ticket::impl>(made, in.owner, core::call::reading::last));
  if (auto refused = to.box->admit(made, options.how.value_or(start::post))) return *std::move(refused);
  return claim;
}

call_id ticket::id() const noexcept { return claim_->asked->id(); }
call_phase ticket::phase() const noexcept { return claim_->asked->phase(); }
revoke_answer ticket::revoke() const noexcept {
  if (claim_->owner->began.forked()) return revoke_answer::running;  // perhaps: it is the parent's
  if (claim_->joined) return phase() == call_phase::done ? revoke_answer::done : revoke_answer::running;
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
