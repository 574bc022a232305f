// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution_context.hpp>
#include <cstdint>
#include <holdfast/reply.hpp>
#include <memory>
#include <system_error>

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

/// What a handler is told.
class wait_end {
 public:
  /// Once, on the handler's executor: reading a large value takes its time. `told` is empty. `into` is null
  /// for a plain reply, whose value it is; one that has no value to give need not look.
  virtual void answer(reply& told, const value_sink* into) = 0;

 protected:
  ~wait_end() = default;
};

/// The library's side of one wait. Any thread.
class wait_side : public wait_end {
 public:
  /// One more reference to it, and one less.
  virtual void keep() noexcept = 0;
  virtual void let_go() noexcept = 0;
  /// Stops waiting. A bound call that is queued is revoked; one that runs goes on.
  virtual void leave() noexcept = 0;
  /// Stops waiting for a call that is queued; one that has begun is waited for as before.
  virtual void withdraw() noexcept = 0;

 protected:
  ~wait_side() = default;
};

struct wait_release {
  void operator()(wait_side* which) const noexcept { which->let_go(); }
};
using wait_ptr = std::unique_ptr<wait_side, wait_release>;

/// How a handler's argument is made of what it waited for. Typed replies specialize it.
template <class Reply>
struct answered;
template <>
struct answered<reply> {
  static reply by(wait_end& wait) {
    reply told;
    wait.answer(told, nullptr);
    return told;
  }
};

/// The handler's side of one wait. Ends with exactly one of `hand_over` and `drop`.
class handler_side {
 public:
  /// Connects the handler's cancellation slot. Before anything else can happen.
  virtual void connect(wait_ptr wait) = 0;
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
  virtual void post(wait_end& over) noexcept = 0;

 protected:
  ~handler_source() = default;
};

}  // namespace detail
}  // namespace holdfast
