// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

/// Plots as SVG: lines over a logarithmic horizontal axis, on a ground of their own, for light and dark
/// pages.
namespace holdfast::bench {

struct curve {
  std::string name;
  std::string colour;
  std::vector<std::pair<double, double>> points;
};

enum class scale { linear, logarithmic };

struct plot {
  std::string title;
  std::string across;  ///< what the horizontal axis counts
  std::vector<curve> curves{};
  scale up = scale::linear;
};

/// The plots side by side, as one document.
std::string svg(std::span<const plot> plots);

}  // namespace holdfast::bench
