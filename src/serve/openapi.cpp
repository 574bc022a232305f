// SPDX-License-Identifier: Apache-2.0
#include "serve/openapi.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "host/actor_home.hpp"
#include "serve/ascii.hpp"
#include "serve/embedded_file.hpp"
#include "serve/json_schema.hpp"
#include "wit/docs_page.hpp"
#include "wit/visible.hpp"

namespace holdfast::serve {

std::span<const embedded_file> openapi_files();

namespace {

namespace json = boost::json;

// A status, and which of the responses of `routes.json` it comes with.
struct failure {
  const char* status;
  const char* response;
};
constexpr std::array<failure, 10> of_calls = {{{"400", "bad-request"},
                                               {"404", "not-found"},
                                               {"409", "conflict"},
                                               {"413", "too-large"},
                                               {"415", "no-json"},
                                               {"422", "key-conflict"},
                                               {"429", "too-many"},
                                               {"500", "failed"},
                                               {"503", "unavailable"},
                                               {"504", "too-late"}}};
// These may come of every request, before it is looked at.
constexpr std::array<failure, 7> of_requests = {{{"400", "bad-request"},
                                                 {"403", "forbidden"},
                                                 {"408", "too-slow"},
                                                 {"414", "long-target"},
                                                 {"431", "large-head"},
                                                 {"500", "failed"},
                                                 {"503", "unavailable"}}};

std::string percent_encoded(std::string_view text, std::string_view also_plain = {}) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string made;
  for (const char c : text) {
    const bool plain = ascii::is_alnum(c) || std::string_view("-._~").find(c) != std::string_view::npos ||
                       also_plain.find(c) != std::string_view::npos;
    if (plain) {
      made += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    made += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return made;
}

json::object reference(const char* kind, std::string_view name) {
  return json::object{{"$ref", "#/components/" + std::string(kind) + "/" + std::string(name)}};
}

json::object json_content(json::object schema) {
  return json::object{{"application/json", json::object{{"schema", std::move(schema)}}}};
}

json::object completed_schema(const wit::function& of) {
  json::object value = of.result ? schema_of(*of.result, json_side::written) : json::object{{"type", "null"}};
  return {{"type", "object"},
          {"allOf", json::array{json::value(reference("schemas", "completed"))}},
          {"properties", json::object{{"value", std::move(value)}}},
          {"unevaluatedProperties", false}};
}

json::object responses_of(const wit::function& of) {
  json::object all;
  all["200"] = {{"description", "The guest returned. An `err` of its own is a value too."},
                {"content", json_content(completed_schema(of))},
                {"headers", json::object{{"Preference-Applied", reference("headers", "preference-applied")}}},
                {"links", json::object{{"by-its-id", reference("links", "call")}}}};
  all["202"] = reference("responses", "detached");
  for (const failure& each : of_calls) all[each.status] = reference("responses", each.response);
  return all;
}

json::array parameters_of(bool of_actor) {
  json::array all;
  if (of_actor) all.emplace_back(reference("parameters", "actor-key"));
  for (const char* each : {"idempotency-key", "prefer", "deadline", "traceparent"})
    all.emplace_back(reference("parameters", each));
  return all;
}

json::object operation_of(const described_component& in, const wit::function& of) {
  const std::string name = of.qualified_name();
  json::object made;
  made["operationId"] = "call:" + std::string(in.name) + ":" + name;
  made["summary"] = of.to_string();
  if (!of.docs.empty()) made["description"] = of.docs;
  made["tags"] = json::array{json::value(in.name)};
  made["x-holdfast-contract"] = wit::marks_json(of.contract);
  made["parameters"] = parameters_of(in.has_actors);
  made["requestBody"] = {{"required", true}, {"content", json_content(arguments_schema(of))}};
  made["responses"] = responses_of(of);
  return made;
}

std::string path_of(const described_component& in, const wit::function& of) {
  std::string path = in.has_actors ? "/v1/actors/" : "/v1/call/";
  path += percent_encoded(in.name);
  if (in.has_actors) path += "/{key}";
  return path + "/" + percent_encoded(of.qualified_name(), "/:@");
}

void add_common(json::object& responses, bool asks) {
  for (const failure& each : of_requests)
    if (!responses.contains(each.status)) responses[each.status] = reference("responses", each.response);
  if (asks) responses["401"] = reference("responses", "unknown-principal");
}

void add_security(json::object& document, const server_settings& settings) {
  const auto some = [&](auto has) { return std::ranges::any_of(settings.principals, has); };
  json::object schemes;
  json::array either;
  if (some([](const principal_settings& each) { return !each.token_sha256.empty(); })) {
    schemes["token"] = {{"type", "http"}, {"scheme", "bearer"}};
    either.emplace_back(json::object{{"token", json::array()}});
  }
  if (some([](const principal_settings& each) { return !each.certificate_subject.empty(); })) {
    schemes["certificate"] = json::object{{"type", "mutualTLS"}};
    either.emplace_back(json::object{{"certificate", json::array()}});
  }
  if (either.empty()) return;
  document["security"] = std::move(either);
  document["components"].as_object()["securitySchemes"] = std::move(schemes);
}

json::object routes_of_every_server() {
  const std::string_view text = openapi_files().front().content;
  return json::parse(json::string_view(text.data(), text.size())).as_object();
}

std::string etag_of(std::string_view content) {
  std::array<unsigned char, 16> digest{};
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(content.data()),
                     content.size(), nullptr, 0);
  std::array<char, 2 * digest.size() + 1> text{};
  sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
  return "\"" + std::string(text.data()) + "\"";
}

}  // namespace

json::object openapi_document(std::span<const described_component> all, const server_settings& settings) {
  json::object document = routes_of_every_server();
  document["info"].as_object()["version"] = HOLDFAST_VERSION;
  json::object& paths = document["paths"].as_object();
  json::array left_out;
  for (const described_component& in : all) {
    for (const wit::function* each : in.world->exported_functions()) {
      const bool lifecycle = in.has_actors && each->interface == detail::lifecycle_interface;
      if (!lifecycle && crosses(*each)) {
        paths[path_of(in, *each)] = json::object{{"post", operation_of(in, *each)}};
        continue;
      }
      left_out.push_back({{"component", in.name},
                          {"export", each->qualified_name()},
                          {"why", lifecycle ? "Holdfast alone calls it" : "its types have no JSON"}});
    }
  }
  const bool asks = !settings.principals.empty();
  for (auto& [path, methods] : paths)
    for (auto& [method, operation] : methods.as_object()) {
      const json::value* const open = operation.as_object().if_contains("security");
      add_common(operation.as_object()["responses"].as_object(), asks && open == nullptr);
    }
  document["x-holdfast-left-out"] = std::move(left_out);
  add_security(document, settings);
  return document;
}

std::shared_ptr<const openapi_text> openapi_page::of(const std::shared_ptr<const catalog>& now) {
  const std::scoped_lock lock(mutex_);
  if (made_ != nullptr && made_of_.lock() == now) return made_;
  std::vector<described_component> all;
  for (const auto& [name, each] : now->by_name)
    all.push_back({name, each->kind == component_kind::actors, &each->exports->of().world()});
  auto made = std::make_shared<openapi_text>();
  made->content = wit::json_line(openapi_document(all, settings_));
  made->etag = etag_of(made->content);
  made_of_ = now;
  made_ = std::move(made);
  return made_;
}

}  // namespace holdfast::serve
