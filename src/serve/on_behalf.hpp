// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/call_id.hpp>
#include <string_view>

/// For whom a call is asked for, which an observer cannot see, since core knows no principals; and what the
/// observer hears of it meanwhile.
namespace holdfast::serve {

/// While it is there, what this thread asks for is asked for in that name. Nothing may be waited for
/// meanwhile.
///
/// @par Thread safety  of the thread that made it
class on_behalf_of {
 public:
  explicit on_behalf_of(std::string_view whom) noexcept : whom_(whom), before_(innermost_) {
    innermost_ = this;
  }
  on_behalf_of(const on_behalf_of&) = delete;
  on_behalf_of& operator=(const on_behalf_of&) = delete;
  ~on_behalf_of() { innermost_ = before_; }

  /// Whether the first call that was asked for is done already: it ran on this thread.
  bool done() const noexcept { return done_; }

  // The observer's side.

  /// Empty: nobody said.
  static std::string_view whom() noexcept {
    return innermost_ != nullptr ? innermost_->whom_ : std::string_view();
  }
  static void note_asked(const call_id& call) noexcept {
    if (innermost_ != nullptr && innermost_->first_ == call_id()) innermost_->first_ = call;
  }
  static void note_done(const call_id& call) noexcept {
    if (innermost_ != nullptr && innermost_->first_ == call) innermost_->done_ = true;
  }

 private:
  static inline thread_local on_behalf_of* innermost_ = nullptr;
  const std::string_view whom_;
  on_behalf_of* const before_;
  call_id first_{};
  bool done_ = false;
};

}  // namespace holdfast::serve
