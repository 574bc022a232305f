// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "serve/gateway.hpp"
#include "serve/problem.hpp"

/// Whether the server lives and is ready, what it serves, and that as an OpenAPI document.
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
  if (of.actors) told["actors"] = actors_json(of.actors->figures());
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
  http_answer told(well ? 200 : 503, "text/plain; charset=utf-8", well ? "ok\n" : why_not);
  told.fields.emplace_back("Cache-Control", "no-store");
  return told;
}

http_answer list_of(const catalog& now) {
  boost::json::array all;
  for (const auto& [name, each] : now.by_name) all.push_back(describe(*each, false));
  return json_answer(200, boost::json::object{{"components", std::move(all)}});
}

http_answer openapi_answer(const openapi_text& text, std::string_view known) {
  http_answer told(known == text.etag ? 304 : 200, "application/json");
  told.fields = {{"ETag", text.etag}, {"Cache-Control", "no-cache"}};
  if (told.status == 200) told.body = text.content;
  return told;
}

http_answer draining_answer(const std::string& name) {
  return json_answer(202, boost::json::object{{"name", name}, {"state", "draining"}});
}

}  // namespace

http_answer gateway::health(const visit& on) const {
  if (on.method != http_method::get) return allow_only(on, "GET, HEAD");
  if (on.path[0] == "version") return version_answer();
  const bool ending = service_.draining() || on.turn.ending();
  const bool well = on.path[0] == "livez" || (service_.ready() && !ending);
  return health_answer(well, ending ? "draining\n" : "starting\n");
}

http_answer gateway::list_components(const visit& on) const {
  if (on.method != http_method::get) return allow_only(on, "GET, HEAD");
  return list_of(*on.serves);
}

http_answer gateway::show_openapi(const visit& on) {
  if (on.method != http_method::get) return allow_only(on, "GET, HEAD");
  const auto text = openapi_.of(on.serves);
  return openapi_answer(*text, on.turn.request().field("if-none-match").value_or(""));
}

http_answer gateway::one_component(const visit& on) {
  const bool drain = on.path.size() == 4 && on.path[3] == "drain";
  if (on.path.size() > 4 || (on.path.size() == 4 && !drain))
    return problem_of(http_refusal(404, "a component has `/drain` below it, and nothing else"));
  if (on.method != (drain ? http_method::post : http_method::get))
    return allow_only(on, drain ? "POST" : "GET, HEAD");
  const auto which = on.serves->find(on.path[2]);
  if (which == nullptr)
    return problem_of(error(errc::no_such_export, "there is no component `" + on.path[2] + "`"));
  if (!drain) return json_answer(200, describe(*which, true));
  if (!on.who.may.drain) return problem_of(http_refusal(403, "`" + on.who.name + "` has no right to drain"));
  const auto begun = service_.drain_component(on.path[2], settings_.drain_grace);
  if (!begun) return problem_of(begun.error());
  return draining_answer(on.path[2]);
}

}  // namespace holdfast::serve
