// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/call_id.hpp>
#include <holdfast/outcome.hpp>
#include <holdfast/value.hpp>
#include <optional>
#include <string>

/// What a caller is told about a call.
namespace holdfast {

struct reply {
  /// Empty for `completed`. Compares with `errc` and `effect`. `detached` tells that the caller stopped
  /// waiting; then there is no outcome yet and the id is the way back to it.
  std::error_code code{};
  call_id id{};                                ///< zero for a refused call
  std::optional<holdfast::outcome> outcome{};  ///< empty while the call goes on (`detached`)
  std::optional<wit::value> value{};           ///< what the export returned; empty where it returns nothing
  std::uint32_t cell = 0;                      ///< the instance slot it ran in
  std::uint64_t generation = 0;                ///< the instance's generation; 0: the guest was never entered
  unsigned attempts = 0;                       ///< how often an attempt entered the guest
  /// Of an actor: it ran without what calls before had done, for their state could not be kept.
  bool state_lost = false;
  std::string detail{};     ///< a sentence for people; may quote the guest: untrusted
  std::string backtrace{};  ///< the guest's frames, a line each; untrusted

  /// Whether the call completed.
  explicit operator bool() const noexcept { return !code; }

  /// Whether the guest ran: `executed` where the call completed, `unknown` where the caller only stopped
  /// waiting.
  holdfast::effect effect() const noexcept { return effect_of(code); }
};

}  // namespace holdfast
