// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "serve/http_turn.hpp"

/// A line of JSON for each request that is over.
namespace holdfast::serve {

/// `status` 0: the client left before it was answered; it is written as 499, as others do.
std::string access_line(const http_turn& turn, unsigned status, std::uint64_t bytes,
                        std::chrono::nanoseconds took, std::chrono::system_clock::time_point now);

/// A time as logs have it: `2026-11-29T21:25:47.123Z`.
std::string log_time(std::chrono::system_clock::time_point when);

}  // namespace holdfast::serve
