// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// The name of one call: 128 random bits, written as 32 hexadecimal digits.
namespace holdfast {

struct call_id {
  std::uint64_t high = 0;  ///< the first 16 digits
  std::uint64_t low = 0;   ///< the last 16; both 0: no call

  /// 32 lower-case hexadecimal digits.
  std::string to_string() const;

  /// Reads what `to_string` writes; nothing for anything else.
  static std::optional<call_id> parse(std::string_view text) noexcept;

  friend auto operator<=>(const call_id&, const call_id&) = default;
};

}  // namespace holdfast

template <>
struct std::hash<holdfast::call_id> {
  std::size_t operator()(const holdfast::call_id& id) const noexcept {
    return id.high ^ (id.low * 0x9e3779b97f4a7c15U);
  }
};
