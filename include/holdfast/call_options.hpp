// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/duration.hpp>
#include <optional>
#include <type_traits>

/// How one call is to be made.
namespace holdfast {

/// Who drives the first slice of a call.
enum class start : std::uint8_t {
  dispatch,  ///< the submitting thread, if an instance is idle; past one tick a worker takes over
  post,      ///< a worker; the submitting thread never runs a guest
};

/// Options of one call. Trivially destructible, so that it may stand inside a `co_await` expression (design,
/// section 4).
struct call_options {
  /// How long the caller waits for the outcome. Past it the caller is told `detached`, and the call goes on.
  duration wait = no_limit;
  /// From acceptance. Still queued, the call expires; running, the guest is stopped.
  duration deadline = std::chrono::seconds(60);
  /// From the start of the run. Past it the guest is stopped.
  duration run_limit = std::chrono::seconds(30);
  /// Who runs the first slice. Unset: `dispatch` for the blocking `call`, `post` for `submit`.
  std::optional<start> how = std::nullopt;
};

static_assert(std::is_trivially_destructible_v<call_options>);

}  // namespace holdfast
