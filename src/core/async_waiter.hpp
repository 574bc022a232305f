// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/context_waiter.hpp"
#include "core/patient_waiter.hpp"

/// A waiter for a call whose handler runs on an executor: it leaves the call when that's context ends.
namespace holdfast::core {

/// What `answer` says is for those who derive from it.
class async_waiter : public patient_waiter, public context_waiter {
 public:
  using patient_waiter::patient_waiter;

  /// Destroys the handler untold: the wait could not be begun.
  void disown() noexcept;

  /// Has the handler told without the call: it was refused, or is done already.
  void tell_now() noexcept { hand_over(); }

  void keep() noexcept final { intrusive_ptr_add_ref(this); }
  void let_go() noexcept final { intrusive_ptr_release(this); }
  void leave() noexcept final { patient_waiter::leave(); }
  void withdraw() noexcept final { patient_waiter::withdraw(); }

 protected:
  /// Whether the handler is told because this waiter left and the call goes on. For `answer`.
  bool left() const noexcept { return left_; }

 private:
  void told(bool left) noexcept final;
  void abandoned() noexcept final { patient_waiter::abandon(); }

  bool left_ = false;
};

}  // namespace holdfast::core
