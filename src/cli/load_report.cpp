// SPDX-License-Identifier: Apache-2.0
#include "cli/load_report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "cli/terminal.hpp"
#include "cli/text_table.hpp"

namespace holdfast::cli::load {
namespace {

constexpr std::size_t widest_bar = 48;

template <class... Parts>
std::string format(const char* form, Parts... parts) {
  char text[200];
  std::snprintf(text, sizeof text, form, parts...);
  return text;
}

double seconds_of(duration what) { return std::chrono::duration<double>(what).count(); }

double per_second(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

struct mark {
  const char* name;
  double share;
};
constexpr std::array<mark, 5> marks{
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}}};

duration at(const latency_spread& of, const mark& which) {
  return which.share == 1 ? of.max() : of.quantile(which.share);
}

// A step of the plot is the same factor everywhere: the slowest call and the usual one fit beside each other.
std::vector<std::string> plot(const latency_spread& of) {
  std::vector<std::string> lines;
  if (of.count() == 0) return lines;
  const double low = std::log10(std::max(seconds_of(at(of, marks.front())), 1e-9)) - 0.5;
  const double high = std::log10(std::max(seconds_of(of.max()), 1e-9));
  for (const mark& each : marks) {
    const double took = seconds_of(at(of, each));
    const double share = (std::log10(std::max(took, 1e-9)) - low) / std::max(high - low, 1e-9);
    const auto full = static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * widest_bar));
    lines.push_back(format("  %-6s %9s  ", each.name, time_for_people(took).c_str()) +
                    std::string(std::max<std::size_t>(full, 1), '#'));
  }
  return lines;
}

boost::json::object to_json(const latency_spread& of) {
  boost::json::object made{{"count", of.count()}};
  for (const mark& each : marks) made[each.name] = seconds_of(at(of, each));
  return made;
}

}  // namespace

std::string progress_line(const tally& seen, double seconds, const run_settings& how) {
  std::string line =
      format("%5.1f s of %s  ", seconds, time_for_people(seconds_of(how.length)).c_str()) +
      format("%llu ended, %.0f a second, %llu under way", static_cast<unsigned long long>(seen.ended),
             per_second(seen.ended, seconds), static_cast<unsigned long long>(seen.begun - seen.ended));
  if (seen.completed.count() > 0)
    line += format(", p50 %s, p99 %s", time_for_people(seconds_of(seen.completed.quantile(0.5))).c_str(),
                   time_for_people(seconds_of(seen.completed.quantile(0.99))).c_str());
  return line;
}

std::vector<std::string> report(const tally& seen, const run_settings& how) {
  std::vector<std::string> lines;
  lines.push_back(format("%llu calls in %.2f s by %u callers: %.0f a second, %.0f of them completed",
                         static_cast<unsigned long long>(seen.ended), seen.seconds, how.callers,
                         per_second(seen.ended, seen.seconds),
                         per_second(seen.completed.count(), seen.seconds)));
  lines.emplace_back();
  for (const auto& [name, count] : seen.by_outcome) {
    std::string line = format("  %-16s %12llu %6.2f %%", name.c_str(), static_cast<unsigned long long>(count),
                              100 * per_second(count, static_cast<double>(seen.ended)));
    if (const auto why = seen.examples.find(name); why != seen.examples.end())
      line += "  " + escape_line(why->second).substr(0, 60);
    lines.push_back(std::move(line));
  }
  lines.emplace_back();
  std::string effects = "  the guest:";
  for (const auto& [name, count] : seen.by_effect)
    effects += format("  %s %llu", name.c_str(), static_cast<unsigned long long>(count));
  lines.push_back(std::move(effects));
  if (how.leave > 0)
    lines.push_back(format("  %llu callers meant to leave; the others of them had their answer first",
                           static_cast<unsigned long long>(seen.meant_to_leave)));
  if (seen.completed.count() == 0) return lines;
  lines.emplace_back();
  lines.push_back(how.rate > 0
                      ? "  latency of completed calls, each from when it was due: one that was sent late for"
                      : "  latency of completed calls, each from when it was sent: callers wait for their");
  lines.push_back(how.rate > 0
                      ? "  want of a free caller is as late as it was (no coordinated omission)"
                      : "  answers, so a slow server is sent fewer calls (--rate sends them anyway)");
  for (std::string& each : plot(seen.completed)) lines.push_back(std::move(each));
  return lines;
}

boost::json::object to_json(const tally& seen, const run_settings& how) {
  boost::json::object outcomes;
  for (const auto& [name, count] : seen.by_outcome) outcomes[name] = count;
  boost::json::object effects;
  for (const auto& [name, count] : seen.by_effect) effects[name] = count;
  boost::json::object examples;
  for (const auto& [name, why] : seen.examples) examples[name] = escape_line(why);
  return {{"callers", how.callers},
          {"rate", how.rate},
          {"seconds", seen.seconds},
          {"calls", seen.ended},
          {"calls_per_second", per_second(seen.ended, seen.seconds)},
          {"completed_per_second", per_second(seen.completed.count(), seen.seconds)},
          {"outcomes", std::move(outcomes)},
          {"effects", std::move(effects)},
          {"examples", std::move(examples)},
          {"meant_to_leave", seen.meant_to_leave},
          {"latency_from", how.rate > 0 ? "due" : "sent"},
          {"latency", to_json(seen.completed)},
          {"latency_of_others", to_json(seen.others)}};
}

}  // namespace holdfast::cli::load
