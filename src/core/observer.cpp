// SPDX-License-Identifier: Apache-2.0
#include <holdfast/observer.hpp>

namespace holdfast {

const char* to_string(cell_state state) noexcept {
  switch (state) {
    case cell_state::building:
      return "building";
    case cell_state::idle:
      return "idle";
    case cell_state::running:
      return "running";
    case cell_state::stopping:
      return "stopping";
    case cell_state::rebuilding:
      return "rebuilding";
    case cell_state::broken:
      return "broken";
    case cell_state::draining:
      return "draining";
    case cell_state::closed:
      return "closed";
  }
  return "unknown";
}

observer& no_observer() noexcept {
  static observer nobody;
  return nobody;
}

}  // namespace holdfast
