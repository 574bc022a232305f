// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

/// What may be done to a call of an export without harm: its *cancel contract*.
///
/// Only who wrote a function can know whether it may be run again or stopped half-way, so that is declared,
/// by marks. An export without any is *non-cancellable once running*: it can be stopped, by a deadline or a
/// kill, but nobody may take it lightly, for its work may stay half done.
///
///     /// The stock of an item.
///     /// @holdfast: read-only
///     export stock: func(item: string) -> u32;
///
/// Marks stand in a WIT doc comment, on a line of their own, separated by commas: on a function, or on an
/// interface for all its functions that have no marks of their own; `none` clears them. Or in a manifest
/// (`compile_options::contract`). Whatever is marked, a caller who leaves never stops a call.
namespace holdfast {

/// One promise about an export.
enum class cancel_mark : std::uint8_t {
  idempotent = 1,  ///< running it twice with the same arguments is as running it once
  read_only = 2,   ///< it changes nothing, neither its instance nor the world outside
  kill_safe = 4,   ///< stopping it anywhere does no harm: it leaves nothing half done
};

/// The spelling in WIT and JSON: `idempotent`, `read-only`, `kill-safe`.
std::string_view to_string(cancel_mark mark) noexcept;

/// A set of marks. Empty: nothing is promised.
///
/// @par Thread safety  a value, as an int is
class cancel_contract {
 public:
  constexpr cancel_contract() noexcept = default;
  /// That mark alone; `|` makes larger sets.
  constexpr cancel_contract(cancel_mark only) noexcept  // NOLINT(google-explicit-constructor): a set of one
      : marks_(static_cast<std::uint8_t>(only)) {}

  /// Whether the mark was declared itself: one that is read-only alone is not `idempotent` here.
  constexpr bool has(cancel_mark mark) const noexcept {
    return (marks_ & static_cast<std::uint8_t>(mark)) != 0;
  }
  /// Whether nothing is promised.
  constexpr bool empty() const noexcept { return marks_ == 0; }

  /// Whether a call may be run again though it ran, or may have run: idempotent or read-only. One that never
  /// entered the guest (`effect::not_executed`) may be sent again in any case.
  constexpr bool retry_safe() const noexcept {
    return has(cancel_mark::idempotent) || has(cancel_mark::read_only);
  }

  /// Whether a running call may be stopped without harm that stays. False: non-cancellable once running.
  constexpr bool cancellable() const noexcept { return !empty(); }

  friend constexpr bool operator==(cancel_contract, cancel_contract) noexcept = default;
  /// The marks of either.
  friend constexpr cancel_contract operator|(cancel_contract left, cancel_contract right) noexcept {
    left.marks_ |= right.marks_;
    return left;
  }

 private:
  std::uint8_t marks_ = 0;
};

/// The set of both marks.
constexpr cancel_contract operator|(cancel_mark left, cancel_mark right) noexcept {
  return cancel_contract(left) | cancel_contract(right);
}

/// The marks as WIT has them: `idempotent, kill-safe`; `none` where there is none.
std::string to_string(cancel_contract contract);

// Small enough to be kept with every call.
static_assert(sizeof(cancel_contract) == 1 && std::is_trivially_copyable_v<cancel_contract>);

}  // namespace holdfast
