// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// For whom calls are asked for: what an observer cannot see, since core knows no principals.
namespace holdfast::serve {

/// While it is there, what this thread asks for is asked for in that name. Nothing may be waited for
/// meanwhile.
///
/// @par Thread safety  of the thread that made it
class on_behalf_of {
 public:
  explicit on_behalf_of(std::string_view whom) noexcept : before_(whom_) { whom_ = whom; }
  on_behalf_of(const on_behalf_of&) = delete;
  on_behalf_of& operator=(const on_behalf_of&) = delete;
  ~on_behalf_of() { whom_ = before_; }

  /// Empty: nobody said.
  static std::string_view whom() noexcept { return whom_; }

 private:
  static inline thread_local std::string_view whom_{};
  const std::string_view before_;
};

}  // namespace holdfast::serve
