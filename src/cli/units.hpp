// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/duration.hpp>
#include <holdfast/error.hpp>
#include <string>
#include <string_view>

/// Durations and sizes as people write them.
namespace holdfast::cli {

/// `500ms`, `1.5s`, `2m`, `1h`, `10us`, or `none` for no limit. A unit is needed.
/// @par Errors  `errc::bad_arguments`
result<duration> parse_duration(std::string_view text);

/// `65536`, `64KiB`, `1MiB`, `2GiB`, also `kB`, `MB`, `GB`.
/// @par Errors  `errc::bad_arguments`
result<std::uint64_t> parse_size(std::string_view text);

/// A duration in the unit that reads best: `12.3 ms`.
std::string to_text(duration length);

}  // namespace holdfast::cli
