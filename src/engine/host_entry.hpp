// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/component.hpp>
#include <holdfast/imports.hpp>
#include <memory>

#include "engine/blueprint.hpp"

/// Where a guest's call of a host function arrives, inside a poll: it is handed over to a thread that no
/// guest needs, or to an executor of the embedder's.
namespace holdfast::bridge {

struct host_entry {
  std::shared_ptr<const detail::host_definition> definition;
  boost::asio::any_io_executor executor;  // empty: the host's threads
  component of;                           // keeps `import` alive
  const wit::function* import;
  function_runner runner;
  std::shared_ptr<const object_kinds> kinds;

  /// The bridge's callback. Takes the call over; never throws, and blocks no longer than an inline function.
  static void enter(void* context, hfb_host_call* call);
  static void drop(void* context);
};

}  // namespace holdfast::bridge
