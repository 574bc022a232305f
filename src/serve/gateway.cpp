// SPDX-License-Identifier: Apache-2.0
#include "serve/gateway.hpp"

#include "serve/access_log.hpp"
#include "serve/problem.hpp"

namespace holdfast::serve {
namespace {

constexpr std::size_t most_clients = 10'000;  // whose rates are remembered

std::map<std::string, actor_figures> actors_of(const catalog& all) {
  std::map<std::string, actor_figures> now;
  for (const auto& [name, each] : all.by_name)
    if (each->actors) now.emplace(name, each->actors->figures());
  return now;
}

std::function<span_figures()> figures_of(const tracer* traces) {
  if (traces == nullptr) return {};
  return [traces] { return traces->figures(); };
}

// What the server itself answers; the rest is a web application's, where there is one.
bool is_reserved(const std::string& first) noexcept {
  return first == "v1" || first == "livez" || first == "readyz" || first == "metrics" || first == "version" ||
         first == "openapi.json" || first == "page";
}

}  // namespace

gateway::gateway(service& what, const server_settings& settings, ledger& knows, line_log& access,
                 const core::time_source& time, tracer* traces)
    : service_(what),
      settings_(settings),
      time_(time),
      door_(settings),
      clients_(settings.per_client, most_clients),
      ledger_(knows),
      access_(access),
      traces_(traces),
      metrics_(knows, {.orphans = [&what] { return what.owner().orphans(); },
                       .actors = [&what] { return actors_of(*what.components()); },
                       .http = &figures_,
                       .traces = figures_of(traces),
                       .version = HOLDFAST_VERSION}),
      openapi_(settings) {}

http_answer gateway::refused(const http_refusal& why) { return problem_of(why); }

http_answer gateway::broken(const http_refusal& why) {
  return problem_of(why, outcome::host_failed, effect::unknown);
}

void gateway::served(const http_turn& turn, unsigned status, std::uint64_t bytes) noexcept {
  figures_.answered(status);
  // Strangers could fill the queue of spans: theirs is the choice of what is sampled.
  const bool stranger = door_.asks() && (status == 401 || status == 403) && turn.noted.principal.empty();
  if (traces_ != nullptr && turn.traced && !stranger) traces_->served(turn, status);
  if (access_.off()) return;
  try {
    access_.write(
        access_line(turn, status, bytes, time_.now() - turn.began(), std::chrono::system_clock::now()));
  } catch (const std::bad_alloc&) {
    // A line is lost; the request is answered.
  }
}

// The page is the same for everybody, and asks for the token itself.
bool gateway::open_to_all(const std::string& first) noexcept {
  return first == "livez" || first == "readyz" || first == "page" || first.empty();
}

void gateway::finish(const http_turn& turn, http_answer& what) const {
  what.no_sniffing = true;
  if (std::string origin = door_.allowed_origin(turn.request()); !origin.empty()) {
    what.fields.emplace_back("Access-Control-Allow-Origin", std::move(origin));
    what.fields.emplace_back("Access-Control-Expose-Headers", "Location, Retry-After");
    what.fields.emplace_back("Vary", "Origin");
  }
}

http_answer gateway::allow_only(const visit& on, const char* methods) const {
  const std::string allowed = std::string(methods) + ", OPTIONS";
  if (on.method != http_method::options) {
    http_answer told = problem_of(http_refusal(405, "this takes " + std::string(methods) + " alone"));
    told.fields.emplace_back("Allow", allowed);
    return told;
  }
  http_answer told(204);
  told.fields.emplace_back("Allow", allowed);
  if (!door_.allowed_origin(on.turn.request()).empty()) {
    told.fields.emplace_back("Access-Control-Allow-Methods", allowed);
    told.fields.emplace_back(
        "Access-Control-Allow-Headers",
        "Authorization, Content-Type, Idempotency-Key, Prefer, Holdfast-Deadline, traceparent");
    told.fields.emplace_back("Access-Control-Max-Age", "600");
  }
  return told;
}

task<gateway::maybe_answer> gateway::serve(http_turn& turn) {
  if (traces_ != nullptr) turn.traced = traces_->begin(turn.request());
  visit on{turn, service_.components(), {}, path_parts(turn.request().path()), turn.request().method};
  // HEAD is GET whose content is not sent; the connection sees to that.
  if (on.method == http_method::head) on.method = http_method::get;
  const std::string first = on.path.empty() ? std::string() : on.path.front();
  if (!is_reserved(first))
    if (const auto web = on.serves->web_for(turn.request().path())) co_return co_await serve_web(on, web);
  maybe_answer told = turned_away(on, first);
  if (!told) told = co_await route(on);
  if (told) finish(turn, *told);
  co_return told;
}

// What whoever may not come in is told.
gateway::maybe_answer gateway::turned_away(visit& on, const std::string& first) const {
  if (open_to_all(first)) return std::nullopt;
  if (const auto foreign = door_.check_origin(on.turn.request(), on.turn.encrypted()))
    return problem_of(*foreign);
  if (on.method == http_method::options) return std::nullopt;
  auto who = door_.recognize(on.turn);
  if (!who) {
    http_answer told = problem_of(
        http_refusal(401, "a bearer token, or a certificate, of somebody who is known here is needed"));
    told.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"holdfast\"");
    return told;
  }
  on.who = *std::move(who);
  on.turn.noted.principal = on.who.name;
  return std::nullopt;
}

task<gateway::maybe_answer> gateway::at_once(http_answer what) { co_return what; }

// No coroutine itself: each costs the quick calls something.
task<gateway::maybe_answer> gateway::route(visit& on) {
  const auto& path = on.path;
  const auto is = [&](std::size_t at, std::string_view word) { return path.size() > at && path[at] == word; };
  if (is(0, "v1")) {
    if (is(1, "call") && path.size() >= 4) return call_pool(on);
    if (is(1, "actors") && path.size() >= 5) return call_actor(on);
    if (is(1, "events") && path.size() == 2) return events(on);
    if (is(1, "calls") && path.size() == 2) return at_once(list_calls(on));
    if (is(1, "actors") && path.size() == 2) return at_once(list_actors(on));
    if (is(1, "dashboard") && path.size() == 2) return at_once(show_page(on, "/"));
    if (is(1, "calls") && path.size() >= 3) return one_call(on);
    if (is(1, "components") && path.size() == 2) return at_once(list_components(on));
    if (is(1, "components") && path.size() >= 3) return at_once(one_component(on));
  }
  if (path.size() == 1 && (is(0, "livez") || is(0, "readyz") || is(0, "version"))) return at_once(health(on));
  if (path.size() == 1 && is(0, "metrics")) return at_once(show_metrics(on));
  if (path.size() == 1 && is(0, "openapi.json")) return at_once(show_openapi(on));
  if (path.empty() || is(0, "page")) return at_once(show_page(on, on.turn.request().path()));
  return at_once(
      problem_of(http_refusal(404, "there is nothing at `" + std::string(on.turn.request().path()) + "`")));
}

}  // namespace holdfast::serve
