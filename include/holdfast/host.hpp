// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <holdfast/actor_options.hpp>
#include <holdfast/actors.hpp>
#include <holdfast/component.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/engine.hpp>
#include <holdfast/journal.hpp>
#include <holdfast/key_policy.hpp>
#include <holdfast/observer.hpp>
#include <holdfast/parking_policy.hpp>
#include <holdfast/pool.hpp>
#include <holdfast/pool_options.hpp>
#include <holdfast/ticket.hpp>
#include <memory>

/// The owner of the worker threads and of every call until its outcome.
namespace holdfast {

struct host_options {
  unsigned workers = 0;           ///< threads that drive guests; 0: one a core
  unsigned function_threads = 2;  ///< threads that run host functions
  /// Host functions that may be left running although their guests were cut, wherever they run; a coroutine,
  /// until its frame is gone. One on a thread of the host's keeps it, and another takes its place. At the
  /// limit every call of a host function that is not inline fails at once, until one returns.
  std::size_t stuck_functions = 64;
  /// Arguments of calls of host functions that wait to be run. A call that would be over it fails; one that
  /// comes while nothing waits is taken, however large it is.
  std::size_t function_bytes = 256U << 20;
  duration drain_grace = std::chrono::seconds(5);  ///< how long the destructor lets running calls finish
  std::shared_ptr<observer> observe{};             ///< told of every transition; null: nobody is
  parking_policy parking{};                        ///< results whose callers left
  key_policy keys{};                               ///< outcomes of calls with a key
  /// Keeps calls with a key past the end of the process, of pools that have a name (holdfast/journal.hpp).
  /// Null: a key is remembered as long as the host lives. With one, `keys` says what is remembered there too.
  ///
  /// A journal that can no longer be written ends the process with a sentence: nobody may be told what would
  /// not be known after a crash. While its disk is full, calls with a key are refused as `journal_full`, and
  /// those that have run wait for room.
  std::shared_ptr<holdfast::journal> journal{};

  /// Where callbacks run whose handler names no executor of its own, those of `pool::call` among them. Its
  /// context outlives the host, its pools and tickets. Empty: Asio's `system_executor`, threads of its own.
  boost::asio::any_io_executor callbacks{};
};

/// Destroying it drains every pool, kills what outlasts the grace, and joins its threads. Pools and tickets
/// may outlive it: they answer `draining`, and the outcomes that calls had. Not from inside a callback of its
/// own: it would wait for the thread it runs on, and ends the process with a sentence instead.
///
/// A child that was forked after the start has none of its threads: there every call, `open` and `swap`
/// answers `forked`, `drain` does nothing, and destroying it waits for nobody and leaves its memory as it is.
///
/// @par Thread safety  distinct objects: safe; shared objects: safe, but for the destructor
class host {
 public:
  /// @throws std::system_error where threads cannot be started, with `errc::forked` on an engine of before a
  /// fork, and with `bad_journal` or `journal_failed` where the journal cannot be read
  explicit host(holdfast::engine with, const host_options& options = {});
  host(const host&) = delete;
  host& operator=(const host&) = delete;
  ~host();

  /// Links a component with its host functions and begins to build the pool's instances. Answers at once;
  /// `pool::wait_ready` waits for the first.
  ///
  /// @par Errors  `unknown_import` (each is named), `type_mismatch`, `limit`, `no_resources`;
  /// `draining`; `bad_arguments`: a coroutine without an executor, or an export that cannot be brief;
  /// `no_such_export`: to be brief
  [[nodiscard]] result<pool> open(const component& what, pool_options options = {});

  /// Links a component whose actors are then called by their keys (holdfast/actors.hpp). No instance is built
  /// before the first call.
  ///
  /// @par Errors  as `open`; `bad_arguments`: its `holdfast:actor/lifecycle` has other functions, a name is
  /// missing where there is a journal, or in use
  [[nodiscard]] result<actors> open_actors(const component& what, actor_options options = {});

  /// A claim on the call of that id: one that was submitted, or that its caller left, while it lives and as
  /// long as its result is kept (`host_options::parking`). Any number of claims and waiters.
  ///
  /// @par Errors  `gone`: not known here, or no longer kept
  [[nodiscard]] result<ticket> attach(const call_id& id) const;

  /// Takes a call back, or stops it, as its ticket would, whoever waits for it: for operators, who know of
  /// calls by an observer. A call that only its own caller can wait for is looked for in every queue and
  /// instance, and may be missed, as `gone`, while it moves from one to the other.
  ///
  /// @par Errors  `gone`: not known here
  /// @par Effect on the guest  as `ticket::revoke` and `ticket::kill`
  [[nodiscard]] result<revoke_answer> revoke(const call_id& id) const;
  [[nodiscard]] result<kill_answer> kill(const call_id& id) const;

  /// The account of calls whose caller left.
  orphan_figures orphans() const;

  /// Drains every pool and all actors: admits nothing more, lets what is accepted finish within `grace`, then
  /// kills what runs and refuses what waits. Returns when every call has its outcome; those with a key, whose
  /// journal has no room for it, within five seconds without. Not from inside a callback.
  void drain(duration grace) const;

  struct impl;  // not for use outside Holdfast
  explicit host(std::shared_ptr<impl> made) noexcept;

 private:
  std::shared_ptr<impl> impl_;
};

}  // namespace holdfast
