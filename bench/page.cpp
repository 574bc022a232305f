// SPDX-License-Identifier: Apache-2.0
#include "bench/page.hpp"

#include <array>
#include <boost/version.hpp>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <holdfast/engine.hpp>
#include <iterator>
#include <stdexcept>

#include "bench/plot.hpp"
#include "bench/report.hpp"

namespace holdfast::bench {
namespace {

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return text.data();
}

std::string kernel() {
  std::ifstream told("/proc/sys/kernel/osrelease");
  std::string release;
  std::getline(told, release);
  return release;
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string cells_of(std::initializer_list<std::string> texts) {
  std::string row = "|";
  for (const std::string& each : texts) row += " " + each + " |";
  return row + "\n";
}

std::string plain(double number) { return number_text(number); }
std::string brief(const std::optional<double>& number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", number.value_or(0));
  return number ? text.data() : "-";
}
std::string plain(const std::optional<double>& number) { return number ? number_text(*number) : "-"; }
std::string in_ms(double nanoseconds) { return number_text(nanoseconds * 1e-6); }

std::string table(const results& all) {
  std::string text =
      "| figure | Holdfast | floor | unit | ratio | bar | aim | kept |\n"
      "|---|--:|--:|---|--:|--:|--:|---|\n";
  for (const figure& each : all.figures) {
    const std::string kept = !each.must ? "" : each.ok() ? "ok" : "**no**";
    text += cells_of({"`" + each.name + "`", plain(each.value), plain(each.floor), each.unit,
                      plain(each.ratio()), bar_text(each), brief(each.aim), kept});
  }
  return text;
}

std::string meanings(const results& all) {
  std::string text;
  for (const figure& each : all.figures) {
    text += "- `" + each.name + "`: " + each.what;
    if (!each.note.empty()) text += " (" + each.note + ")";
    text += ".\n";
  }
  return text;
}

std::string cells_section(const results& all) {
  if (all.cells.empty()) return {};
  std::string text =
      "## Many cells\n\n"
      "![Time a call and memory a cell, from one cell to ten thousand](performance-cells.svg)\n\n"
      "Memory limit 1 MiB a cell, reservations lowered to match. A pool gives a call to the cell that was "
      "used last, so its "
      "cost does not tell of cold caches: the column at random is of as many pools with a cell each.\n\n"
      "| cells | one pool, ns a call | pools apart, at random, ns a call | KiB a cell | mappings | address "
      "space, GiB |\n"
      "|--:|--:|--:|--:|--:|--:|\n";
  for (const cells_point& each : all.cells) {
    text += cells_of({std::to_string(each.cells), plain(each.call_ns), plain(each.apart_ns),
                      plain(each.cell_bytes / 1024), std::to_string(each.mappings),
                      std::to_string(each.address_space >> 30U)});
  }
  return text + "\n";
}

std::string load_section(const results& all) {
  if (all.load.empty()) return {};
  std::string text =
      "## Overload\n\n"
      "An open loop: calls come at random times, whether earlier ones were answered or not, and a latency "
      "counts from when "
      "its call was meant to be made. Latencies in milliseconds.\n\n"
      "| times capacity | offered/s | good/s | refused/s | expired/s | answers p50 | p90 | p99 | p99.9 | "
      "p99.99 | refusals "
      "p50 | p99 | p99.99 |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const load_level& each : all.load) {
    const auto& in_time = each.answered_ns;
    const auto& refused = each.refused_ns;
    text += cells_of({brief(each.times), plain(each.offered), plain(each.goodput), plain(each.refused),
                      plain(each.expired), in_ms(in_time[0]), in_ms(in_time[1]), in_ms(in_time[2]),
                      in_ms(in_time[3]), in_ms(in_time[4]), in_ms(refused[0]), in_ms(refused[2]),
                      in_ms(refused[4])});
  }
  return text + "\n";
}

std::string latency_section(const results& all) {
  if (all.latency.empty()) return {};
  std::string text =
      "## Latency\n\n"
      "![Latency by quantile, at a fixed rate](performance-latency.svg)\n\n"
      "Calls of `add` at " +
      plain(all.latency_rate) +
      " a second, each meant to be made at a fixed time; its latency counts from then, so what held up the "
      "one before it "
      "is part of it. Microseconds.\n\n"
      "| | p50 | p90 | p99 | p99.9 | p99.99 |\n|---|--:|--:|--:|--:|--:|\n";
  for (const latency_curve& each : all.latency) {
    text += "| " + each.name + " |";
    for (const double ns : each.ns) text += " " + plain(ns * 1e-3) + " |";
    text += "\n";
  }
  return text + "\n";
}

/// A quantile stands where one call in so many is slower.
std::string latency_plot(const results& all) {
  constexpr std::array colours{"#0969da", "#1a7f37", "#bc4c00"};
  plot made{.title = "Latency, us", .across = "one call in so many is slower", .up = scale::logarithmic};
  for (std::size_t i = 0; i < all.latency.size(); ++i) {
    curve& next = made.curves.emplace_back(curve{all.latency[i].name, colours[i % colours.size()], {}});
    for (std::size_t q = 0; q < all.latency[i].ns.size(); ++q)
      next.points.emplace_back(1 / (1 - quantiles[q]), all.latency[i].ns[q] * 1e-3);
  }
  return svg({&made, 1});
}

std::string lines(const char* title, const std::vector<std::string>& of) {
  if (of.empty()) return {};
  std::string text = std::string("## ") + title + "\n\n";
  for (const std::string& each : of) text += "- " + each + "\n";
  return text + "\n";
}

std::string cells_plots(const results& all) {
  curve together{"one pool", "#0969da", {}};
  curve apart{"a pool a cell, at random", "#bc4c00", {}};
  curve memory{"resident", "#1a7f37", {}};
  for (const cells_point& each : all.cells) {
    const auto count = static_cast<double>(each.cells);
    together.points.emplace_back(count, each.call_ns);
    if (each.apart_ns) apart.points.emplace_back(count, *each.apart_ns);
    memory.points.emplace_back(count, each.cell_bytes / 1024);
  }
  const std::array<plot, 2> both{
      plot{.title = "Time a call, ns", .across = "cells", .curves = {together, apart}},
      plot{.title = "Memory a cell, KiB", .across = "cells", .curves = {memory}}};
  return svg(both);
}

void write(const std::filesystem::path& to, const std::string& text) {
  std::ofstream file(to);
  file << text;
  if (!file.flush()) throw std::runtime_error(to.string() + " cannot be written");
}

}  // namespace

void write_page(const std::filesystem::path& folder, const results& all,
                std::chrono::duration<double, std::milli> tick) {
  std::string text =
      "# Performance\n\n"
      "Written by `make bench`. Each figure and its floor are measured in turns in one process, and the "
      "median round of each "
      "is taken; only ratios are worth a bar, because no machine is twice the same. A ratio is Holdfast's "
      "value by the "
      "floor's.\n\n";
  text += "| | |\n|---|---|\n";
  text += cells_of({"machine", machine() + ", Linux " + kernel()});
  text += cells_of({"date", today()});
  text += cells_of({"tick", brief(tick.count()) + " ms"});
  text += cells_of({"engine", "Wasmtime " + engine::version()});
  text += cells_of({"built with", compiler() + ", Boost " + std::to_string(BOOST_VERSION / 100000) + "." +
                                      std::to_string(BOOST_VERSION / 100 % 1000)});
  text += "\n## Figures\n\n" + table(all) + "\n" + cells_section(all) + latency_section(all) +
          load_section(all) + lines("Not measured", all.missing) + lines("Remarks", all.remarks) +
          "## What was timed\n\n" + meanings(all);
  write(folder / "performance.md", text);
  if (!all.cells.empty()) write(folder / "performance-cells.svg", cells_plots(all));
  if (!all.latency.empty()) write(folder / "performance-latency.svg", latency_plot(all));
}

}  // namespace holdfast::bench
