// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// What keeps the TOML parser within its stack: it takes keys of any number of parts, each of which is a
/// table in a table, and takes them apart again by recursion.
namespace holdfast::serve {

/// The most parts that a key may have; no setting has as many.
inline constexpr std::size_t deepest_key = 16;

/// The largest value of a variable that is looked at as TOML.
inline constexpr std::size_t largest_value = 64U << 10;

/// The line, from 1, of a key of more parts than `deepest_key`. None: the parser may have the text.
std::optional<std::uint32_t> nests_too_deep(std::string_view toml) noexcept;

}  // namespace holdfast::serve
