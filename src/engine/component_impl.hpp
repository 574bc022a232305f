// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <holdfast/component.hpp>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/handle.hpp"

/// What a `component` holds.
namespace holdfast {

struct component::impl {
  impl(engine with, bridge::component_handle compiled, wit::world described, determinism replay)
      : with(std::move(with)), handle(std::move(compiled)), world(std::move(described)), replay(replay) {}

  engine with;
  bridge::component_handle handle;
  wit::world world;
  determinism replay;
  std::array<std::byte, 16> digest{};  ///< of its bytes: another process finds the same
};

}  // namespace holdfast
