// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>

#include "bench/results.hpp"

/// The figures as a page for people: `performance.md`, with the plot `performance-cells.svg` beside it.
namespace holdfast::bench {

/// @throws std::runtime_error where a file cannot be written
void write_page(const std::filesystem::path& folder, const results& all,
                std::chrono::duration<double, std::milli> tick);

}  // namespace holdfast::bench
