// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <holdfast/completion.hpp>
#include <memory>
#include <system_error>
#include <utility>

/// The box that a handler waits in: its way to its executor, and its cancellation slot's way to the wait.
namespace holdfast::detail {

/// What a cancellation slot calls. It may outlive the wait; then it does nothing.
struct cancel_handler {
  std::weak_ptr<wait_side> wait;
  cancel_rule rule;

  void operator()(boost::asio::cancellation_type_t asked) const noexcept {
    using bits = boost::asio::cancellation_type;
    if (asked == bits::none) return;
    const std::shared_ptr<wait_side> still = wait.lock();
    if (still == nullptr) return;
    if (rule == cancel_rule::waiter || (asked & (bits::terminal | bits::partial)) != bits::none) {
      still->leave();
    } else {
      still->withdraw();
    }
  }
};

/// The handler on its way through its executor's queue.
template <class Handler, class Reply>
struct posted_handler {
  using allocator_type = boost::asio::associated_allocator_t<Handler>;
  allocator_type get_allocator() const noexcept { return boost::asio::get_associated_allocator(handler); }

  Handler handler;
  wait_ptr wait;

  void operator()() {
    Reply told = answered<Reply>::by(*wait);
    wait.reset();
    const std::error_code code = told.code;
    std::move(handler)(code, std::move(told));
  }
};

/// A handler of any type, in memory of its associated allocator, with work outstanding on its executor.
template <class Handler, class Executor, class Reply = reply>
class handler_box final : public handler_side {
 public:
  static handler_ptr make(Handler&& handler, const Executor& fallback, cancel_rule rule) {
    allocator memory(boost::asio::get_associated_allocator(handler));
    place on{memory, traits::allocate(memory, 1)};
    traits::construct(memory, on.at, std::move(handler), fallback, rule);
    return handler_ptr(std::exchange(on.at, nullptr));
  }

  // For `make`.
  handler_box(Handler&& handler, const Executor& fallback, cancel_rule rule)
      : handler_(std::move(handler)),
        work_(boost::asio::get_associated_executor(handler_, fallback)),
        rule_(rule) {}

 private:
  using executor = boost::asio::associated_executor_t<Handler, Executor>;
  using allocator = typename std::allocator_traits<
      boost::asio::associated_allocator_t<Handler>>::template rebind_alloc<handler_box>;
  using traits = std::allocator_traits<allocator>;
  friend traits;

  /// Memory for one, given back unless it is taken: what the constructor throws leaves nothing behind.
  struct place {
    allocator& memory;
    handler_box* at;

    ~place() {
      if (at != nullptr) traits::deallocate(memory, at, 1);
    }
  };

  void connect(wait_ptr wait) override {
    auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) {
      wait->keep();
      cancelled_ = std::shared_ptr<wait_side>(wait.get(), wait_release());
      slot.template emplace<cancel_handler>(cancel_handler{cancelled_, rule_});
    }
    wait_ = std::move(wait);
  }

  // Its own memory goes first, as Asio promises to allocators: the handler may use it again. Memory that
  // cannot be had ends the process here: there is nobody left to tell.
  void hand_over() noexcept override {
    posted_handler<Handler, Reply> next{std::move(handler_), std::move(wait_)};
    const boost::asio::executor_work_guard<executor> work(std::move(work_));
    destroy(next.handler);
    boost::asio::post(work.get_executor(), std::move(next));
  }

  void drop() noexcept override {
    const Handler dying(std::move(handler_));  // after the memory: its destructor may do anything
    const wait_ptr last(std::move(wait_));
    destroy(dying);
  }

  void destroy(const Handler& moved) noexcept {
    allocator memory(boost::asio::get_associated_allocator(moved));
    traits::destroy(memory, this);
    traits::deallocate(memory, this, 1);
  }

  boost::asio::execution_context* context() const noexcept override {
    const executor on = work_.get_executor();
    if constexpr (boost::asio::can_query<executor, boost::asio::execution::context_t>::value) {
      return &static_cast<boost::asio::execution_context&>(
          boost::asio::query(on, boost::asio::execution::context));
    } else if constexpr (requires { on.context(); }) {
      return &static_cast<boost::asio::execution_context&>(on.context());
    } else {
      return nullptr;
    }
  }

  Handler handler_;
  boost::asio::executor_work_guard<executor> work_;
  wait_ptr wait_;
  std::shared_ptr<wait_side> cancelled_;  // the slot's way to it, while this is here; null: none is connected
  const cancel_rule rule_;
};

}  // namespace holdfast::detail
