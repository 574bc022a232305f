// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/keys.hpp"
#include "host/host_impl.hpp"

/// What a host does with what its journal has of the processes before.
///
/// Outcomes are remembered again. What was accepted, not finished and may not run twice has ended as
/// `lost_in_crash`. What may run twice waits here for a pool of its name and runs there again.
namespace holdfast::detail {

class edition;

class recovery {
 public:
  /// Reads the host's journal. Once, before anything else is done with it.
  /// @par Errors  `bad_journal`, `journal_failed`
  std::optional<error> load(host::impl& into);

  /// Runs what waits for the pool. Once a pool, before anybody has it.
  void resume(const pool::impl& in, edition& on);
  /// The same, of actors of its name.
  void resume(actors::impl& in);

  /// The name of the pool that a call waits for; nothing: it does not.
  std::optional<std::string> waits_for(const call_id& id) const;

 private:
  struct unfinished {
    core::key_print key;
    call_id call;
    core::request_hash request;
    std::string actor;  ///< empty: a pool's
    std::string function;
    std::string name;
    std::vector<std::byte> arguments;
    std::vector<std::byte> result_type;
    duration deadline;
    duration run_limit;
    unsigned attempts;
  };
  struct read_in;

  static std::optional<error> write_lost(read_in& in);
  // False: it goes on waiting.
  static bool run_again(const pool::impl& in, edition& on, const unfinished& what);
  static bool give_up(host::impl& of, const std::string& pool, const unfinished& what, std::string why);
  std::vector<unfinished> take(const std::string& name, bool of_actors);
  void settle(const std::string& name, unfinished&& what, bool goes_on);

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<unfinished>> waiting_;  // by the name of their pool
  std::map<call_id, std::string> pools_;                    // of the same
};

}  // namespace holdfast::detail
