// SPDX-License-Identifier: Apache-2.0
#include "engine/brief_exports.hpp"

#include <algorithm>

#include "engine/bridge_error.hpp"

namespace holdfast::bridge {

result<std::shared_ptr<const brief_exports>> brief_exports::declare(hfb_linker* linker, const wit::world& of,
                                                                    std::span<const std::string> names,
                                                                    duration tick) {
  if (names.empty()) return nullptr;
  const auto exports = of.exported_functions();
  std::vector<bool> which(exports.size(), std::ranges::find(names, "*") != names.end());
  for (const std::string& name : names) {
    if (name == "*") continue;
    const auto found = of.find_export(name);
    if (!found) return error(found.error().code, "an export that is to be brief: " + found.error().detail);
    which[(*found)->index] = true;
  }
  for (std::uint32_t i = 0; i < which.size(); ++i) {
    if (!which[i]) continue;
    if (hfb_error* failed = hfb_linker_brief(linker, i)) return to_error(failed);
  }
  // An engine that does not tick by itself has slices without end.
  const duration slice = tick > duration::zero() ? tick : no_limit;
  return std::shared_ptr<const brief_exports>(new brief_exports(std::move(which), slice));
}

}  // namespace holdfast::bridge
