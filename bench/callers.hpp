// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <holdfast/call_options.hpp>

#include "bench/subject.hpp"

/// Concurrent callers of `add` on an executor of Asio's, in the two ways in which such callers are written.
namespace holdfast::bench {

enum class style : std::uint8_t {
  coroutine,  ///< a coroutine a caller: `co_await add.async_call(..., use_awaitable)` in a loop
  handler,    ///< a completion handler that makes the caller's next call
};

/// Each of so many callers makes its calls one after the other. On an executor of a known type, as programs
/// have it that count nanoseconds.
///
/// @pre it outlives the run: its callers refer to it
template <class Executor>
class callers {
 public:
  callers(Executor on, adder add, style how, start first);

  /// Begins; `finished` tells when all calls are answered.
  void begin(unsigned count, unsigned each);
  bool finished() const noexcept { return running_.load() == 0; }
  /// Waits for the end. @throws std::runtime_error where a call failed
  void wait();

 private:
  struct chain;

  Executor on_;
  adder add_;
  style style_;
  call_options options_;
  std::atomic<unsigned> running_{0};
  std::atomic<bool> failed_{false};
};

extern template class callers<boost::asio::io_context::executor_type>;
extern template class callers<boost::asio::thread_pool::executor_type>;

}  // namespace holdfast::bench
