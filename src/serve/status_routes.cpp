// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "serve/gateway.hpp"
#include "serve/problem.hpp"

/// Whether the server lives and is ready, and what it serves.
namespace holdfast::serve {
namespace {

boost::json::object describe(const hosted& of, bool with_exports) {
  boost::json::object told;
  told["name"] = of.settings.name;
  told["kind"] = to_string(of.kind);
  if (of.pool) {
    boost::json::object states;
    std::size_t cells = 0;
    for (const cell_status& each : of.pool->cells()) {
      auto& count = states[to_string(each.state)];
      count = count.is_int64() ? count.as_int64() + 1 : 1;
      ++cells;
    }
    told["cells"] = cells;
    told["states"] = std::move(states);
    told["queued"] = of.pool->queued();
  }
  if (of.actors) {
    const actor_figures now = of.actors->figures();
    told["actors"] = boost::json::object{{"resident", now.resident},
                                         {"waiting", now.waiting},
                                         {"activations", now.activations},
                                         {"passivations", now.passivations},
                                         {"timers", now.timers}};
  }
  if (!with_exports) return told;
  boost::json::array exports;
  for (const wit::function* each : of.exports->of().world().exported_functions())
    exports.push_back({{"name", each->qualified_name()},
                       {"signature", each->to_string()},
                       {"contract", to_string(each->contract)},
                       {"docs", each->docs}});
  told["exports"] = std::move(exports);
  return told;
}

http_answer version_answer() {
  return json_answer(200,
                     boost::json::object{{"version", HOLDFAST_VERSION}, {"wasmtime", engine::version()}});
}

http_answer health_answer(bool well, const char* why_not) {
  return http_answer(well ? 200 : 503,
                     {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}},
                     well ? "ok\n" : why_not);
}

http_answer list_of(const catalog& now) {
  boost::json::array all;
  for (const auto& [name, each] : now.by_name) all.push_back(describe(*each, false));
  return json_answer(200, boost::json::object{{"components", std::move(all)}});
}

http_answer draining_answer(const std::string& name) {
  return json_answer(202, boost::json::object{{"name", name}, {"state", "draining"}});
}

}  // namespace

task<void> gateway::health(visit& on) {
  if (on.method != http_method::get) co_return co_await allow_only(on, "GET, HEAD");
  if (on.path[0] == "version") co_return co_await answer(on.turn, version_answer());
  const bool ending = service_.draining() || on.turn.ending();
  const bool well = on.path[0] == "livez" || (service_.ready() && !ending);
  co_await answer(on.turn, health_answer(well, ending ? "draining\n" : "starting\n"));
}

task<void> gateway::list_components(visit& on) {
  if (on.method != http_method::get) co_return co_await allow_only(on, "GET, HEAD");
  co_await answer(on.turn, list_of(*service_.components()));
}

task<void> gateway::one_component(visit& on) {
  const bool drain = on.path.size() == 4 && on.path[3] == "drain";
  if (on.path.size() > 4 || (on.path.size() == 4 && !drain))
    co_return co_await answer(
        on.turn, problem_of(http_refusal(404, "a component has `/drain` below it, and nothing else")));
  if (on.method != (drain ? http_method::post : http_method::get))
    co_return co_await allow_only(on, drain ? "POST" : "GET, HEAD");
  const auto which = service_.components()->find(on.path[2]);
  if (which == nullptr)
    co_return co_await answer(
        on.turn, problem_of(error(errc::no_such_export, "there is no component `" + on.path[2] + "`")));
  if (!drain) co_return co_await answer(on.turn, json_answer(200, describe(*which, true)));
  if (!on.who.may.drain)
    co_return co_await answer(on.turn,
                              problem_of(http_refusal(403, "`" + on.who.name + "` has no right to drain")));
  const auto begun = service_.drain_component(on.path[2], settings_.drain_grace);
  if (!begun) co_return co_await answer(on.turn, problem_of(begun.error()));
  co_await answer(on.turn, draining_answer(on.path[2]));
}

}  // namespace holdfast::serve
