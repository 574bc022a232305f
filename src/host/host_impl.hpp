// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <holdfast/host.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/environment.hpp"
#include "core/keys.hpp"
#include "core/mailbox.hpp"
#include "core/parking.hpp"
#include "core/process_mark.hpp"
#include "core/workers.hpp"
#include "engine/blueprint.hpp"
#include "host/actor_states.hpp"
#include "host/actor_timers.hpp"
#include "host/function_threads.hpp"
#include "host/journal_writer.hpp"

namespace holdfast::detail {

class recovery;

/// Ends the process with a sentence where this thread is one that the caller is about to wait for: it would
/// hang.
void forbid_inside_callback(const char* what) noexcept;

}  // namespace holdfast::detail

/// What a `host` holds. Lives until the last pool and ticket is gone; its threads end with the `host`.
namespace holdfast {

struct host::impl {
  /// Time, threads and chance as they are.
  impl(engine with, const host_options& options);
  /// Injected ones, for tests. `help` runs what can be run, in a world without threads.
  impl(engine with, const host_options& options, core::environment injected, bridge::function_runner runner,
       std::function<void()> help, detail::journal_writer::clock wall = std::chrono::system_clock::now);
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl();

  /// Drains every pool, kills what outlasts the grace. No pool is opened any more.
  void drain(duration grace);
  /// The same, then ends the threads. Once.
  void shut_down();

  /// Waits until the mailbox's cells have ended. False: the time was over first.
  bool wait_deserted(core::mailbox& box, time_point until) const;

  /// @throws std::system_error where the journal cannot be read
  void keep_calls();
  /// Whether calls with keys outlive the process.
  bool journalled() const noexcept { return writer != nullptr; }
  /// Waits until what has run is on record, unless there is no room for it.
  void flush_journal() const;

  /// Whose keys those of a pool or of actors of that name are.
  std::string scope_of(const std::string& name);

  /// The call of that id, also one that only its own caller can wait for. Null: not known.
  boost::intrusive_ptr<core::call> find_any(const call_id& id);
  /// Why it is not found.
  error unknown(const call_id& id) const;

  /// Where handlers run that name no executor.
  boost::asio::any_io_executor callback_executor() const;

  const core::process_mark began;
  engine with;
  host_options options;

  core::steady_time time;
  core::timers deadlines;
  core::kernel_random random;
  std::unique_ptr<core::workers> threads;
  std::unique_ptr<detail::function_threads> functions;
  std::function<void()> help;

  std::optional<core::environment> world;
  boost::intrusive_ptr<core::parking> kept;
  detail::journal_writer::clock wall = std::chrono::system_clock::now;
  std::unique_ptr<detail::journal_writer> writer;  // null: there is no journal
  boost::intrusive_ptr<core::keys> keys;
  std::shared_ptr<detail::actor_states> states;
  std::shared_ptr<detail::actor_timers> timers;
  std::unique_ptr<detail::recovery> recovered;  // of the journal
  bridge::function_runner runner;
  std::optional<std::uint64_t> heartbeat;

  std::atomic<std::uint32_t> next_cell{0};
  std::atomic<std::uint64_t> next_scope{0};

  std::mutex mutex;
  std::vector<std::shared_ptr<pool::impl>> pools;
  std::vector<std::shared_ptr<actors::impl>> groups;
  // The same while they are drained: calls are still found there.
  std::vector<std::shared_ptr<pool::impl>> ending_pools;
  std::vector<std::shared_ptr<actors::impl>> ending_groups;
  bool closed = false;
};

}  // namespace holdfast
