// SPDX-License-Identifier: Apache-2.0
#include "cli/top_model.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <holdfast/outcome.hpp>

#include "cli/server_choice.hpp"
#include "cli/terminal.hpp"

namespace holdfast::cli::top {
namespace {

constexpr std::size_t most_faults = 200;
constexpr double looked_back = 5;  // seconds

using counts = std::map<std::string, std::uint64_t>;

const boost::json::object* object_in(const boost::json::object& of, const char* name) {
  const auto* const found = of.if_contains(name);
  return found == nullptr ? nullptr : found->if_object();
}

std::uint64_t count_of(const boost::json::object& of, std::string_view name) {
  const double read = number_of(of, name);
  return read > 0 && read < 1e18 ? static_cast<std::uint64_t>(read) : 0;
}

template <class Do>
void each_in(const boost::json::object& of, const char* name, Do what) {
  const auto* const found = of.if_contains(name);
  if (found == nullptr || !found->is_array()) return;
  for (const auto& each : found->as_array()) what(each);
}

template <class Do>
void each_object_in(const boost::json::object& of, const char* name, Do what) {
  each_in(of, name, [&](const boost::json::value& each) {
    if (const auto* const object = each.if_object()) what(*object);
  });
}

void take_counts(const boost::json::object* from, counts& to) {
  if (from == nullptr) return;
  for (const auto& [key, value] : *from) {
    const std::string name(key);
    to[escape_line(name)] = count_of(*from, name);
  }
}

void take_spread(const boost::json::object* from, spread_line& to) {
  if (from == nullptr) return;
  to = {.p50 = number_of(*from, "p50"),
        .p99 = number_of(*from, "p99"),
        .max = number_of(*from, "max"),
        .count = count_of(*from, "count")};
}

call_line call_of(const boost::json::object& told) {
  return {.id = text_of(told, "id"),
          .component = text_of(told, "component"),
          .function = text_of(told, "export"),
          .actor = text_of(told, "actor"),
          .phase = text_of(told, "phase"),
          .since = number_of(told, "since"),
          .waiters = count_of(told, "waiters")};
}

}  // namespace

const std::vector<std::string>& outcome_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> made;
    for (int i = static_cast<int>(outcome::completed); i <= static_cast<int>(outcome::lost_in_crash); ++i)
      made.emplace_back(to_string(static_cast<outcome>(i)));
    return made;
  }();
  return names;
}

bool model::take(std::string_view event, const boost::json::object& told) {
  if (event == "snapshot")
    *this = model();
  else if (event != "change")
    return false;
  if (told.contains("at")) at = number_of(told, "at");
  heard_at = now();
  if (const auto* const server = object_in(told, "server")) {
    version = text_of(*server, "version");
    started = number_of(*server, "started");
    connections = count_of(*server, "connections");
    draining = text_of(*server, "draining") == "true";
    const auto* const rights = object_in(*server, "rights");
    may_kill = rights != nullptr && text_of(*rights, "kill") == "true";
  }
  take_counts(object_in(told, "totals"), totals);
  take_counts(object_in(told, "orphans"), orphans);
  take_spread(object_in(told, "overshoot"), overshoot);
  if (const auto* const times = object_in(told, "times")) {
    take_spread(object_in(*times, "queue"), queue);
    take_spread(object_in(*times, "run"), run);
  }
  take_lists(told);
  return true;
}

void model::take_lists(const boost::json::object& told) {
  // The list of components is always whole.
  if (told.contains("components")) components.clear();
  each_object_in(told, "components", [&](const auto& each) { components[text_of(each, "name")] = each; });
  each_object_in(told, "cells", [&](const auto& each) {
    cells[count_of(each, "cell")] = {text_of(each, "component"), text_of(each, "state")};
  });
  each_in(told, "cells_gone", [&](const boost::json::value& each) {
    boost::system::error_code failed;
    const auto gone = each.to_number<std::uint64_t>(failed);
    if (!failed) cells.erase(gone);
  });
  each_object_in(told, "calls", [&](const auto& each) {
    call_line read = call_of(each);
    if (!read.id.empty()) in_flight[read.id] = std::move(read);
  });
  each_object_in(told, "calls_gone", [&](const auto& each) { in_flight.erase(text_of(each, "id")); });
  each_object_in(told, "faults", [&](const auto& each) {
    faults.push_back({.at = number_of(each, "at"),
                      .component = text_of(each, "component"),
                      .why = text_of(each, "error"),
                      .detail = text_of(each, "detail")});
    if (faults.size() > most_faults) faults.pop_front();
  });
}

void model::sample(double now) {
  samples_.push_back({now, totals});
  while (samples_.size() > 2 && samples_[1].at <= now - looked_back) samples_.pop_front();
}

double model::per_second(const std::string& outcome) const {
  if (samples_.size() < 2) return -1;
  const auto of = [&](const totals_then& when) {
    const auto found = when.totals.find(outcome);
    return found == when.totals.end() ? std::uint64_t{0} : found->second;
  };
  const auto& first = samples_.front();
  const auto& last = samples_.back();
  if (last.at <= first.at || of(last) < of(first)) return -1;
  return static_cast<double>(of(last) - of(first)) / (last.at - first.at);
}

std::vector<const call_line*> model::calls() const {
  std::vector<const call_line*> all;
  for (const auto& [id, each] : in_flight) all.push_back(&each);
  std::ranges::stable_sort(all, {}, [](const call_line* each) { return each->since; });
  return all;
}

}  // namespace holdfast::cli::top
