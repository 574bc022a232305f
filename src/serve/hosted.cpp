// SPDX-License-Identifier: Apache-2.0
#include "serve/hosted.hpp"

namespace holdfast::serve {

export_table::export_table(component of) : of_(std::move(of)) {
  for (const wit::function* each : of_.world().exported_functions()) {
    auto made = std::make_unique<served_export>();
    made->of = each;
    made->name = each->qualified_name();
    by_function_[each] = made.get();
    by_name_.emplace(made->name, std::move(made));
  }
}

result<const served_export*> export_table::find(std::string_view name) const {
  if (const auto at = by_name_.find(name); at != by_name_.end()) return at->second.get();
  const auto found = of_.world().find_export(name);
  if (!found) return found.error();
  return by_function_.at(*found);
}

std::shared_ptr<const hosted> catalog::web_for(std::string_view path) const {
  // The only one has all paths; of several each has those below its name.
  std::shared_ptr<const hosted> only;
  unsigned count = 0;
  for (const auto& [name, each] : by_name) {
    if (each->kind != component_kind::web) continue;
    ++count;
    only = each;
    const std::string_view rest = path.substr(std::min<std::size_t>(1, path.size()));
    if (rest.substr(0, rest.find('/')) == name) return each;
  }
  return count == 1 ? only : nullptr;
}

std::string_view to_string(component_kind kind) noexcept {
  switch (kind) {
    case component_kind::pool:
      return "pool";
    case component_kind::actors:
      return "actors";
    case component_kind::web:
      return "web";
  }
  return "?";
}

boost::json::object actors_json(const actor_figures& of) {
  return {{"resident", of.resident},
          {"waiting", of.waiting},
          {"activations", of.activations},
          {"passivations", of.passivations},
          {"timers", of.timers}};
}

}  // namespace holdfast::serve
