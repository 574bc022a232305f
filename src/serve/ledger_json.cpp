// SPDX-License-Identifier: Apache-2.0
#include "serve/ledger_json.hpp"

#include <numeric>

#include "serve/units.hpp"
#include "wit/visible.hpp"

namespace holdfast::serve {
namespace {

boost::json::object spread(const histogram& of) {
  return {{"p50", seconds(of.quantile(0.5))}, {"p99", seconds(of.quantile(0.99))}};
}

component_figures of_all(const ledger_figures& of) {
  component_figures all;
  for (const auto& [name, each] : of.calls) all.add(each);
  return all;
}

}  // namespace

boost::json::object totals_json(const ledger_figures& of) {
  const component_figures all = of_all(of);
  boost::json::object made;
  made["accepted"] = all.accepted;
  for (std::size_t i = 1; i < outcome_count; ++i) {
    const auto what = static_cast<outcome>(i);
    std::uint64_t count = all.ended[i];
    if (what == outcome::refused)
      for (const auto& [why, some] : of.refused) count += some;
    made[to_string(what)] = count;
  }
  made["detached"] = of.detached;
  made["orphaned"] = of.orphaned;
  made["joined"] = of.joined;
  made["retried"] = of.retried;
  made["rebuilds"] =
      std::accumulate(of.cells.begin(), of.cells.end(), std::uint64_t{0},
                      [](std::uint64_t sum, const auto& each) { return sum + each.second.rebuilds; });
  return made;
}

boost::json::object overshoot_json(const overshoot_figures& of) {
  return {{"count", of.count}, {"p50", seconds(of.p50)}, {"p99", seconds(of.p99)}, {"max", seconds(of.max)}};
}

boost::json::object times_json(const ledger_figures& of) {
  const component_figures all = of_all(of);
  return {{"queue", spread(all.queue)}, {"run", spread(all.run)}};
}

boost::json::object cell_json(const cell_record& of, const calendar_time& at) {
  boost::json::object made{{"cell", of.cell}, {"component", of.component}};
  if (!of.actor.empty()) made["actor"] = wit::escape_line(of.actor);
  made["state"] = to_string(of.state);
  made["generation"] = of.generation;
  made["since"] = at(of.since);
  return made;
}

boost::json::object call_json(const call_record& of, const calendar_time& at) {
  boost::json::object made{
      {"id", of.id.to_string()}, {"component", of.of.component}, {"export", of.of.function}};
  if (!of.actor.empty()) made["actor"] = wit::escape_line(of.actor);
  made["phase"] = to_string(of.phase);
  made["since"] = at(of.since);
  if (of.generation != 0) {
    made["cell"] = of.cell;
    made["generation"] = of.generation;
  }
  made["attempt"] = of.attempt;
  made["waiters"] = of.waiters;
  made["keyed"] = of.keyed;
  if (!of.principal.empty()) made["principal"] = of.principal;
  if (of.phase == call_phase::done) {
    made["outcome"] = to_string(of.what);
    made["run"] = seconds(of.run);
    made["queue"] = seconds(of.queue);
  }
  return made;
}

boost::json::object ended_json(const call_record& of) {
  return {{"id", of.id.to_string()},    {"outcome", to_string(of.what)}, {"run", seconds(of.run)},
          {"queue", seconds(of.queue)}, {"component", of.of.component},  {"export", of.of.function}};
}

boost::json::object fault_json(const fault_record& of, const calendar_time& at) {
  return {{"at", at(of.at)},
          {"cell", of.cell},
          {"generation", of.generation},
          {"component", of.component},
          {"error", to_string(of.why)},
          {"detail", wit::escape_line(of.untrusted)}};
}

}  // namespace holdfast::serve
