// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <cstdint>
#include <holdfast/reply.hpp>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

/// How a completion handler waits and is told: what stands between Boost.Asio's types and the library.
///
/// Two sides, each owning nothing of the other's: `handler_side` is the embedder's handler with its executor,
/// allocator and cancellation slot; `wait_side` is the library's claim on the outcome. The library hands over
/// from whichever thread ends the call; the handler runs on its own executor and reads the answer there.
namespace holdfast {

/// The completion signature of every asynchronous form. A failed call is no exception, with whichever token:
/// Boost.Asio throws for its own error type only, and `use_awaitable` alone gives both values as a tuple.
using reply_signature = void(std::error_code, reply);

/// `use_awaitable`, `as_tuple(...)`, `deferred`, `use_future`, `detached`, a callback, and the like.
template <class Token>
concept reply_token = boost::asio::completion_token_for<Token, reply_signature>;

namespace detail {

struct value_sink;

/// The library's side of one wait. Any thread.
class wait_side {
 public:
  virtual ~wait_side() = default;

  /// Stops waiting. A bound call that is queued is revoked; one that runs goes on.
  virtual void leave() noexcept = 0;
  /// Stops waiting for a call that is queued; one that has begun is waited for as before.
  virtual void withdraw() noexcept = 0;
  /// What the handler is told. Once, on the handler's executor: reading a large value takes its time. `told`
  /// is empty. `into` is null for a plain reply, whose value it is; one that has no value to give need not
  /// look.
  virtual void answer(reply& told, const value_sink* into) = 0;
};

/// How a handler's argument is made of what it waited for. Typed replies specialize it.
template <class Reply>
struct answered;
template <>
struct answered<reply> {
  static reply by(wait_side& wait) {
    reply told;
    wait.answer(told, nullptr);
    return told;
  }
};

/// The handler's side of one wait. Ends with exactly one of `hand_over` and `drop`.
class handler_side {
 public:
  /// Connects the handler's cancellation slot. Before anything else can happen.
  virtual void connect(std::shared_ptr<wait_side> wait) = 0;
  /// Posts the handler to its executor. Never runs it.
  virtual void hand_over() noexcept = 0;
  /// Destroys the handler: its execution context has ended.
  virtual void drop() noexcept = 0;
  /// The execution context of the handler's executor. Null: the executor names none.
  virtual boost::asio::execution_context* context() const noexcept = 0;

 protected:
  ~handler_side() = default;
};

struct handler_drop {
  void operator()(handler_side* which) const noexcept { which->drop(); }
};
using handler_ptr = std::unique_ptr<handler_side, handler_drop>;

/// What the cancellation bits mean.
enum class cancel_rule : std::uint8_t {
  bound,   ///< queued, any bit revokes; running, `terminal` and `partial` detach
  waiter,  ///< any bit ends this wait; the call is not touched
};

/// A handler where its operation was started: nothing else owns it yet. For the starting thread, until one of
/// the two was called; whoever started the operation may be gone from then on.
class handler_source {
 public:
  /// A guest is about to run before the handler is boxed or posted: until then there is work outstanding on
  /// its executor. At most once.
  virtual void hold() = 0;
  /// Takes the handler into memory of its own, to be told later.
  virtual handler_ptr box() = 0;
  /// What it would wait for is over already: reads the answer in here, and posts the handler as what the
  /// starting thread goes on with. Memory that cannot be had ends the process.
  virtual void post(wait_side& over) noexcept = 0;

 protected:
  ~handler_source() = default;
};

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
  std::shared_ptr<wait_side> wait;

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
    handler_box* const place = traits::allocate(memory, 1);
    try {
      traits::construct(memory, place, std::move(handler), fallback, rule);
    } catch (...) {
      traits::deallocate(memory, place, 1);
      throw;
    }
    return handler_ptr(place);
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

  void connect(std::shared_ptr<wait_side> wait) override {
    auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) slot.template emplace<cancel_handler>(cancel_handler{wait, rule_});
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
    const std::shared_ptr<wait_side> last(std::move(wait_));
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
  std::shared_ptr<wait_side> wait_;
  const cancel_rule rule_;
};

}  // namespace detail
}  // namespace holdfast
