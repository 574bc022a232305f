// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/cancel_contract.hpp>
#include <string_view>

/// A cancel contract in words: what each thing that may happen to a call means under it.
namespace holdfast::wit {

/// Sentences for people, the same on every page. What stands between backticks is code.
struct promises {
  std::string_view running;   ///< the contract in a few words
  std::string_view leaving;   ///< the caller stops waiting, disconnects, drops its ticket
  std::string_view revoke;    ///< the call is taken back
  std::string_view deadline;  ///< its deadline or its run limit passes
  std::string_view kill;      ///< it is killed
  std::string_view retry;     ///< it is sent again
};

promises promises_of(cancel_contract contract) noexcept;

}  // namespace holdfast::wit
