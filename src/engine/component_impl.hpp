// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <holdfast/component.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/handle.hpp"

/// What a `component` holds.
namespace holdfast {

struct component::impl {
  impl(engine with, bridge::component_handle compiled, wit::world described, determinism replay)
      : with(std::move(with)),
        handle(std::move(compiled)),
        world(std::move(described)),
        replay(replay),
        export_names(names_of(world)) {}

  engine with;
  bridge::component_handle handle;
  wit::world world;
  determinism replay;
  /// By their numbers; may outlive the component.
  const std::shared_ptr<const std::vector<std::string>> export_names;
  std::array<std::byte, 16> digest{};  ///< of its bytes: another process finds the same

 private:
  static std::shared_ptr<const std::vector<std::string>> names_of(const wit::world& in) {
    auto made = std::make_shared<std::vector<std::string>>();
    for (const wit::function* each : in.exported_functions()) {
      if (each->index >= made->size()) made->resize(each->index + 1);
      (*made)[each->index] = each->qualified_name();
    }
    return made;
  }
};

}  // namespace holdfast
