// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <tuple>

/// Coroutines of one thread of the server. Each connection lives on one, so nothing of it needs a lock.
namespace holdfast::serve {

namespace asio = boost::asio;

using loop_executor = asio::io_context::executor_type;
using loop_timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                              asio::wait_traits<std::chrono::steady_clock>, loop_executor>;
template <class T>
using task = asio::awaitable<T, loop_executor>;
inline constexpr asio::use_awaitable_t<loop_executor> use_task{};
/// What failed comes as the first of a tuple, not as an exception.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<loop_executor>> use_tuple{};

struct io_result {
  boost::system::error_code failed{};
  std::size_t bytes = 0;
};
using io_tuple = std::tuple<boost::system::error_code, std::size_t>;

}  // namespace holdfast::serve
