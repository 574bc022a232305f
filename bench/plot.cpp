// SPDX-License-Identifier: Apache-2.0
#include "bench/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace holdfast::bench {
namespace {

constexpr double width = 440;  // of one plot
constexpr double height = 300;
constexpr double left = 64;
constexpr double right = 20;
constexpr double top = 44;
constexpr double bottom = 76;

template <class... T>
std::string text(const char* format, T... values) {
  std::array<char, 512> made{};
  std::snprintf(made.data(), made.size(), format, values...);
  return made.data();
}

std::string number(double of) {
  if (of >= 1e6) return text("%gM", of / 1e6);
  if (of >= 1e3) return text("%gk", of / 1e3);
  return text("%g", of);
}

/// From numbers to places along one side.
class axis {
 public:
  axis(double least, double most, bool logarithmic, double from, double to)
      : logarithmic_(logarithmic), from_(from), to_(to) {
    if (logarithmic) {
      least_ = std::floor(std::log10(least));
      most_ = std::max(std::ceil(std::log10(most)), least_ + 1);
      for (double each = least_; each <= most_; ++each) marks_.push_back(std::pow(10, each));
    } else {
      const double rough = std::max(most, 1e-9) / 4;
      const double power = std::pow(10, std::floor(std::log10(rough)));
      double step = power;
      for (const double each : {1.0, 2.0, 2.5, 5.0, 10.0}) {
        step = each * power;
        if (step >= rough) break;
      }
      most_ = step * std::ceil(most / step);
      for (double each = 0; each <= most_ + step / 2; each += step) marks_.push_back(each);
    }
  }

  double at(double number) const {
    const double value = logarithmic_ ? std::log10(number) : number;
    return from_ + (value - least_) / (most_ - least_) * (to_ - from_);
  }
  const std::vector<double>& marks() const noexcept { return marks_; }

 private:
  bool logarithmic_;
  double from_;
  double to_;
  double least_ = 0;
  double most_ = 1;
  std::vector<double> marks_;
};

std::string label(double x, double y, const char* where, const std::string& words, const char* kind) {
  return text("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", kind, x, y, where) + words +
         "</text>\n";
}

std::string draw(const plot& of, double from) {
  double least_x = std::numeric_limits<double>::max();
  double most_x = 0;
  double least_y = std::numeric_limits<double>::max();
  double most_y = 0;
  for (const curve& each : of.curves) {
    for (const auto& [x, y] : each.points) {
      least_x = std::min(least_x, x);
      most_x = std::max(most_x, x);
      least_y = std::min(least_y, y);
      most_y = std::max(most_y, y);
    }
  }
  if (most_x == 0) return {};
  const axis across(least_x, most_x, true, from + left, from + width - right);
  const axis up(std::max(least_y, 1e-9), most_y, of.up == scale::logarithmic, height - bottom, top);

  std::string made = label(from + left, 24, "start", of.title, "title");
  for (const double each : up.marks()) {
    made += text("<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", from + left,
                 up.at(each), from + width - right, up.at(each));
    made += label(from + left - 8, up.at(each) + 4, "end", number(each), "mark");
  }
  for (const double each : across.marks()) {
    made += label(across.at(each), height - bottom + 18, "middle", number(each), "mark");
  }
  made += label((from + left + from + width - right) / 2, height - bottom + 38, "middle", of.across, "mark");

  double legend = from + left;
  for (const curve& each : of.curves) {
    std::string places;
    for (const auto& [x, y] : each.points) places += text("%.1f,%.1f ", across.at(x), up.at(y));
    made +=
        text("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-linejoin=\"round\" points=\"",
             each.colour.c_str()) +
        places + "\"/>\n";
    for (const auto& [x, y] : each.points) {
      made += text("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n", across.at(x), up.at(y),
                   each.colour.c_str());
    }
    made += text("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n", legend + 4, height - 14,
                 each.colour.c_str());
    made += label(legend + 14, height - 10, "start", each.name, "mark");
    legend += 30 + 6.4 * static_cast<double>(each.name.size());
  }
  return made;
}

}  // namespace

std::string svg(std::span<const plot> plots) {
  const double all = width * static_cast<double>(plots.size());
  std::string made = text(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
      "height=\"%.0f\">\n",
      all, height, all, height);
  made +=
      "<style>\n"
      "text { font-family: system-ui, sans-serif; fill: #24292f; }\n"
      ".title { font-size: 14px; font-weight: 600; }\n"
      ".mark { font-size: 11px; fill: #57606a; }\n"
      ".grid { stroke: #d0d7de; stroke-width: 1; }\n"
      "</style>\n"
      "<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#ffffff\"/>\n";
  double from = 0;
  for (const plot& each : plots) {
    made += draw(each, from);
    from += width;
  }
  return made + "</svg>\n";
}

}  // namespace holdfast::bench
