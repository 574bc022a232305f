// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <holdfast/duration.hpp>
#include <holdfast/error.hpp>
#include <string>
#include <string_view>

/// Durations and sizes as people write them.
namespace holdfast::serve {

/// `500ms`, `1.5s`, `2m`, `1h`, `10us`, or `none` for no limit. A unit is needed.
/// @par Errors  `errc::bad_arguments`
result<duration> parse_duration(std::string_view text);

/// `65536`, `64KiB`, `1MiB`, `2GiB`, also `kB`, `MB`, `GB`.
/// @par Errors  `errc::bad_arguments`
result<std::uint64_t> parse_size(std::string_view text);

/// A duration as JSON, metrics and headers have it.
constexpr double seconds(duration length) noexcept { return std::chrono::duration<double>(length).count(); }

/// A duration as `parse_duration` reads it, exactly: `500ms`, `2m`, `none`.
std::string written(duration length);

/// A size as `parse_size` reads it, exactly: `64MiB`, `100`.
std::string written_size(std::uint64_t bytes);

}  // namespace holdfast::serve
