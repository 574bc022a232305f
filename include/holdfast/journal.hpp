// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <holdfast/call_id.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/error.hpp>
#include <holdfast/outcome.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What is known of calls with keys after the process has died.
///
/// A journal holds one record a key: that its call was accepted, or what became of it. With one
/// (`host_options::journal`) a caller with a key is told of an outcome only when its record will outlive the
/// process, and a call that may not run twice is not begun before that holds of its acceptance. The next
/// host on the same journal remembers the outcomes, runs what was not finished again where its export is
/// declared `idempotent` or `read-only`, and gives `lost_in_crash` of the rest.
///
/// Exactly-once side effects are not promised: a guest that had its effect and died before its record was
/// written has run, and nobody can know.
namespace holdfast {

/// One key's record, as it is written and read. Its views live as long as the call that passes them.
struct journal_record {
  std::array<std::byte, 16> key{};      ///< hash of pool, function and name; no other record has it
  call_id call{};                       ///< the call that stands for the key
  std::array<std::byte, 32> request{};  ///< hash of the types and arguments
  std::string_view pool{};              ///< `pool_options::name`, or `actor_options::name`
  std::string_view actor{};             ///< the actor's key; empty: the call was a pool's
  std::string_view function{};          ///< the export, by its qualified name
  std::string_view name{};              ///< the key, as its caller wrote it
  bool done = false;                    ///< it has an outcome; else it was accepted

  // Accepted, and may run twice: what it takes to run it again.
  std::optional<std::span<const std::byte>> arguments{};  ///< packed; none: it may not run again
  duration deadline = no_limit;                           ///< from its acceptance
  duration run_limit = no_limit;                          ///< from the start of a run

  std::chrono::system_clock::time_point at{};  ///< when it was accepted, or ended
  unsigned attempts = 0;                       ///< so far; of a call that is accepted, those before it
  bool state_lost = false;                     ///< `reply::state_lost`

  // Done.
  outcome what = outcome::completed;         ///< says nothing unless `done`
  std::error_code code{};                    ///< empty for `completed`
  std::uint32_t cell = 0;                    ///< as in its reply: of the host that ran it
  std::uint64_t generation = 0;              ///< the same; 0: the guest was never entered
  std::span<const std::byte> result_type{};  ///< packed, as `value` is; empty: the export has no result
  std::span<const std::byte> value{};        ///< of a call that completed
  std::string_view detail{};                 ///< may quote the guest
  std::string_view backtrace{};              ///< the guest's
};

/// The record of a key, if it is this call's, is not needed any more.
struct journal_erasure {
  std::array<std::byte, 16> key{};  ///< as in the record
  call_id call{};                   ///< the record of any other call stays
};

/// The state of an actor, in place of the one that it had before.
struct journal_state {
  std::array<std::byte, 16> actor{};       ///< hash of name and key; no other actor has it
  std::string_view group{};                ///< `actor_options::name`
  std::string_view key{};                  ///< the actor's
  std::uint64_t serial = 0;                ///< states that the actor had before
  std::array<std::byte, 16> written_by{};  ///< hash of the component that gave it; zeros: none has
  std::uint64_t calls = 0;                 ///< that had completed by then and may have changed it
  bool open = false;                       ///< calls may have completed since that are not in it
  std::optional<std::span<const std::byte>> snapshot{};  ///< what the guest gave; none: nothing yet
  std::chrono::system_clock::time_point at{};            ///< when it was written
};

/// One call of a deterministic actor that has completed since its last state: what it takes to do the same
/// again.
struct journal_step {
  std::array<std::byte, 16> actor{};       ///< as in its state
  std::uint64_t serial = 0;                ///< one more than that of the step before, or of the state
  std::array<std::byte, 16> written_by{};  ///< hash of the component that ran it
  std::string_view function{};             ///< the export, by its qualified name
  std::span<const std::byte> arguments{};  ///< packed
  std::array<std::byte, 16> result{};      ///< hash of what it returned, packed
  /// What the guest was told by its imports meanwhile, in the engine's own words.
  std::span<const std::byte> tape{};
  /// The same of its instance's beginning; with the first step after a state alone.
  std::span<const std::byte> beginning{};
};

/// What an actor wants to be called with later, under a name of its own.
struct journal_timer {
  std::array<std::byte, 16> actor{};            ///< as in its state
  std::string_view name{};                      ///< no other timer of the actor has it
  bool gone = false;                            ///< there is none of that name any more; the rest is not said
  std::string_view group{};                     ///< `actor_options::name`
  std::string_view key{};                       ///< the actor's
  std::array<std::byte, 16> id{};               ///< of this setting of it
  std::chrono::system_clock::time_point due{};  ///< by the wall clock, which may be set
  std::string_view function{};                  ///< the export, by its qualified name
  std::span<const std::byte> arguments{};       ///< packed
};

/// What is written together.
struct journal_batch {
  std::span<const journal_record> kept{};   ///< in place of those with the same keys
  std::span<const journal_erasure> gone{};  ///< after those were kept
  std::span<const journal_state> states{};  ///< in place of those of a lower serial
  std::span<const journal_step> steps{};    ///< after the states, which take older steps away
  std::span<const journal_timer> timers{};  ///< in this order
};

/// An interface: `memory_journal`, `open_journal`, or one's own. A host uses its journal from one thread at a
/// time, and one journal serves one host.
class journal {
 public:
  virtual ~journal() = default;

  /// Puts records in the place of those with the same keys, erases others, and puts states in the place of
  /// those of the same actors with a lower serial, which takes the actor's steps away that are not newer than
  /// it. When it returns all of that will be found after a crash, or, with an error, none of it need be.
  ///
  /// @par Errors  `journal_full`: there is no room, nothing has changed, and it may be tried again. After any
  /// other error the host does not know what is on disk, and ends the process.
  virtual std::optional<error> commit(const journal_batch& what) = 0;

  /// Passes every record on, in any order. Once, before the first commit.
  ///
  /// @par Errors  `bad_journal`, `journal_failed`
  virtual std::optional<error> read(const std::function<void(const journal_record&)>& each) = 0;

  /// Passes the state of one actor on, if it has any. Between commits.
  ///
  /// @par Errors  `bad_journal`, `journal_failed`
  virtual std::optional<error> read_state(const std::array<std::byte, 16>& actor,
                                          const std::function<void(const journal_state&)>& found) = 0;

  /// Passes the steps of one actor on, in their order. Between commits.
  ///
  /// @par Errors  `bad_journal`, `journal_failed`
  virtual std::optional<error> read_steps(const std::array<std::byte, 16>& actor,
                                          const std::function<void(const journal_step&)>& each) = 0;

  /// Passes every timer on, in any order. Between commits.
  ///
  /// @par Errors  `bad_journal`, `journal_failed`
  virtual std::optional<error> read_timers(const std::function<void(const journal_timer&)>& each) = 0;

  /// Passes every state on, in any order. Between commits.
  ///
  /// @par Errors  `bad_journal`, `journal_failed`
  virtual std::optional<error> read_states(const std::function<void(const journal_state&)>& each) = 0;

  /// Copies all that is committed to a new file, while the host goes on; callable from any thread.
  ///
  /// @par Errors  `bad_arguments`: this journal has no file; `journal_failed`: the copy cannot be written, or
  /// a file of that name is there
  virtual std::optional<error> back_up(const std::string& path) = 0;
};

/// One that lives as long as its last owner: outcomes outlive a host, but not the process. For tests.
std::shared_ptr<journal> memory_journal();

/// How a journal's file is used.
struct journal_options {
  bool create = true;  ///< where there is none
  /// Pages of 4 KiB after which the log beside the file is copied into it: how large that grows.
  std::uint32_t checkpoint_pages = 4000;
};

/// A file. It is SQLite's (https://www.sqlite.org), written in WAL mode with `synchronous=FULL`, and locked
/// against a second process.
///
/// The disk must do what it says: a file system or a drive that acknowledges a sync before the data is safe
/// takes every promise back.
///
/// @par Errors  `bad_journal`: another file, one of a newer Holdfast, a damaged one, or one in use;
/// `journal_failed`: it cannot be opened, created or read; `journal_full`: no room to create it;
/// `bad_arguments`: a name that is no file's
result<std::shared_ptr<journal>> open_journal(const std::string& path, const journal_options& options = {});

}  // namespace holdfast
