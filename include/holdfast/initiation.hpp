// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <holdfast/handler_box.hpp>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

/// How an asynchronous operation begins: with its handler in hand, which nobody else owns yet.
///
/// What is over before anybody had to wait is told from here, without a box for the handler and without the
/// library's side of a wait.
namespace holdfast::detail {

/// A handler that may be told within the initiation, on the starting thread, which knows that it may: the
/// server's own, not an embedder's, whom Asio promises otherwise.
template <class Handler, class Reply>
concept told_within = requires(Handler& handler, Reply told) { handler.tell_within(std::move(told)); };

/// The handler on its way through its executor's queue, with what it is told.
template <class Handler, class Reply>
struct told_handler {
  using allocator_type = boost::asio::associated_allocator_t<Handler>;
  allocator_type get_allocator() const noexcept { return boost::asio::get_associated_allocator(handler); }

  Handler handler;
  Reply told;

  void operator()() {
    const std::error_code code = told.code;
    std::move(handler)(code, std::move(told));
  }
};

/// The handler of an operation that is being started, which says where handlers run that name no executor.
template <class Handler, class Operation>
class started_handler final : public handler_source {
 public:
  started_handler(Handler&& handler, const Operation& what) : handler_(std::move(handler)), what_(what) {}

  void hold() override { work_.emplace(boost::asio::get_associated_executor(handler_, what_.executor())); }

  // The box has work of its own, and from here on a host function may end the context.
  handler_ptr box() override {
    const auto work = std::exchange(work_, std::nullopt);
    return handler_box<Handler, executor, reply_type>::make(std::move(handler_), what_.executor(),
                                                            Operation::rule);
  }

  void post(wait_end& over) noexcept override {
    if constexpr (told_within<Handler, reply_type>)
      return handler_.tell_within(answered<reply_type>::by(over));
    const auto on = boost::asio::get_associated_executor(handler_, what_.executor());
    boost::asio::defer(
        on, told_handler<Handler, reply_type>{std::move(handler_), answered<reply_type>::by(over)});
  }

 private:
  using executor = boost::asio::any_io_executor;
  using reply_type = typename Operation::reply_type;

  Handler handler_;
  const Operation& what_;
  std::optional<boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler, executor>>>
      work_;
};

/// Starts an operation when its handler is there. Owns all that the operation needs, since `deferred` and
/// coroutines start it later, or more than once.
template <class Operation>
class initiation {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit initiation(Operation what) : what_(std::move(what)) {}

  executor_type get_executor() const noexcept { return what_.executor(); }

  template <class Handler>
  void operator()(Handler&& handler) && {
    using held = std::decay_t<Handler>;
    // Here: whoever started it may be gone once the handler was told, and this with it.
    Operation what(std::move(what_));
    started_handler<held, Operation> tells(held(std::forward<Handler>(handler)), what);
    std::move(what).start(tells);
  }
  template <class Handler>
  void operator()(Handler&& handler) const& {
    initiation copy(*this);
    std::move(copy)(std::forward<Handler>(handler));
  }

 private:
  Operation what_;
};

}  // namespace holdfast::detail
