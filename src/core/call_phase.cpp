// SPDX-License-Identifier: Apache-2.0
#include <holdfast/call_phase.hpp>

namespace holdfast {

const char* to_string(call_phase phase) noexcept {
  switch (phase) {
    case call_phase::queued:
      return "queued";
    case call_phase::running:
      return "running";
    case call_phase::backing_off:
      return "backing_off";
    case call_phase::done:
      return "done";
  }
  return "unknown";
}

const char* to_string(revoke_answer answer) noexcept {
  switch (answer) {
    case revoke_answer::revoked:
      return "revoked";
    case revoke_answer::running:
      return "running";
    case revoke_answer::done:
      return "done";
  }
  return "unknown";
}

const char* to_string(kill_answer answer) noexcept {
  switch (answer) {
    case kill_answer::revoked:
      return "revoked";
    case kill_answer::stopping:
      return "stopping";
    case kill_answer::done:
      return "done";
  }
  return "unknown";
}

}  // namespace holdfast
