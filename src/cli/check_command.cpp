// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>
#include <holdfast/host.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "serve/read_config.hpp"
#include "serve/service.hpp"

namespace holdfast::cli {
namespace {

using serve::component_kind;
using serve::component_settings;
using serve::config_reading;
using serve::config_remark;

struct check_settings {
  std::string path = "holdfast.toml";
  bool compile = false;
  bool json = false;
};

boost::json::array to_json(const std::vector<config_remark>& all) {
  boost::json::array list;
  for (const config_remark& one : all) {
    boost::json::object json{{"source", one.place.source}};
    if (one.place.line != 0) {
      json["line"] = one.place.line;
      json["column"] = one.place.column;
    }
    json["text"] = one.text;
    list.push_back(std::move(json));
  }
  return list;
}

// What opening the component would refuse.
std::optional<error> open_one(const engine& with, const config_reading& all, const component_settings& one) {
  const compile_options how = serve::compile_options_of(all.settings, one);
  const auto loaded = component::load(with, one.path, how);
  if (!loaded) return loaded.error();
  host trial(with, {.workers = 1, .function_threads = 1});
  if (one.kind == component_kind::actors) {
    actor_options options = one.actors;
    options.resident = 1;
    for (const auto& path : one.earlier) {
      auto version = component::load(with, path, how);
      if (!version) return version.error();
      options.earlier.push_back(*std::move(version));
    }
    const auto opened = trial.open_actors(*loaded, std::move(options));
    return opened ? std::nullopt : std::optional(opened.error());
  }
  pool_options options = one.pool;
  options.cells = 1;
  options.rebuild.spares = 0;
  const auto opened = trial.open(*loaded, std::move(options));
  return opened ? std::nullopt : std::optional(opened.error());
}

void compile_all(config_reading& read) {
  engine_options options = read.settings.engine;
  options.max_instances = 1;
  const auto with = engine::make(options);
  if (!with) {
    read.errors.push_back({{read.settings.file.string()}, escape_line(with.error().message())});
    return;
  }
  for (const component_settings& one : read.settings.components)
    if (const auto wrong = open_one(*with, read, one))
      read.errors.push_back({{escape_line(read.settings.file.string())},
                             escape_line("component `" + one.name + "`: " + wrong->message())});
}

exit_code run_check(const check_settings& given) {
  config_reading read = serve::read_config(given.path, serve::process_environment());
  if (read.sound() && given.compile) compile_all(read);
  if (given.json) {
    const boost::json::object json{{"file", given.path},
                                   {"sound", read.sound()},
                                   {"components", read.settings.components.size()},
                                   {"errors", to_json(read.errors)},
                                   {"warnings", to_json(read.warnings)}};
    std::printf("%s\n", json_line(json).c_str());
  } else {
    for (const config_remark& one : read.errors) std::fprintf(stderr, "%s\n", one.line().c_str());
    for (const config_remark& one : read.warnings)
      std::fprintf(stderr, "%s: warning: %s\n", one.place.text().c_str(), one.text.c_str());
    if (read.sound())
      std::printf("%s: sound. Components: %zu, instances: %u\n", escape_line(given.path).c_str(),
                  read.settings.components.size(), read.settings.engine.max_instances);
  }
  return read.sound() ? success : bad_input;
}

}  // namespace

void add_check(CLI::App& app, action& run) {
  const auto given = std::make_shared<check_settings>();
  CLI::App* command = app.add_subcommand("check", "Read a configuration, and tell all that is wrong with it");
  command->add_option("file", given->path, "The configuration")->capture_default_str();
  command->add_flag("--compile", given->compile,
                    "Compile each component too: its imports have to be there, exports as named");
  command->add_flag("--json", given->json, "Print one line of JSON");
  command->footer(
      R"(Variables such as HOLDFAST_SERVER__LISTEN stand above the file; docs/configuration.md has every key.
Exit code 0: sound, perhaps with warnings; 2: it is not.

Examples:
  holdfast check
  holdfast check holdfast.toml --compile
  holdfast check --json | jq '.errors[].text')");
  command->callback([given, &run] { run = [given] { return run_check(*given); }; });
}

}  // namespace holdfast::cli
