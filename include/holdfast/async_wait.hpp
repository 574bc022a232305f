// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <holdfast/completion.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/initiation.hpp>
#include <holdfast/ticket.hpp>
#include <stop_token>
#include <utility>

/// A wait for a call made before, which completes through a Boost.Asio token: what `ticket::async_wait` is
/// made of.
namespace holdfast {
namespace detail {

/// A wait that was described and not begun yet. Holds a copy of the ticket.
class wait_operation {
 public:
  using reply_type = reply;
  static constexpr cancel_rule rule = cancel_rule::waiter;

  wait_operation(ticket of, duration limit) noexcept : of_(std::move(of)), limit_(limit) {}

  /// Where a handler runs that names no executor.
  boost::asio::any_io_executor executor() const noexcept;

  /// Begins to wait. For a call that is done the handler is posted at once; nothing runs in here.
  void start(handler_source& tells, std::stop_token stop = {}) &&;

 private:
  ticket of_;
  duration limit_;
};

}  // namespace detail

template <reply_token Token>
auto ticket::async_wait(Token&& token, duration limit) const {
  return boost::asio::async_initiate<Token, reply_signature>(
      detail::initiation<detail::wait_operation>(detail::wait_operation(*this, limit)), token);
}

}  // namespace holdfast
