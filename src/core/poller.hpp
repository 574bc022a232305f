// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/timers.hpp"

/// Whoever polls a guest: a cell, or what builds spares until one moves into a cell.
namespace holdfast::core {

class poller : public shared_object {
 public:
  /// Polling is worth while. Any thread, also from a guest's waker and long after.
  virtual void wake() noexcept = 0;
};

}  // namespace holdfast::core
