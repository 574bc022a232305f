// SPDX-License-Identifier: Apache-2.0
#include "cli/top_frame.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "cli/server_choice.hpp"
#include "cli/text_table.hpp"

namespace holdfast::cli::top {
namespace {

constexpr std::size_t most_components = 8;
constexpr std::size_t most_faults = 4;
constexpr std::size_t most_marks = 64;
constexpr std::size_t fewest_calls = 3;

template <class... Parts>
std::string format(const char* form, Parts... parts) {
  char text[256];
  std::snprintf(text, sizeof text, form, parts...);
  return text;
}

std::string padded(std::string text, std::size_t columns) {
  text = cut(text, columns);
  const std::size_t has = columns_of(text);
  return has < columns ? text + std::string(columns - has, ' ') : text;
}

std::string number(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

char mark_of(const std::string& state) {
  if (state == "idle") return '.';
  if (state == "running") return '#';
  if (state == "broken") return 'X';
  if (state == "closed") return '-';
  return state.empty() ? '?' : state.front();  // building, stopping, rebuilding, draining
}

std::string head(const model& of, const frame_settings& how) {
  std::string line = "holdfast " + of.version + "  " + how.server + "  " + how.connection;
  if (of.started > 0) line += "  up " + time_for_people(how.now - of.started);
  line += format("  %llu connections", static_cast<unsigned long long>(of.connections));
  return of.draining ? line + "  DRAINING" : line;
}

std::string in_flight_line(const model& of) {
  std::map<std::string, std::uint64_t> phases;
  std::uint64_t alone = 0;
  for (const auto& [id, each] : of.in_flight) {
    ++phases[each.phase];
    if (each.waiters == 0) ++alone;
  }
  return "calls      " + number(of.in_flight.size()) + " in flight: " + number(phases["running"]) +
         " running, " + number(phases["queued"]) + " queued, " + number(phases["backing_off"]) +
         " backing off; nobody waits for " + number(alone);
}

void outcome_lines(const model& of, std::vector<std::string>& to) {
  to.emplace_back("outcomes                     all    a second");
  for (const std::string& name : outcome_names()) {
    const auto found = of.totals.find(name);
    const std::uint64_t count = found == of.totals.end() ? 0 : found->second;
    if (count == 0 && name != "completed") continue;
    const double rate = of.per_second(name);
    to.push_back("  " + padded(name, 18) +
                 format("%12s  %10s", number(count).c_str(), rate < 0 ? "-" : format("%.1f", rate).c_str()));
  }
}

std::string spread_text(const char* name, const spread_line& of) {
  return std::string(name) + " p50 " + time_for_people(of.p50) + " p99 " + time_for_people(of.p99);
}

void figure_lines(const model& of, std::vector<std::string>& to) {
  to.push_back("times      " + spread_text("queued", of.queue) + "   " + spread_text("run", of.run));
  to.push_back(of.overshoot.count == 0
                   ? "deadlines  none was passed"
                   : "deadlines  " + spread_text("overshoot", of.overshoot) + " max " +
                         time_for_people(of.overshoot.max) + " of " + number(of.overshoot.count));
  const auto of_orphans = [&](const char* name) {
    const auto found = of.orphans.find(name);
    return number(found == of.orphans.end() ? 0 : found->second);
  };
  to.push_back("orphans    " + of_orphans("orphans") + " run on without a caller, " + of_orphans("parked") +
               " results are parked for one");
}

void cell_lines(const model& of, std::vector<std::string>& to) {
  struct group {
    std::string marks;
    std::map<std::string, std::uint64_t> states;
  };
  std::map<std::string, group> groups;
  for (const auto& [name, told] : of.components) groups[name];
  for (const auto& [cell, each] : of.cells) {
    group& in = groups[each.component];
    if (in.marks.size() < most_marks) in.marks += mark_of(each.state);
    ++in.states[each.state];
  }
  to.emplace_back(
      "cells      . idle   # running   b building   s stopping   r rebuilding   X broken   d draining");
  std::size_t shown = 0;
  for (const auto& [name, in] : groups) {
    if (++shown > most_components) {
      to.push_back("  and " + number(groups.size() - most_components) + " components more");
      break;
    }
    std::string line = "  " + padded(name, 18) + " [" + in.marks + "]";
    for (const auto& [state, count] : in.states) line += " " + number(count) + " " + state;
    if (const auto known = of.components.find(name); known != of.components.end()) {
      if (const std::string queued = text_of(known->second, "queued"); !queued.empty() && queued != "0")
        line += ", " + queued + " calls wait";
      if (const std::string state = text_of(known->second, "state"); state != "serving") line += ", " + state;
    }
    to.push_back(std::move(line));
  }
}

std::string call_text(const call_line& of, double now) {
  return padded(time_for_people(std::max(now - of.since, 0.0)), 9) + " " + padded(of.phase, 11) + " " +
         padded(of.waiters == 0 ? "nobody" : number(of.waiters), 7) + " " + padded(of.component, 16) + " " +
         padded(of.function, 20) + " " + padded(of.actor.empty() ? "-" : of.actor, 12) + " " + of.id;
}

void call_lines(const model& of, const frame_settings& how, std::size_t room, std::vector<std::string>& to) {
  to.push_back("  " + padded("AGE", 9) + " " + padded("STATE", 11) + " " + padded("WAITS", 7) + " " +
               padded("COMPONENT", 16) + " " + padded("EXPORT", 20) + " " + padded("ACTOR", 12) + " ID");
  const auto calls = of.calls();
  std::size_t selected = 0;
  for (std::size_t i = 0; i < calls.size(); ++i)
    if (calls[i]->id == how.selected) selected = i;
  // The selected one stays in sight.
  const std::size_t from = selected >= room ? selected - room + 1 : 0;
  for (std::size_t i = from; i < std::min(calls.size(), from + room); ++i) {
    const bool marked = how.interactive && calls[i]->id == how.selected;
    const std::string line = cut((marked ? "> " : "  ") + call_text(*calls[i], how.now), how.columns);
    to.push_back(marked ? "\x1b[7m" + line + "\x1b[0m" : line);
  }
}

std::string clock_text(double at) {
  const auto seconds = static_cast<std::time_t>(at);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return format("%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

void fault_lines(const model& of, std::vector<std::string>& to) {
  to.push_back(of.faults.empty() ? "faults     none" : "faults     the last ones");
  const std::size_t count = std::min(of.faults.size(), most_faults);
  for (std::size_t i = of.faults.size() - count; i < of.faults.size(); ++i) {
    const fault_line& each = of.faults[i];
    to.push_back("  " + clock_text(each.at) + " " + padded(each.component, 16) + " " + padded(each.why, 16) +
                 " " + each.detail);
  }
}

}  // namespace

std::string cut(const std::string& text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U && ++seen > columns) return text.substr(0, i);
  return text;
}

std::vector<std::string> draw(const model& of, const frame_settings& how) {
  std::vector<std::string> above;
  above.push_back(head(of, how));
  above.push_back(in_flight_line(of));
  figure_lines(of, above);
  outcome_lines(of, above);
  cell_lines(of, above);
  std::vector<std::string> below;
  fault_lines(of, below);
  if (how.interactive)
    below.push_back(how.message.empty() ? "q quit   arrows choose a call   k kill it   r revoke it"
                                        : how.message);
  std::size_t room = of.in_flight.size();
  if (how.rows > 0) {
    const std::size_t taken = above.size() + below.size() + 1;
    room = how.rows > taken + fewest_calls ? how.rows - taken : fewest_calls;
  }
  for (std::string& each : above) each = cut(each, how.columns);
  for (std::string& each : below) each = cut(each, how.columns);
  std::vector<std::string> all = std::move(above);
  call_lines(of, how, room, all);
  all.insert(all.end(), below.begin(), below.end());
  // Where the terminal is too low for all, what was asked of the person stays in sight.
  if (how.rows > 0 && all.size() > how.rows) {
    const std::string last = all.back();
    all.resize(how.rows);
    all.back() = last;
  }
  return all;
}

}  // namespace holdfast::cli::top
