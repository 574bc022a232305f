// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/server_choice.hpp"
#include "cli/terminal.hpp"
#include "cli/text_table.hpp"

namespace holdfast::cli {
namespace {

struct components_settings {
  server_choice server;
  std::string name;
};

std::string states_of(const boost::json::object& of) {
  const auto* const states = of.if_contains("states");
  std::string all;
  if (states != nullptr && states->is_object())
    for (const auto& [name, count] : states->as_object())
      all += (all.empty() ? "" : ", ") + json_line(count) + " " + escape_line({name.data(), name.size()});
  return all;
}

void show_all(const boost::json::object& body) {
  text_table table({"NAME", "KIND", "CELLS", "QUEUED", "RESIDENT ACTORS", "STATES"});
  const auto* const all = body.if_contains("components");
  if (all != nullptr && all->is_array())
    for (const auto& value : all->as_array()) {
      const auto* const each = value.if_object();
      if (each == nullptr) continue;
      const auto* const actors = each->if_contains("actors");
      table.row({text_of(*each, "name"), text_of(*each, "kind"), text_of(*each, "cells"),
                 text_of(*each, "queued"),
                 actors != nullptr && actors->is_object() ? text_of(actors->as_object(), "resident") : "",
                 states_of(*each)});
    }
  table.print(is_terminal(stdout));
}

void show_one(const boost::json::object& body) {
  text_table table({"EXPORT", "CONTRACT", "SIGNATURE"});
  const auto* const all = body.if_contains("exports");
  if (all != nullptr && all->is_array())
    for (const auto& value : all->as_array())
      if (const auto* const each = value.if_object())
        table.row({text_of(*each, "name"), text_of(*each, "contract"), text_of(*each, "signature")});
  table.print(is_terminal(stdout));
}

void show_actors(const boost::json::object& body) {
  text_table table({"COMPONENT", "RESIDENT", "WAITING", "ACTIVATIONS", "PASSIVATIONS", "TIMERS"});
  const auto* const all = body.if_contains("actors");
  if (all != nullptr && all->is_array())
    for (const auto& value : all->as_array())
      if (const auto* const each = value.if_object())
        table.row({text_of(*each, "component"), text_of(*each, "resident"), text_of(*each, "waiting"),
                   text_of(*each, "activations"), text_of(*each, "passivations"), text_of(*each, "timers")});
  table.print(is_terminal(stdout));
}

exit_code run_of(const server_choice& server, const std::string& target,
                 void (*shows)(const boost::json::object&)) {
  const auto to = server.read();
  if (!to) return show(to.error(), server.json);
  const auto answer = ask_server(*to, "GET", target);
  if (!answer.well) return show_problem(*to, answer, server.json);
  if (server.json)
    std::printf("%s\n", json_line(answer.body).c_str());
  else
    shows(answer.body);
  return success;
}

}  // namespace

void add_components(CLI::App& app, action& run) {
  const auto given = std::make_shared<components_settings>();
  CLI::App* command = app.add_subcommand("components", "List what a running server serves");
  command->add_option("name", given->name, "Of this component, its exports");
  given->server.add_to(*command);
  command->footer(
      R"(In a pipe: a line each, with tabs between.

Examples:
  holdfast components
  holdfast components hello
  holdfast components --server unix:/run/holdfast.sock --json)");
  command->callback([given, &run] {
    run = [given] {
      return given->name.empty() ? run_of(given->server, "/v1/components", show_all)
                                 : run_of(given->server, "/v1/components/" + in_path(given->name), show_one);
    };
  });
}

void add_actors(CLI::App& app, action& run) {
  const auto given = std::make_shared<server_choice>();
  CLI::App* command =
      app.add_subcommand("actors", "Tell how many actors a running server has, and what they do");
  given->add_to(*command);
  command->footer(
      R"(In a pipe: a line for each component that has actors, with tabs between.

Examples:
  holdfast actors
  holdfast actors --json)");
  command->callback([given, &run] { run = [given] { return run_of(*given, "/v1/actors", show_actors); }; });
}

}  // namespace holdfast::cli
