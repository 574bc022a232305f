// SPDX-License-Identifier: Apache-2.0
#include "bench/report.hpp"

#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace holdfast::bench {
namespace {

std::string row(const std::string& name, const std::string& unit, const std::string& value,
                const std::string& floor, const std::string& ratio, const std::string& bar, const char* ok) {
  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(), "%-34s %-8s %12s %12s %8s %12s  %s", name.c_str(), unit.c_str(),
                value.c_str(), floor.c_str(), ratio.c_str(), bar.c_str(), ok);
  return text.data();
}

boost::json::value or_null(const std::optional<double>& number) {
  return number ? boost::json::value(*number) : boost::json::value(nullptr);
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

std::string number_text(double number) {
  std::array<char, 64> text{};
  const int digits = number >= 1000 ? 0 : number >= 100 ? 1 : number >= 10 ? 2 : 3;
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

std::string heading() { return row("name", "unit", "value", "floor", "ratio", "bar", "ok"); }

std::string line(const figure& of) {
  const auto text = [](const std::optional<double>& number) { return number ? number_text(*number) : "-"; };
  return row(of.name, of.unit, number_text(of.value), text(of.floor), text(of.ratio()), bar_text(of),
             of.ok() ? "ok" : "NO");
}

void results::add(figure of) {
  std::printf("%s%s%s\n", line(of).c_str(), of.note.empty() ? "" : "  # ", of.note.c_str());
  std::fflush(stdout);
  figures.push_back(std::move(of));
}

void write_json(const std::filesystem::path& to, const results& all) {
  boost::json::array rows;
  for (const figure& each : all.figures) {
    boost::json::object object{{"name", each.name},
                               {"value", each.value},
                               {"floor", or_null(each.floor)},
                               {"ratio", or_null(each.ratio())},
                               {"bar", nullptr},
                               {"ok", each.ok()},
                               {"unit", each.unit},
                               {"bar_is", nullptr},
                               {"bar_of", nullptr},
                               {"aim", or_null(each.aim)},
                               {"note", each.note}};
    if (each.must) {
      object["bar"] = each.must->limit;
      object["bar_is"] = each.must->is == bound::at_most ? "at_most" : "at_least";
      object["bar_of"] = each.must->what == bounded::ratio ? "ratio" : "value";
    }
    rows.push_back(std::move(object));
  }
  std::ofstream file(to);
  file << boost::json::serialize(rows) << '\n';
  if (!file.flush()) throw std::runtime_error(to.string() + " cannot be written");
}

}  // namespace holdfast::bench
