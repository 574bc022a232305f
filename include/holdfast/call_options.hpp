// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/duration.hpp>
#include <optional>
#include <string_view>
#include <type_traits>

/// How one call is to be made.
namespace holdfast {

/// Who drives the first slice of a call.
enum class start : std::uint8_t {
  /// The submitting thread, if an instance is idle; past one tick, or two, a worker takes over.
  ///
  /// An asynchronous form may so take as long as a slice; until it returns no other thread may end or restart
  /// the handler's context. What is over by then is deferred (`boost::asio::defer`): a handler that starts a
  /// call must not block until that call's handler has run.
  dispatch,
  post,  ///< a worker; the submitting thread never runs a guest
};

/// What may be built inside a `co_await` expression. g++ 12 destroys an aggregate that is built there twice,
/// so none with anything to destroy may stand there; every aggregate that a call takes is held to this.
template <class T>
concept fit_for_co_await = std::is_trivially_destructible_v<T>;

/// Options of one call.
struct call_options {
  /// The idempotency key: the caller's name for the request, within the pool and the export. Empty: it has
  /// none. Copied before the call returns, or before `deferred` does. The guest may read it
  /// (`holdfast:call/context`).
  ///
  /// Calls with the same key and equal arguments are one call. Who comes while it waits or runs joins it,
  /// under the limits that it has, and withdraws only itself; who comes later gets its outcome, for as long
  /// as `host_options::keys` says. After an outcome with `effect::not_executed` the key is new. After one
  /// without a result the export runs again if it is declared `idempotent` or `read-only`, as the next
  /// attempt; that this one was refused, says nothing of those before. With other arguments the answer is
  /// `key_conflict`, and an export with resources or streams is refused as `bad_arguments`.
  std::string_view key{};
  /// How long the caller waits for the outcome. Past it the caller is told `detached`, and the call goes on.
  duration wait = no_limit;
  /// From acceptance. Still queued, the call expires; running, the guest is stopped. Where those that wait
  /// ahead of it would leave it no time, as fast as the queue moved of late, it is refused at once as
  /// `deadline_too_close`.
  duration deadline = std::chrono::seconds(60);
  /// From the start of the run. Past it the guest is stopped.
  duration run_limit = std::chrono::seconds(30);
  /// Who runs the first slice. Unset: `dispatch` for the blocking `call`, `post` for `submit` and all that
  /// completes later.
  std::optional<start> how = std::nullopt;
};

static_assert(fit_for_co_await<call_options>);

}  // namespace holdfast
