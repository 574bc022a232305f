// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <holdfast/engine.hpp>

#include "core/process_mark.hpp"
#include "engine/handle.hpp"
#include "engine/ticker.hpp"

/// What an `engine` holds.
namespace holdfast {

struct engine::impl {
  const core::process_mark began;
  engine_options options;
  std::atomic<std::uint64_t> reserved_instances{0};  // of `options.max_instances`, by all pools
  bridge::engine_handle handle;
  bridge::ticker ticker;  // ends first: it beats the handle

  /// Moves the epoch and fires deadlines, as the ticker does. For tests that own the time (`tick` zero).
  void beat(time_point now) { ticker.beat(now); }
};

}  // namespace holdfast
