// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <concepts>
#include <cstdint>
#include <functional>
#include <future>
#include <holdfast/call_options.hpp>
#include <holdfast/completion.hpp>
#include <holdfast/component.hpp>
#include <holdfast/observer.hpp>
#include <holdfast/pool_options.hpp>
#include <holdfast/reply.hpp>
#include <holdfast/ticket.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

/// Stateless cells of one component: any of them may serve a call.
namespace holdfast {

class http_exchange;
template <class Signature>
class function;
template <class R>
struct typed_reply;

/// What one cell of a pool does now.
struct cell_status {
  std::uint32_t cell = 0;        ///< counted from 0 within the host
  std::uint64_t generation = 0;  ///< of the instance that it has, or builds
  cell_state state{};            ///< may be another by now
};

/// How a pool's component is exchanged.
struct swap_options {
  duration grace = std::chrono::seconds(30);  ///< for the calls on the old component
  duration ready = std::chrono::seconds(60);  ///< how long to wait for an instance of the new one
  std::optional<pool_options> options{};      ///< for the new one; unset: the pool's
};

/// Cheap to copy. Made by `host::open`; its cells live until it is drained or its host ends.
///
/// @par Thread safety  distinct objects: safe; shared objects: safe
class pool {
 public:
  /// Calls an export and waits for the outcome on this thread, at most `options.wait`.
  ///
  /// The call is bound to this caller: if the wait ends while it is queued, it is revoked and the guest never
  /// entered. Once it has begun nothing the caller does ends it; the reply is then `detached` and names the
  /// id.
  /// @par Errors  in `reply::code`; `reply::code == effect::not_executed` where it is safe to call again
  reply call(std::string_view function, wit::arguments arguments, const call_options& options = {}) const;

  /// The same, and the caller leaves too when `stop` is stopped, from any thread. Stopped before the call was
  /// accepted: `revoked`, and there is no call.
  reply call(std::string_view function, wit::arguments arguments, const call_options& options,
             std::stop_token stop) const;

  /// The same, the result as a C++ type, which is compared with the export's before anything is sent.
  ///
  /// `function` does that once for many calls. Both need `holdfast/function.hpp`.
  template <class R>
  typed_reply<R> call(std::string_view function, wit::arguments arguments,
                      const call_options& options = {}) const;

  /// Looks an export up and compares its types with those of `Signature`, such as
  /// `std::uint64_t(std::string)`.
  ///
  /// @par Errors  `no_such_export`, and `bad_arguments`: `parameter 2 (count): the component has u32, the
  /// call gives std::string`
  template <class Signature>
  [[nodiscard]] result<holdfast::function<Signature>> function(std::string_view name) const;

  /// Calls an export and answers at once; `told` is called once with what became of it, on the host's
  /// executor for callbacks (`host_options::callbacks`), never in here. Bound like `call`: the end of
  /// `options.wait`, a stop and the end of that executor's context are its ways of leaving; after the last
  /// `told` is not called. What it throws leaves through that executor; Asio's own threads end the process.
  void call(std::string_view function, wit::arguments arguments, const call_options& options,
            std::function<void(reply)> told, std::stop_token stop = {}) const;

  /// Calls an export and answers at once with a future that never throws: what became of the call is in the
  /// reply. Bound like `call`, but a future that is dropped tells nobody, and the call goes on: the end of
  /// `options.wait` and a stop are its ways of leaving.
  [[nodiscard]] std::future<reply> future_call(std::string_view function, wit::arguments arguments,
                                               const call_options& options = {},
                                               std::stop_token stop = {}) const;

  /// Calls an export; completes through a token of Boost.Asio. Bound like `call`.
  ///
  /// The handler runs on its associated executor, or on `get_executor()`, and is never run in here: a refusal
  /// is posted too. What it throws leaves through that executor and touches no call. All arguments are copied
  /// in here, for `deferred` and coroutines too. Work is outstanding on the executor until the handler was
  /// posted.
  ///
  /// @par Completion signature        `void(std::error_code, reply)`; the code is the reply's
  /// @par Errors                      as `call`
  /// @par Effect on the guest         leaving it: none, once it has begun
  /// @par Per-operation cancellation  queued, any bit revokes; running, `terminal` and `partial` end as
  ///                                  `detached`, `total` alone is ignored. No bit kills.
  /// @par Destroying the context      of the executor is leaving; the handler is destroyed unrun
  template <std::same_as<wit::arguments> Arguments, reply_token Token = boost::asio::deferred_t>
  auto async_call(std::string_view function, Arguments arguments, const call_options& options = {},
                  Token&& token = {}) const;

  using executor_type = boost::asio::any_io_executor;
  /// Where handlers run that name no executor: `host_options::callbacks`, or Asio's `system_executor`.
  executor_type get_executor() const noexcept;

  /// Hands a call over and answers at once. The call is kept: it runs whether anybody waits or not.
  /// `options.wait` does not matter here.
  ///
  /// @par Errors  `effect::not_executed`, every one: `no_such_export`, `bad_arguments`, `limit`,
  ///              `key_conflict`, `queue_full`, `deadline_too_close`, `journal_full`, `cycle`, `draining`,
  ///              `broken`, `forked`
  [[nodiscard]] result<ticket> submit(std::string_view function, wit::arguments arguments,
                                      const call_options& options = {}) const;

  /// Hands a request of HTTP over to a component that exports `wasi:http/incoming-handler@0.2`, and answers
  /// at once. The response comes through `with`, the outcome of its call through the ticket; the call is kept
  /// as by `submit`, whoever leaves, and takes no key: a server whose client is gone takes a queued one back
  /// by `ticket::revoke`. It runs once: what `retry_policy` says is for others.
  ///
  /// @par Errors  as `submit`, and `with` is lost as `not_begun`; `no_such_export`: the component serves no
  /// HTTP; `bad_arguments`: it has a key, or was served before
  [[nodiscard]] result<ticket> serve(http_exchange& with, const call_options& options = {}) const;

  /// Gives a resource of the guest's back: its destructor runs, as a call of its own that can trap or be
  /// stopped.
  ///
  /// A call that passes a handle runs in the instance that issued it. Once that is gone, its resources and
  /// their handles are too. What a result brought that nobody read, and that is no longer kept, is released
  /// by the host, of which observers do not hear.
  /// @par Errors  `bad_arguments`: not an own handle of a call's result, or its instance is gone; and as
  /// `submit`
  [[nodiscard]] result<ticket> release(const wit::handle& which, const call_options& options = {}) const;

  /// Waits until an instance is ready, at most `limit`. An error: none could be built, and why.
  [[nodiscard]] result<void> wait_ready(duration limit = std::chrono::seconds(60)) const;

  /// Waits until a cell is broken, at most `limit`: it failed to build too often and is given up. Answers
  /// why; nothing: none is, or the pool ended or was exchanged. A broken cell comes back by `swap`, with the
  /// same component too.
  std::optional<error> wait_broken(duration limit = no_limit) const;

  /// Exchanges the component while the pool serves. Once an instance of the new one is ready, new calls go to
  /// it; those that were accepted before end on the old one, which is cut after the grace. If none gets
  /// ready, the old one stays, untouched. Meanwhile the engine holds the instances of both. Not from inside a
  /// callback.
  ///
  /// @par Errors  `unknown_import`, `type_mismatch`, `limit`, `no_resources`, `bad_arguments`,
  /// `no_such_export` (of one that is to be brief), `cannot_instantiate`, `draining`
  /// @par Effect on the guest  none before the end of the grace
  [[nodiscard]] result<void> swap(const holdfast::component& next, const swap_options& how = {}) const;

  /// The component that new calls go to.
  holdfast::component component() const;
  /// Those that new calls go to, each as it stood when it was looked at: not at one instant.
  std::vector<cell_status> cells() const;
  /// Calls that wait for one of these cells; none that backs off.
  std::size_t queued() const noexcept;

  /// Admits nothing more, lets queued and running calls finish within `grace`, then kills what still runs and
  /// refuses what still waits. Returns when every call has its outcome and every instance is gone. Not from
  /// inside a callback.
  void drain(duration grace) const;

  struct impl;  // not for use outside Holdfast
  explicit pool(std::shared_ptr<impl> made) noexcept : impl_(std::move(made)) {}
  const std::shared_ptr<impl>& internals() const noexcept { return impl_; }

 private:
  std::shared_ptr<impl> impl_;
};

}  // namespace holdfast

// The definition of `async_call`, which needs the class above.
#include <holdfast/async_call.hpp>
