// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/component_file.hpp"
#include "cli/terminal.hpp"
#include "wit/docs_page.hpp"

namespace holdfast::cli {
namespace {

struct inspect_settings {
  component_file file;
  bool json = false;
};

// Only what is exported has a contract.
enum class side : std::uint8_t { exports, imports };

boost::json::object to_json(const wit::function& one, side of) {
  boost::json::object json;
  json["name"] = one.qualified_name();
  boost::json::array params;
  for (const wit::field& param : one.params)
    params.push_back({{"name", param.name}, {"type", param.type.to_string()}});
  json["params"] = std::move(params);
  json["result"] = one.result ? boost::json::value(one.result->to_string()) : boost::json::value(nullptr);
  json["async"] = one.is_async;
  if (of == side::exports) json["marks"] = wit::marks_json(one.contract);
  return json;
}

void add_others(const wit::interface& of, boost::json::array& all) {
  for (const wit::named_item& other : of.others)
    all.push_back({{"kind", wit::to_string(other.kind)},
                   {"name", of.name.empty() ? other.name : of.name + "#" + other.name}});
  for (const wit::interface& inner : of.interfaces) add_others(inner, all);
}

boost::json::object side_to_json(const wit::interface& root,
                                 const std::vector<const wit::function*>& functions, side of) {
  boost::json::array all;
  for (const wit::function* one : functions) all.push_back(to_json(*one, of));
  boost::json::array others;
  add_others(root, others);
  return {{"functions", std::move(all)}, {"others", std::move(others)}};
}

void print_side(const char* title, const wit::interface& root, const char* indent = "  ") {
  std::printf("%s\n", title);
  const auto print = [&](const auto& self, const wit::interface& of, const std::string& before) -> void {
    for (const wit::function& one : of.functions)
      std::printf("%s%s%s\n", before.c_str(), escape_line(one.to_string()).c_str(),
                  one.contract.empty() ? "" : ("  [" + to_string(one.contract) + "]").c_str());
    for (const wit::named_item& other : of.others)
      std::printf("%s%s %s\n", before.c_str(), std::string(wit::to_string(other.kind)).c_str(),
                  escape_line(other.name).c_str());
    for (const wit::interface& inner : of.interfaces) {
      std::printf("%s%s\n", before.c_str(), escape_line(inner.name).c_str());
      self(self, inner, before + "  ");
    }
  };
  print(print, root, indent);
  if (root.functions.empty() && root.others.empty() && root.interfaces.empty())
    std::printf("%snothing\n", indent);
}

exit_code run_inspect(const inspect_settings& given) {
  auto with = engine::make({.max_instances = 1});
  if (!with) return show(with.error(), given.json);
  const auto loaded = given.file.load(*with);
  if (!loaded) return show(loaded.error(), given.json);
  const wit::world& world = loaded->world();
  if (given.json) {
    const boost::json::object json{
        {"component", given.file.path},
        {"exports", side_to_json(world.exports, world.exported_functions(), side::exports)},
        {"imports", side_to_json(world.imports, world.imported_functions(), side::imports)}};
    std::printf("%s\n", json_line(json).c_str());
  } else {
    print_side("exports", world.exports);
    print_side("imports", world.imports);
  }
  return success;
}

}  // namespace

void add_inspect(CLI::App& app, action& run) {
  const auto given = std::make_shared<inspect_settings>();
  CLI::App* command =
      app.add_subcommand("inspect", "Show what a component exports and imports, with types and marks");
  given->file.add_to(*command);
  given->file.add_contract_to(*command);
  command->add_flag("--json", given->json, "Print one line of JSON");
  command->footer(
      R"(Marks stand in brackets; an export without any is non-cancellable once running. `holdfast docs` tells more.

Examples:
  holdfast inspect app.wasm
  holdfast inspect app.wasm --json | jq '.exports.functions[].name')");
  command->callback([given, &run] { run = [given] { return run_inspect(*given); }; });
}

}  // namespace holdfast::cli
