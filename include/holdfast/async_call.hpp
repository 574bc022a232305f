// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <concepts>
#include <holdfast/completion.hpp>
#include <holdfast/initiation.hpp>
#include <holdfast/pool.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

/// A call that completes through a Boost.Asio token: what `pool::async_call` is made of.
namespace holdfast {
namespace detail {

/// A call that was described and not made yet. Borrows nothing: name, key and arguments are its own.
class call_operation {
 public:
  using reply_type = reply;
  static constexpr cancel_rule rule = cancel_rule::bound;

  call_operation(const pool& of, std::string_view function, wit::arguments arguments,
                 const call_options& options);

  /// Where a handler runs that names no executor.
  boost::asio::any_io_executor executor() const noexcept;

  /// Makes the call. Whatever comes of it is posted, a refusal too; nothing runs in here.
  void start(handler_source& tells, std::stop_token stop = {}) &&;

 private:
  pool of_;
  std::string function_;
  std::string key_;
  wit::arguments arguments_;
  call_options options_;  // but for the key, which is above
};

}  // namespace detail

template <std::same_as<wit::arguments> Arguments, reply_token Token>
auto pool::async_call(std::string_view function, Arguments arguments, const call_options& options,
                      Token&& token) const {
  return boost::asio::async_initiate<Token, reply_signature>(
      detail::initiation<detail::call_operation>(
          detail::call_operation(*this, function, std::move(arguments), options)),
      token);
}

}  // namespace holdfast
