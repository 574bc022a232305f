// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "bench/results.hpp"

/// What becomes of the figures: a line each for people, an array of objects for programs.
namespace holdfast::bench {

/// The machine that the figures are of: cores, and the processor's name where the system tells it.
std::string machine();

/// The names of the columns, as `line` has them.
std::string heading();

/// `name value floor ratio bar ok`, in columns.
std::string line(const figure& of);

/// A number with as many digits as it is worth.
std::string number_text(double number);

/// Writes an array of objects with the keys name, value, floor, ratio, bar, ok, and unit, bar_is (`at_most`,
/// `at_least`), bar_of (`ratio`, `value`), aim, note. What there is none of is null.
/// @throws std::runtime_error where the file cannot be written
void write_json(const std::filesystem::path& to, const results& all);

}  // namespace holdfast::bench
