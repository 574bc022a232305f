// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <system_error>
#include <tuple>

#include "serve/config_rooms.hpp"
#include "serve/listen_address.hpp"
#include "serve/read_config.hpp"
#include "serve/units.hpp"
#include "wit/nearest.hpp"
#include "wit/visible.hpp"

namespace holdfast::serve {
namespace {

std::uint64_t instances_of(const component_settings& one) {
  if (one.kind == component_kind::actors) return one.actors.resident;
  return std::uint64_t{one.pool.cells} + one.pool.rebuild.spares;
}

void check_instances(config_source& of, const pending_checks& later) {
  config& all = of.to.settings;
  std::uint64_t sum = 0;
  for (const component_settings& one : all.components) sum += instances_of(one);
  if (sum <= all.engine.max_instances) return;
  if (later.instances_are_given || sum > 1'000'000)
    return of.error(
        later.instances_are_given ? later.instances : config_place{of.name},
        "the components need " + std::to_string(sum) +
            " instances (cells, spares and resident actors), and `max_instances` of `[engine]` is " +
            (later.instances_are_given ? std::to_string(all.engine.max_instances)
                                       : std::string("at most 1000000")));
  all.engine.max_instances = static_cast<std::uint32_t>(sum);
}

void check_memories(config_source& of, const pending_checks& later) {
  const std::uint64_t most = of.to.settings.engine.max_memory;
  for (const auto& [place, bytes] : later.memories)
    if (bytes > most)
      of.error(place, "`memory` is " + written_size(bytes) + ", and `max_memory` of `[engine]` is " +
                          written_size(most));
}

void check_calls(config_source& of, const pending_checks& later) {
  const auto& all = of.to.settings.components;
  std::set<std::string_view> names;
  for (const component_settings& one : all) names.insert(one.name);
  for (const auto& [place, text] : later.called) {
    if (names.contains(text)) continue;
    if (of.is_full()) return;
    const auto near = std::ranges::min_element(
        all, {}, [&](const component_settings& one) { return wit::bounded_distance(text, one.name); });
    of.error(place, "`calls` names `" + wit::shortened(text) +
                        "`, and no component is called so; the nearest is `" + near->name + "`");
  }
}

void check_doors(config_source& of, const pending_checks& later) {
  const server_settings& server = of.to.settings.server;
  for (const listen_address& each : server.listen) {
    if (is_local(each)) continue;
    if (server.principals.empty())
      of.warning(later.listen,
                 "anybody who reaches " + each.text +
                     " may call: there are no `[[principals]]`, so nobody has to say who it is");
    else if (!server.tls)
      of.warning(later.listen, "who listens on the way to " + each.text +
                                   " learns every token and every call: there is no `[server.tls]`");
  }
}

std::optional<std::string> wrong_with(const expected_file& of) {
  std::error_code failed;
  std::filesystem::path path = of.path;
  if (of.what == expected_file::kind::parent) {
    path = path.parent_path();
    if (path.empty()) path = ".";
  }
  const auto status = std::filesystem::status(path, failed);
  const std::string named = "`" + of.key + "`: " + path.string() + ": ";
  if (failed) return named + failed.message();
  const bool is_folder = std::filesystem::is_directory(status);
  switch (of.what) {
    case expected_file::kind::file:
      if (is_folder) return named + "it is a folder, a file is wanted";
      break;
    case expected_file::kind::folder:
    case expected_file::kind::parent:
      if (!is_folder) return named + "it is no folder";
      break;
    case expected_file::kind::either:
      break;
  }
  return std::nullopt;
}

// As they stand in the file; those of variables come first.
void sort(std::vector<config_remark>& all) {
  std::ranges::sort(all, {}, [](const config_remark& one) {
    return std::tie(one.place.line, one.place.column, one.place.source, one.text);
  });
}

}  // namespace

void check_together(config_source& of, const pending_checks& later) {
  check_instances(of, later);
  check_memories(of, later);
  check_calls(of, later);
  check_doors(of, later);
  sort(of.to.errors);
  sort(of.to.warnings);
}

void check_files(config_reading& of) {
  const config_source source{.to = of, .name = name_of_source(of.settings.file)};
  for (const expected_file& each : of.files)
    if (const auto wrong = wrong_with(each)) source.error(each.place, *wrong);
  sort(of.errors);
}

}  // namespace holdfast::serve
