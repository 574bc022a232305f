// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// A figure: what Holdfast takes for something, beside what the machine takes for it without Holdfast.
namespace holdfast::bench {

enum class bound : std::uint8_t { at_most, at_least };
enum class bounded : std::uint8_t { ratio, value };

/// What was promised of a figure.
struct bar {
  double limit = 0;
  bound is = bound::at_most;
  bounded what = bounded::ratio;
};

struct figure {
  std::string name{};
  std::string what{};             ///< a sentence: what was timed
  std::string unit = "ns";        ///< of value and floor
  double value = 0;               ///< Holdfast
  std::optional<double> floor{};  ///< the other way, measured in the same run; empty: there is none
  std::optional<bar> must{};      ///< empty: printed only
  std::optional<double> aim{};    ///< wished for, of what the bar bounds, or of the ratio
  std::string note{};

  std::optional<double> ratio() const noexcept {
    return floor ? std::optional(value / *floor) : std::nullopt;
  }
  bool ok() const noexcept {
    if (!must) return true;
    const double held = must->what == bounded::ratio ? ratio().value_or(0) : value;
    return must->is == bound::at_most ? held <= must->limit : held >= must->limit;
  }
};

/// `<= 1.3`, `>= 100`, `<= 9 ms`; `-` where nothing was promised.
std::string bar_text(const figure& of);

}  // namespace holdfast::bench
