// SPDX-License-Identifier: Apache-2.0
#include "bench/figure.hpp"

#include <array>
#include <cstdio>

namespace holdfast::bench {

std::string bar_text(const figure& of) {
  if (!of.must) return "-";
  std::array<char, 64> text{};
  std::snprintf(
      text.data(), text.size(), "%s %g%s%s", of.must->is == bound::at_most ? "<=" : ">=", of.must->limit,
      of.must->what == bounded::value ? " " : "", of.must->what == bounded::value ? of.unit.c_str() : "");
  return text.data();
}

}  // namespace holdfast::bench
