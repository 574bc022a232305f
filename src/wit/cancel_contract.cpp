// SPDX-License-Identifier: Apache-2.0
#include <holdfast/cancel_contract.hpp>

#include "wit/marks.hpp"

namespace holdfast {

std::string_view to_string(cancel_mark mark) noexcept {
  switch (mark) {
    case cancel_mark::idempotent:
      return "idempotent";
    case cancel_mark::read_only:
      return "read-only";
    case cancel_mark::kill_safe:
      return "kill-safe";
  }
  return "unknown";
}

std::string to_string(cancel_contract contract) {
  std::string listed;
  for (const cancel_mark mark : wit::all_marks) {
    if (!contract.has(mark)) continue;
    if (!listed.empty()) listed += ", ";
    listed += to_string(mark);
  }
  return listed.empty() ? "none" : listed;
}

}  // namespace holdfast
