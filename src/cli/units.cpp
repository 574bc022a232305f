// SPDX-License-Identifier: Apache-2.0
#include "cli/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

namespace holdfast::cli {
namespace {

// A number that is not negative, and the unit that follows it.
std::pair<double, std::string_view> split(std::string_view text) {
  double number = -1;
  const auto [end, failed] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failed != std::errc{} || !std::isfinite(number)) return {-1, text};
  return {number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

template <std::size_t N>
double factor_of(const std::array<std::pair<std::string_view, double>, N>& units, std::string_view unit) {
  for (const auto& [name, factor] : units)
    if (name == unit) return factor;
  return 0;
}

constexpr std::array<std::pair<std::string_view, double>, 6> time_units{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
constexpr std::array<std::pair<std::string_view, double>, 8> size_units{{{"", 1},
                                                                         {"B", 1},
                                                                         {"KiB", 1024},
                                                                         {"MiB", 1048576},
                                                                         {"GiB", 1073741824},
                                                                         {"kB", 1e3},
                                                                         {"MB", 1e6},
                                                                         {"GB", 1e9}}};

}  // namespace

result<duration> parse_duration(std::string_view text) {
  if (text == "none") return no_limit;
  const auto [number, unit] = split(text);
  const double factor = factor_of(time_units, unit);
  if (number < 0 || factor == 0)
    return error(errc::bad_arguments,
                 "`" + std::string(text) + "` is not a duration such as 500ms, 1.5s, 2m or none");
  if (number * factor > 9e18)
    return error(errc::bad_arguments, "`" + std::string(text) + "` is too long; write none for no limit");
  return duration(std::llround(number * factor));
}

result<std::uint64_t> parse_size(std::string_view text) {
  const auto [number, unit] = split(text);
  const double factor = factor_of(size_units, unit);
  if (number < 0 || factor == 0 || number * factor > 9e18)
    return error(errc::bad_arguments,
                 "`" + std::string(text) + "` is not a size such as 65536, 64KiB, 16MiB or 2GiB");
  return static_cast<std::uint64_t>(std::llround(number * factor));
}

std::string to_text(duration length) {
  const double ns = static_cast<double>(length.count());
  std::array<char, 32> text{};
  if (ns < 1e3) {
    std::snprintf(text.data(), text.size(), "%.0f ns", ns);
  } else if (ns < 1e6) {
    std::snprintf(text.data(), text.size(), "%.1f us", ns / 1e3);
  } else if (ns < 1e9) {
    std::snprintf(text.data(), text.size(), "%.1f ms", ns / 1e6);
  } else {
    std::snprintf(text.data(), text.size(), "%.1f s", ns / 1e9);
  }
  return text.data();
}

}  // namespace holdfast::cli
