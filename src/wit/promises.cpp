// SPDX-License-Identifier: Apache-2.0
#include "wit/promises.hpp"

namespace holdfast::wit {

namespace {

struct when_stopped {
  std::string_view running;
  std::string_view deadline;
  std::string_view kill;
};

// The strongest promise speaks: what is safe to stop needs no mending, what changes nothing cannot be half
// done.
when_stopped stopped(cancel_contract contract) noexcept {
  if (contract.has(cancel_mark::kill_safe)) {
    return {"may be stopped anywhere",
            "It is asked to stop and, after the grace, stopped. It leaves nothing half done. Its instance is "
            "rebuilt.",
            "As at a deadline: it leaves nothing half done."};
  }
  if (contract.has(cancel_mark::read_only)) {
    return {"may be stopped: it changes nothing",
            "It is asked to stop and, after the grace, stopped. It changes nothing, so nothing is half done. "
            "Its instance is rebuilt.",
            "As at a deadline: nothing is half done."};
  }
  if (contract.has(cancel_mark::idempotent)) {
    return {"may be stopped, then run again",
            "It is asked to stop and, after the grace, stopped, possibly half-way: running it again mends "
            "that. Its instance is rebuilt.",
            "As at a deadline: running it again mends what is half done."};
  }
  return {
      "non-cancellable once running",
      "It is asked to stop and, after the grace, stopped, possibly half-way: what it did stays half done. "
      "Its instance is rebuilt. Give it time enough.",
      "As at a deadline: what it did stays half done. Do not kill it lightly."};
}

}  // namespace

promises promises_of(cancel_contract contract) noexcept {
  const when_stopped then = stopped(contract);
  promises told;
  told.running = then.running;
  told.leaving = "The call goes on to its end. Leaving never stops it.";
  told.revoke =
      "Taken back while it is queued: the guest is never entered. Too late once it runs: it goes on.";
  told.deadline = then.deadline;
  told.kill = then.kill;
  told.retry = contract.has(cancel_mark::read_only) ? "Yes, whatever became of it: it changes nothing."
               : contract.has(cancel_mark::idempotent)
                   ? "Yes, whatever became of it: running it twice is as running it once."
                   : "Only after an error whose effect is `not_executed`. After `executed` or `unknown` it "
                     "may have done its work.";
  return told;
}

}  // namespace holdfast::wit
