// SPDX-License-Identifier: Apache-2.0
#include "host/waiting.hpp"

#include "core/driving.hpp"

namespace holdfast::detail {

reply left_before() {
  reply told;
  told.code = errc::revoked;
  told.outcome = outcome::revoked;
  told.detail = "the caller had left before the call was accepted";
  return told;
}

std::optional<reply> begin_bound(core::mailbox& box, const boost::intrusive_ptr<pool_call>& asked,
                                 core::patient_waiter& waits, const call_options& options, start otherwise) {
  if (waits.wants_to_leave()) {
    waits.forget();
    return left_before();
  }
  waits.begin();
  if (const auto refused = box.admit(asked, options.how.value_or(otherwise))) {
    waits.forget();
    return refused_reply(*refused);
  }
  waits.accepted(options.wait);
  return std::nullopt;
}

std::optional<reply> refused_inside_callback() {
  if (!core::driving_mark::here()) return std::nullopt;
  return refused_reply(
      error(errc::cycle, "a blocking call inside a callback, on a thread that the call would need"));
}

blocking_wait::blocking_wait(const host::impl& by, pool_call& asked) {
  if (by.began.forked()) {  // before any lock
    refused_ = asked.detached_reply();
    return;
  }
  mark_.emplace(asked);
  if (!mark_->itself() && !(core::driving_mark::here() && asked.phase() != call_phase::done)) return;
  refused_ = asked.detached_reply();
  refused_->detail = "not waited for: the call cannot end before this thread goes on";
}

bool begin_wait(core::patient_waiter& waits, duration limit) {
  if (!waits.begin()) {
    waits.forget();
    return false;
  }
  waits.accepted(limit);
  return true;
}

}  // namespace holdfast::detail
