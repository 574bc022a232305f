// SPDX-License-Identifier: Apache-2.0
#include "serve/tracer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "host/journal_digest.hpp"
#include "serve/units.hpp"

namespace holdfast::serve {
namespace {

constexpr std::size_t most_open = 4096;  // calls that go on though their requests are over

constexpr const char* detached = "detached";

// Who takes a call back has what was asked for.
bool ends_badly(outcome what) noexcept { return what != outcome::completed && what != outcome::revoked; }

bool is_known_method(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 9> known{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                  "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  return std::ranges::find(known, name) != known.end();
}

using attributes = std::vector<std::pair<const char*, trace_span::value>>;

void add(attributes& to, const char* key, std::string_view value) {
  if (!value.empty()) to.emplace_back(key, std::string(value.substr(0, longest_attribute)));
}

// `Host` as its name and its port.
void add_server(attributes& to, std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != host.npos && host.find(']', colon) == host.npos;
  add(to, "server.address", host.substr(0, has_port ? colon : host.npos));
  if (!has_port) return;
  std::uint16_t port = 0;
  std::from_chars(host.data() + colon + 1, host.data() + host.size(), port);
  if (port != 0) to.emplace_back("server.port", std::int64_t{port});
}

}  // namespace

bool is_sampled(const trace_id& which, double share) noexcept {
  // As OpenTelemetry has it: the last 56 bits are the random ones. A `double` has room for the upper 53 of
  // them.
  const auto bits = static_cast<double>((which.low & ((1ULL << 56) - 1)) >> 3);
  return bits < share * std::ldexp(1.0, 53);
}

std::string route_of(const path_list& path, std::string_view web) {
  const auto is = [&](std::size_t at, std::string_view word) { return path.size() > at && path[at] == word; };
  if (is(0, "v1")) {
    if (is(1, "call") && path.size() >= 4) return "/v1/call/{component}/{export}";
    if (is(1, "actors") && path.size() >= 5) return "/v1/actors/{component}/{key}/{export}";
    if (is(1, "calls") && path.size() == 3) return "/v1/calls/{id}";
    if (is(1, "calls") && path.size() == 4 && is(3, "kill")) return "/v1/calls/{id}/kill";
    if (is(1, "components") && path.size() == 3) return "/v1/components/{component}";
    if (is(1, "components") && path.size() == 4 && is(3, "drain")) return "/v1/components/{component}/drain";
    for (const char* const each : {"events", "calls", "actors", "dashboard", "components"})
      if (is(1, each) && path.size() == 2) return std::string("/v1/") + each;
    return {};
  }
  if (is(0, "page")) return "/page/{file}";
  for (const char* const each : {"livez", "readyz", "version", "metrics", "openapi.json"})
    if (is(0, each)) return path.size() == 1 ? std::string("/") + each : std::string();
  // What an application makes of its paths, it alone knows.
  if (!web.empty()) return is(0, web) ? "/" + std::string(web) + "/*" : "/*";
  return path.empty() ? "/" : std::string();
}

void pass_on(const request_trace& trace, std::vector<holdfast::http_field>& fields) {
  std::erase_if(fields, [](const holdfast::http_field& each) {
    return each.name == "traceparent" || each.name == "tracestate";
  });
  fields.push_back({"traceparent", trace.here.traceparent()});
  if (!trace.here.state.empty()) fields.push_back({"tracestate", trace.here.state});
}

result<std::unique_ptr<tracer>> tracer::make(const trace_settings& settings, ledger& knows,
                                             span_exporter_bounds bounds) {
  auto to = parse_otlp_endpoint(settings.endpoint);
  if (!to) return error(to.error().code, "traces: the endpoint " + to.error().message());
  std::unique_ptr<tracer> made(new tracer(settings, *std::move(to), knows, bounds));
  knows.tell_ended([one = made.get()](const call_id& call) { one->ended(call); });
  return made;
}

tracer::tracer(const trace_settings& settings, otlp_endpoint to, ledger& knows, span_exporter_bounds bounds)
    : share_(settings.sample),
      knows_(knows),
      out_({.where = std::move(to),
            .fields = settings.headers,
            .service = settings.service,
            .version = HOLDFAST_VERSION},
           bounds) {}

request_trace tracer::begin(const http_request& asked) const {
  request_trace made;
  made.began = std::chrono::steady_clock::now();
  made.began_at = std::chrono::system_clock::now();
  if (auto sender = sender_of(asked)) {
    made.here = *std::move(sender);
    made.parent = made.here.span;
  } else {
    made.here.trace = {random_.next(), random_.next()};
    made.here.sampled = is_sampled(made.here.trace, share_);
  }
  made.here.span = new_span();
  return made;
}

span_id tracer::new_span() const noexcept {
  span_id made = 0;
  while (made == 0) made = random_.next();
  return made;
}

void tracer::served(const http_turn& turn, unsigned status) noexcept {
  if (!turn.traced->here.sampled) return;
  try {
    give_request(turn, status);
    take_call(turn);
  } catch (const std::exception&) {
    out_.drop();  // no memory
  }
}

void tracer::give_request(const http_turn& turn, unsigned status) {
  const request_trace& trace = *turn.traced;
  const http_request& asked = turn.request();
  const auto& noted = turn.noted;
  const bool known = is_known_method(asked.method_name);
  const auto parts = path_parts(asked.path());
  const std::string route = route_of(parts, noted.component);

  trace_span made;
  made.here = trace.here;
  made.parent = trace.parent;
  made.parent_is_afar = trace.parent != 0;
  made.kind = trace_span::role::server;
  made.name = known ? asked.method_name : "HTTP";
  if (!route.empty()) made.name += " " + route;
  made.began = trace.began_at;
  made.ended = trace.wall(std::chrono::steady_clock::now());
  made.failed = status >= 500;
  attributes& to = made.attributes;
  add(to, "http.request.method", known ? asked.method_name : "_OTHER");
  if (!known) add(to, "http.request.method_original", asked.method_name);
  add(to, "url.scheme", turn.encrypted() ? "https" : "http");
  // Not the query: it may be an application's secret.
  add(to, "url.path", asked.path());
  add(to, "http.route", route);
  if (status != 0) to.emplace_back("http.response.status_code", static_cast<std::int64_t>(status));
  if (made.failed) add(to, "error.type", std::to_string(status));
  add_server(to, asked.host);
  if (turn.peer() != "unix") add(to, "client.address", turn.peer());
  add(to, "network.protocol.version", asked.version == 10 ? "1.0" : "1.1");
  add(to, "user_agent.original", asked.field("user-agent").value_or(""));
  add(to, "holdfast.component", noted.component);
  add(to, "holdfast.export", noted.function);
  if (noted.call != call_id()) add(to, "holdfast.call.id", noted.call.to_string());
  add(to, "holdfast.outcome", noted.outcome);
  out_.give(std::move(made));
}

void tracer::take_call(const http_turn& turn) {
  const auto& noted = turn.noted;
  // One that was refused is none, and one that was asked for again belongs to whoever began it.
  if (noted.call == call_id() || noted.function.empty()) return;
  open_call what{*turn.traced, noted.component, noted.function, noted.outcome};
  if (noted.outcome != detached) return give_call(noted.call, what, knows_.record_of(noted.call));
  {
    const std::scoped_lock lock(mutex_);
    if (calls_.size() >= most_open) return out_.drop();
    calls_.emplace(noted.call, std::move(what));
    open_ = calls_.size();
  }
  // It may have ended meanwhile: whoever takes it from the map tells of it.
  const auto record = knows_.record_of(noted.call);
  if (record && record->phase != call_phase::done) return;
  for (const open_call& each : forget(noted.call)) give_call(noted.call, each, record);
}

std::vector<tracer::open_call> tracer::forget(const call_id& call) {
  std::vector<open_call> all;
  const std::scoped_lock lock(mutex_);
  const auto [first, last] = calls_.equal_range(call);
  for (auto each = first; each != last; ++each) all.push_back(std::move(each->second));
  calls_.erase(first, last);
  open_ = calls_.size();
  return all;
}

void tracer::ended(const call_id& call) noexcept {
  if (open_ == 0) return;
  try {
    const auto mine = forget(call);
    if (mine.empty()) return;
    const auto record = knows_.record_of(call);
    for (const open_call& each : mine) give_call(call, each, record);
  } catch (const std::exception&) {
    out_.drop();
  }
}

void tracer::give_call(const call_id& call, const open_call& what, const std::optional<call_record>& record) {
  const bool done = record && record->phase == call_phase::done;
  const auto word = done ? std::optional(record->what) : detail::outcome_named(what.outcome);
  const std::string told(word ? std::string_view(to_string(*word)) : what.outcome);
  trace_span made;
  made.here = what.of.here;
  made.here.span = new_span();
  made.parent = what.of.here.span;
  made.name = "call " + what.component + "/" + what.function;
  // One that was joined by its key began before.
  const time_point began = record ? std::max<time_point>(record->accepted, what.of.began) : what.of.began;
  const time_point ended = done ? record->since : std::chrono::steady_clock::now();
  made.began = what.of.wall(began);
  made.ended = what.of.wall(std::max(began, ended));
  made.failed = word && ends_badly(*word);
  if (made.failed) made.why = told;
  attributes& to = made.attributes;
  add(to, "holdfast.call.id", call.to_string());
  add(to, "holdfast.component", what.component);
  add(to, "holdfast.export", what.function);
  add(to, "holdfast.outcome", told);
  add(to, "holdfast.effect", to_string(word ? effect_of(*word) : effect::unknown));
  if (made.failed) add(to, "error.type", told);
  if (record) {
    to.emplace_back("holdfast.generation", static_cast<std::int64_t>(record->generation));
    to.emplace_back("holdfast.attempts", static_cast<std::int64_t>(record->attempt));
    to.emplace_back("holdfast.queue_wait", seconds(record->queue));
    to.emplace_back("holdfast.run_time", seconds(record->run));
  }
  out_.give(std::move(made));
}

}  // namespace holdfast::serve
