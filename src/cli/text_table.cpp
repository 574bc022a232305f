// SPDX-License-Identifier: Apache-2.0
#include "cli/text_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace holdfast::cli {

std::size_t columns_of(const std::string& text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

void text_table::row(std::vector<std::string> safe) {
  safe.resize(heads_.size());
  for (std::string& each : safe)
    if (each.empty()) each = "-";
  rows_.push_back(std::move(safe));
}

void text_table::print(bool terminal) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    widths.push_back(columns_of(heads_[i]));
    for (const auto& each : rows_) widths[i] = std::max(widths[i], columns_of(each[i]));
  }
  const auto print_row = [&](const std::vector<std::string>& of) {
    std::string line;
    for (std::size_t i = 0; i < of.size(); ++i) {
      line += of[i];
      if (i + 1 == of.size()) break;
      line += terminal ? std::string(widths[i] - columns_of(of[i]) + 2, ' ') : "\t";
    }
    std::printf("%s\n", line.c_str());
  };
  if (terminal) print_row(heads_);
  for (const auto& each : rows_) print_row(each);
}

std::string time_for_people(double seconds) {
  char text[48];
  const double whole = std::floor(std::max(seconds, 0.0));
  if (seconds < 1e-3)
    std::snprintf(text, sizeof text, "%.0fus", std::max(seconds, 0.0) * 1e6);
  else if (seconds < 1)
    std::snprintf(text, sizeof text, seconds < 0.01 ? "%.2fms" : "%.0fms", seconds * 1e3);
  else if (seconds < 60)
    std::snprintf(text, sizeof text, "%.2fs", seconds);
  else if (seconds < 3600)
    std::snprintf(text, sizeof text, "%.0fm %02.0fs", std::floor(whole / 60), std::fmod(whole, 60));
  else
    std::snprintf(text, sizeof text, "%.0fh %02.0fm", std::floor(whole / 3600),
                  std::floor(std::fmod(whole, 3600) / 60));
  return text;
}

}  // namespace holdfast::cli
