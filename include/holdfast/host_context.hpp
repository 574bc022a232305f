// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/host_call.hpp>
#include <memory>
#include <stop_token>
#include <utility>

/// What a typed host function may ask about the call it works for.
namespace holdfast {

/// The first parameter of a host function that wants one. Valid until the function has returned.
///
/// @par Thread safety  const access only
class host_context {
 public:
  /// Fires when the guest is to be stopped: at a deadline, a kill, a shutdown. Never because a caller left.
  std::stop_token stop_token() const noexcept { return of_->stop_token(); }
  /// Whether the instance is gone: nobody will read what is returned.
  bool abandoned() const noexcept { return of_->abandoned(); }

  /// The call that the guest works on; zero outside one, in a start function.
  call_id caller() const noexcept { return of_->caller(); }
  /// Which attempt of it this is, from 1; 0 outside a call.
  unsigned attempt() const noexcept { return of_->attempt(); }

  /// `host_call::object`: the embedder's object behind a handle of the arguments.
  /// @throws std::invalid_argument where there is none of that type
  template <class T>
  std::shared_ptr<T> object(const wit::handle& of) const {
    return of_->template object<T>(of);
  }
  /// `host_call::give`: a handle for an object that the function returns.
  template <class T>
  wit::handle give(std::shared_ptr<T> object) {
    return of_->give(std::move(object));
  }

  /// Borrows the call, for a dynamic function that wants to ask as a typed one does.
  explicit host_context(host_call& of) noexcept : of_(&of) {}

 private:
  host_call* of_;
};

}  // namespace holdfast
