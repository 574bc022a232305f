// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/deferred.hpp>
#include <functional>
#include <future>
#include <holdfast/call_id.hpp>
#include <holdfast/call_phase.hpp>
#include <holdfast/completion.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/reply.hpp>
#include <memory>
#include <stop_token>

/// A claim on the outcome of one call.
namespace holdfast {

/// Destroying a ticket never affects its call: the host owns the call until its outcome.
///
/// Copies claim the same call. A moved-from ticket may only be assigned to or destroyed.
/// @par Thread safety  distinct objects: safe; shared objects: safe
class [[nodiscard]] ticket {
 public:
  /// The way back to the call when its tickets are gone: `host::attach`.
  call_id id() const noexcept;
  /// Where the call stands; may be another by now, unless it is `done`.
  call_phase phase() const noexcept;

  /// Takes the call back if it has not begun. `revoked`: the guest is never entered for it. A ticket that
  /// joined a call by its key withdraws nothing but itself: `running`, whether the call runs or waits. The
  /// ticket of whoever came first takes the call from all who joined.
  revoke_answer revoke() const noexcept;

  /// Stops the guest, or revokes the call while it waits for an instance. `stopping`: the outcome will be
  /// `killed` and the instance is rebuilt, unless the call still comes to its end.
  kill_answer kill() const noexcept;

  /// Waits for the outcome on this thread, at most `limit`; then answers `detached`. Any number of waiters.
  ///
  /// @par Effect on the guest  none
  reply wait(duration limit = no_limit) const;

  /// The same, and it answers `detached` too when `stop` is stopped, from any thread.
  reply wait(std::stop_token stop, duration limit = no_limit) const;

  /// Waits with a future that never throws. Dropping it ends nothing.
  ///
  /// @par Effect on the guest  none
  [[nodiscard]] std::future<reply> future_wait(duration limit = no_limit, std::stop_token stop = {}) const;

  /// Waits for the outcome; completes through a token of Boost.Asio, with `detached` when `limit` is over
  /// first.
  ///
  /// The handler runs on its associated executor, or on the pool's `get_executor()`; never in here, also if
  /// the call is done already. The ticket may be destroyed meanwhile.
  ///
  /// @par Completion signature        `void(std::error_code, reply)`; the code is the reply's
  /// @par Effect on the guest         none
  /// @par Per-operation cancellation  `terminal`, `partial`, `total`: this waiter only
  /// @par Destroying the context      of the executor ends this wait; the handler is destroyed unrun
  template <reply_token Token = boost::asio::deferred_t>
  auto async_wait(Token&& token = {}, duration limit = no_limit) const;

  /// Calls `told` once with the outcome, or with `detached` when `limit` is over first or `stop` is stopped.
  ///
  /// The raw form, without an executor: on whichever thread ends the call: a worker, the ticker, or that of
  /// somebody who revokes, kills or drains; at once, if the call is done already. Be quick, hold no lock that
  /// a revoker may hold, throw nothing (it would terminate), and do not drain a pool or destroy a host there.
  /// Submitting is fine; a call or a wait that would block there is answered at once, with `cycle` and
  /// `detached`.
  /// @par Effect on the guest  none
  void on_done(std::function<void(reply)> told, duration limit = no_limit, std::stop_token stop = {}) const;

  struct impl;  // not for use outside Holdfast
  explicit ticket(std::shared_ptr<const impl> claim) noexcept : claim_(std::move(claim)) {}
  const std::shared_ptr<const impl>& internals() const noexcept { return claim_; }

 private:
  std::shared_ptr<const impl> claim_;
};

}  // namespace holdfast

// The definition of `async_wait`, which needs the class above.
#include <holdfast/async_wait.hpp>
