// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Where a call stands, and what a revoke or a kill found there.
namespace holdfast {

enum class call_phase : std::uint8_t {
  queued,       ///< accepted, waits for an instance: it can be revoked
  running,      ///< begun: only itself, its deadline or a kill ends it
  backing_off,  ///< between two attempts; revoked now, it ends with what the last attempt came to
  done,         ///< it has its outcome
};

/// The word for it, as on the wire.
const char* to_string(call_phase phase) noexcept;

/// What a revoke found. Only `revoked` says that the guest is never entered.
enum class revoke_answer : std::uint8_t {
  revoked,  ///< taken back: the guest is never entered for it
  running,  ///< too late, it goes on
  done,     ///< it has its outcome
};

/// The word for it, as on the wire.
const char* to_string(revoke_answer answer) noexcept;

/// What a kill found. What became of the call is its outcome, which may still be `completed`.
enum class kill_answer : std::uint8_t {
  revoked,   ///< it waited for an instance: no attempt begins any more
  stopping,  ///< the guest is asked to stop, and cut after the grace
  done,      ///< it has its outcome
};

/// The word for it, as on the wire.
const char* to_string(kill_answer answer) noexcept;

}  // namespace holdfast
