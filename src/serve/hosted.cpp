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

}  // namespace holdfast::serve
