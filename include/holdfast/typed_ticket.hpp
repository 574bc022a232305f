// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <holdfast/ticket.hpp>
#include <holdfast/typed_async.hpp>
#include <holdfast/typed_reply.hpp>
#include <utility>

/// A claim on the outcome of a call whose result is an R.
namespace holdfast {

namespace detail {
/// `ticket::wait`, the value going into the sink.
reply wait_for(const ticket& claim, duration limit, value_sink into);
}  // namespace detail

/// A `ticket` that answers with typed replies. Passed on as a plain one it claims the same call.
///
/// @par Thread safety  distinct objects: safe; shared objects: safe
template <class R>
class [[nodiscard]] typed_ticket : public ticket {
 public:
  /// Nobody checks that the call answers an R; not for use outside Holdfast.
  explicit typed_ticket(ticket claim) noexcept : ticket(std::move(claim)) {}

  /// Waits for the outcome on this thread, at most `limit`; then answers `detached`. Any number of waiters.
  ///
  /// @par Effect on the guest  none
  typed_reply<R> wait(duration limit = no_limit) const {
    return detail::told_by<R>([&](detail::value_sink into) { return detail::wait_for(*this, limit, into); });
  }

  /// `ticket::async_wait`, completing with `void(std::error_code, typed_reply<R>)`.
  template <typed_reply_token<R> Token = boost::asio::deferred_t>
  auto async_wait(Token&& token = {}, duration limit = no_limit) const {
    using operation = detail::typed_wait_operation<R>;
    return boost::asio::async_initiate<Token, typed_reply_signature<R>>(
        detail::initiation<operation>(operation(*this, limit)), token);
  }
};

}  // namespace holdfast
