// SPDX-License-Identifier: Apache-2.0
#include "serve/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace holdfast::serve {
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

std::string written(duration length) {
  if (length == no_limit) return "none";
  if (length == duration::zero()) return "0s";
  std::string_view best = "ns";
  duration::rep least = 1;
  for (const auto& [name, factor] : time_units) {
    const auto whole = static_cast<duration::rep>(factor);
    if (length.count() % whole == 0 && length.count() / whole != 0) {
      best = name;
      least = whole;
    }
  }
  return std::to_string(length.count() / least) + std::string(best);
}

std::string written_size(std::uint64_t bytes) {
  constexpr std::array<std::pair<const char*, unsigned>, 3> units{{{"GiB", 30}, {"MiB", 20}, {"KiB", 10}}};
  for (const auto& [name, shift] : units)
    if (bytes != 0 && bytes % (1ULL << shift) == 0) return std::to_string(bytes >> shift) + name;
  return std::to_string(bytes);
}

}  // namespace holdfast::serve
