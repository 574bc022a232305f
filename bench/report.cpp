// SPDX-License-Identifier: Apache-2.0
#include "bench/report.hpp"

#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace holdfast::bench {
namespace {

constexpr const char* columns = "%-16s %12s %12s %8s %6s  %s";

std::string fixed(double number, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

std::string row(const std::string& name, const std::string& value, const std::string& floor,
                const std::string& ratio, const std::string& bar, const char* ok) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), columns, name.c_str(), value.c_str(), floor.c_str(), ratio.c_str(),
                bar.c_str(), ok);
  return text.data();
}

}  // namespace

std::string machine() {
  const std::string cores = std::to_string(std::thread::hardware_concurrency()) + " cores";
  std::ifstream told("/proc/cpuinfo");
  for (std::string next; std::getline(told, next);) {
    const auto colon = next.find(": ");
    if (next.starts_with("model name") && colon != std::string::npos)
      return cores + ", " + next.substr(colon + 2);
  }
  return cores;
}

std::string heading() { return row("name", "value ns", "floor ns", "ratio", "bar", "ok"); }

std::string line(const figure& of) {
  return row(of.name, fixed(of.value, 1), fixed(of.floor, 1), fixed(of.ratio(), 2),
             of.bar ? fixed(*of.bar, 1) : "-", of.ok() ? "ok" : "NO");
}

void write_json(const std::filesystem::path& to, std::span<const figure> figures) {
  boost::json::array all;
  for (const figure& each : figures) {
    boost::json::object object{{"name", each.name},     {"value", each.value}, {"floor", each.floor},
                               {"ratio", each.ratio()}, {"bar", nullptr},      {"ok", each.ok()}};
    if (each.bar) object["bar"] = *each.bar;
    all.push_back(std::move(object));
  }
  std::ofstream file(to);
  file << boost::json::serialize(all) << '\n';
  if (!file.flush()) throw std::runtime_error(to.string() + " cannot be written");
}

}  // namespace holdfast::bench
