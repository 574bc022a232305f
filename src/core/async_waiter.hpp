// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <holdfast/completion.hpp>
#include <memory>

#include "core/patient_waiter.hpp"
#include "core/short_mutex.hpp"

/// A waiter whose handler runs on an executor, and the end of that executor's context.
///
/// Destroying an execution context is a way of leaving. A service in each context knows the waiters whose
/// handlers belong there; when the context ends they leave their calls, the handlers are destroyed unrun, and
/// nothing is posted to it from then on, whichever thread ends a call at that moment.
namespace holdfast::core {

class context_waits;

/// What `answer` says is for those who derive from it.
class async_waiter : public patient_waiter,
                     public boost::intrusive::list_base_hook<>,
                     public detail::wait_side {
 public:
  using patient_waiter::patient_waiter;

  /// Takes the handler. False: its context has ended, and the handler with it. Before `begin`.
  bool adopt(detail::handler_ptr tells);

  /// Destroys the handler untold: the wait could not be begun.
  void disown() noexcept;

  /// Has the handler told without the call: it was refused, or is done already.
  void tell_now() noexcept;

  void keep() noexcept final { intrusive_ptr_add_ref(this); }
  void let_go() noexcept final { intrusive_ptr_release(this); }
  void leave() noexcept final { patient_waiter::leave(); }
  void withdraw() noexcept final { patient_waiter::withdraw(); }

 protected:
  /// Whether the handler is told because this waiter left and the call goes on. For `answer`.
  bool left() const noexcept { return left_; }

 private:
  friend class context_waits;

  void told(bool left) noexcept final;

  std::shared_ptr<context_waits> waits_;
  detail::handler_ptr tells_;  // guarded by the context's lock; null: told or dropped
  bool left_ = false;
};

/// Those who wait on behalf of one execution context. Outlives it, so that a thread which is about to tell
/// one of them finds that it has ended. Thread-safe.
class context_waits {
 public:
  /// Those of a context; null: of all executors that name none, which never end.
  static std::shared_ptr<context_waits> of(boost::asio::execution_context* context);

  /// False: the context has ended.
  bool join(async_waiter& who) noexcept;

  /// The handler is destroyed untold.
  void part(async_waiter& who) noexcept;

  /// Posts the handler, unless the context has ended.
  void hand_over(async_waiter& who) noexcept;

  /// The context ends: everybody leaves.
  void end() noexcept;

 private:
  short_mutex mutex_;  // held while a handler is posted, so that its context cannot end meanwhile
  boost::intrusive::list<async_waiter, boost::intrusive::constant_time_size<false>>
      waiting_;  // a reference each
  bool ended_ = false;
};

}  // namespace holdfast::core
