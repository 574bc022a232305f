// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "serve/ascii.hpp"
#include "serve/config_rooms.hpp"
#include "serve/otlp.hpp"
#include "serve/read_config.hpp"
#include "serve/toml_depth.hpp"
#include "wit/nearest.hpp"
#include "wit/visible.hpp"

namespace holdfast::serve {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::size_t most_components = 1000;

void read_engine(config_table& of, engine_options& to, pending_checks& later) {
  later.instances_are_given = of.number("max_instances", to.max_instances, {1, 1'000'000});
  later.instances = of.place("max_instances");
  of.size("max_memory", to.max_memory, {64U << 10, 16ULL << 30});
  of.size("memory_reservation", to.memory_reservation, {0, 64ULL << 30});
  of.size("max_stack", to.max_stack, {64U << 10, 64U << 20});
  of.time("tick", to.tick, {nanoseconds(100us).count(), nanoseconds(5ms).count()});
  of.number("reactor_threads", to.reactor_threads, {1, 1024});
  of.flag("reuse_pages", to.reuse_pages);
}

void read_host(config_table& of, host_options& to) {
  of.number("workers", to.workers, {0, 1024});
  of.number("function_threads", to.function_threads, {1, 1024});
  of.number("stuck_functions", to.stuck_functions, {1, 1'000'000});
  of.size("function_bytes", to.function_bytes, {1});
}

void read_keys(config_table& of, key_policy& to) {
  of.number("count", to.count, {1});
  of.size("bytes", to.bytes, {1});
  of.time("time", to.time, {nanoseconds(1s).count(), no_limit.count()}, endless::allowed);
  of.number("under_way", to.under_way, {1});
  of.size("under_way_bytes", to.under_way_bytes, {1});
}

void read_parking(config_table& of, parking_policy& to) {
  of.number("count", to.count);
  of.size("bytes", to.bytes);
  of.time("time", to.time, {0, no_limit.count()}, endless::allowed);
}

void read_log_target(config_table& of, std::string_view key, std::string& to) {
  if (!of.text(key, to) || to == "-" || to == "off") return;
  if (to.empty()) return of.error(key, "`" + std::string(key) + "` is empty; it wants `-`, `off` or a path");
  to = (of.source().folder / to).lexically_normal().string();
  of.source().to.files.push_back({of.place(key), std::string(key), to, expected_file::kind::parent});
}

// Those of the connection and of the body are the exporter's own.
bool may_be_sent(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 7> own{
      "connection", "content-encoding", "content-length", "content-type", "host", "te", "transfer-encoding"};
  const auto fits = [](char c) { return c == ' ' || c == '\t' || ascii::is_visible(c); };
  return ascii::is_token(name) && std::ranges::all_of(value, fits) &&
         std::ranges::find(own, ascii::lowered(name)) == own.end();
}

void read_traces(config_table& of, trace_settings& to) {
  if (of.text("endpoint", to.endpoint) && !to.endpoint.empty())
    if (const auto read = parse_otlp_endpoint(to.endpoint); !read)
      of.error("endpoint", "`endpoint` " + read.error().message());
  of.real("sample", to.sample, {0, 1});
  if (of.text("service", to.service) && to.service.empty())
    of.error("service", "`service` is empty; it wants a name");
  of.pairs("headers", to.headers);
  for (const auto& [name, value] : to.headers)
    if (!may_be_sent(name, value))
      of.error("headers", "`headers` has a field that cannot be sent: " + wit::shortened(name));
}

// Of the compiler, which is a process apart.
void read_compile(config_table& of, config& to) {
  std::string cache;
  if (of.text("cache", cache)) {
    of.source().to.names_cache = true;
    if (cache.empty()) of.error("cache", "`cache` is empty; it wants a path or `none`");
    if (cache != "none") to.cache = (of.source().folder / cache).lexically_normal();
  }
  of.time("compile_limit", to.compile_limit, {nanoseconds(100ms).count(), no_limit.count()});
  if (to.compile_limit == no_limit) to.compile_limit.reset();
  of.size("compile_memory", to.compile_memory, {64U << 20, 1ULL << 44});
}

void read_all(config_table& of, config& to, pending_checks& later) {
  of.path("journal", to.journal, expected_file::kind::parent);
  read_compile(of, to);
  of.table("server", [&](config_table& inner) {
    read_server(inner, to.server);
    later.listen = inner.place("listen");
  });
  read_principals(of, to.server);
  of.table("engine", [&](config_table& inner) { read_engine(inner, to.engine, later); });
  of.table("host", [&](config_table& inner) { read_host(inner, to.host); });
  of.table("keys", [&](config_table& inner) { read_keys(inner, to.host.keys); });
  of.table("parking", [&](config_table& inner) { read_parking(inner, to.host.parking); });
  of.table("log", [&](config_table& inner) {
    read_log_target(inner, "access", to.log.access);
    read_log_target(inner, "guests", to.log.guests);
  });
  of.table("traces", [&](config_table& inner) { read_traces(inner, to.traces); });
  of.named("components", [&](const std::string& name, config_table& inner) {
    if (to.components.size() == most_components)
      return inner.error("more than " + std::to_string(most_components) + " components");
    if (to.components.size() > most_components) return;
    component_settings one;
    read_component(name, inner, one, later);
    to.components.push_back(std::move(one));
  });
}

}  // namespace

std::string name_of_source(const std::filesystem::path& file) {
  return file.empty() ? "the command line" : wit::escape_line(file.string());
}

void read_root(config_source& of, toml::table& file, const environment_variables& environment) {
  of.overrides.apply(environment, file, of.to);
  pending_checks later;
  config_table root(of, file, {}, "");
  read_all(root, of.to.settings, later);
  root.end();
  check_together(of, later);
}

config_reading parse_config(std::string_view text, const std::filesystem::path& file,
                            const environment_variables& environment) {
  config_reading read;
  read.settings.file = file;
  config_source source{.to = read, .name = name_of_source(file), .folder = file.parent_path()};
  if (text.size() > largest_config) {
    source.error({source.name}, "the file is larger than 1 MiB");
    return read;
  }
  if (const auto line = nests_too_deep(text)) {
    source.error({source.name, *line, 1}, "a key of more than " + std::to_string(deepest_key) + " parts");
    return read;
  }
  auto parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& wrong = parsed.error();
    const auto& at = wrong.source().begin;
    source.error({source.name, at.line, at.column}, wrong.description());
    return read;
  }
  toml::table table = std::move(parsed).table();
  read_root(source, table, environment);
  return read;
}

std::map<std::string, std::string> known_keys() {
  config_reading read;
  std::map<std::string, std::string> keys;
  config_source source{.to = read, .name = name_of_source({}), .catalogue = &keys};
  const toml::table nothing;
  pending_checks later;
  config_table root(source, nothing, {}, "");
  read_all(root, read.settings, later);
  return keys;
}

}  // namespace holdfast::serve
