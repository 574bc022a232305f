// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <holdfast/completion.hpp>
#include <memory>

#include "core/short_mutex.hpp"

/// A wait whose handler runs on an executor, and the end of that executor's context.
///
/// Destroying an execution context is a way of leaving. A service in each context knows the waits whose
/// handlers belong there; when the context ends they leave what they wait for, the handlers are destroyed
/// unrun, and nothing is posted to it from then on, whichever thread comes with the news at that moment.
namespace holdfast::core {

class context_waits;

/// What `answer` says, and what it is to leave, is for those who derive from it.
class context_waiter : public boost::intrusive::list_base_hook<>, public detail::wait_side {
 public:
  /// Takes the handler. False: its context has ended, and the handler with it.
  bool adopt(detail::handler_ptr tells);

 protected:
  ~context_waiter() = default;

  /// Posts the handler, unless that was done, or its context has ended. Any number of times, any thread.
  void hand_over() noexcept;
  /// Destroys it untold.
  void drop_handler() noexcept;
  /// Its context has ended: it waits for nobody any more.
  virtual void abandoned() noexcept = 0;

 private:
  friend class context_waits;

  std::shared_ptr<context_waits> waits_;
  detail::handler_ptr tells_;  // guarded by the context's lock; null: told or dropped
};

/// Those who wait on behalf of one execution context. Outlives it, so that a thread which is about to tell
/// one of them finds that it has ended. Thread-safe.
class context_waits {
 public:
  /// Those of a context; null: of all executors that name none, which never end.
  static std::shared_ptr<context_waits> of(boost::asio::execution_context* context);

  /// False: the context has ended.
  bool join(context_waiter& who) noexcept;

  /// The handler is destroyed untold.
  void part(context_waiter& who) noexcept;

  /// Posts the handler, unless the context has ended.
  void hand_over(context_waiter& who) noexcept;

  /// The context ends: everybody leaves.
  void end() noexcept;

 private:
  short_mutex mutex_;  // held while a handler is posted, so that its context cannot end meanwhile
  boost::intrusive::list<context_waiter, boost::intrusive::constant_time_size<false>>
      waiting_;  // a reference each
  bool ended_ = false;
};

}  // namespace holdfast::core
