// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <holdfast/journal.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/process_mark.hpp"
#include "host/sqlite.hpp"

/// A journal in a file of SQLite's.
///
/// One connection writes, reads and checkpoints: no other may have the file open. A commit is one
/// transaction, on disk when it returns; checkpoints are made here rather than by SQLite itself, which would
/// not say when one failed to sync.
namespace holdfast::detail {

/// What the journal's commands need to know of a file.
struct journal_account {
  std::int64_t records = 0;
  std::int64_t unfinished = 0;
  std::int64_t actors = 0;
  std::int64_t steps = 0;  ///< that actors would be taken through again
  std::int64_t timers = 0;
  std::int64_t bytes = 0;  ///< of the file
  int version = 0;
};

class sqlite_journal final : public journal {
 public:
  /// `vfs` names the file system that SQLite is to use, for tests; null: the usual one.
  static result<std::shared_ptr<sqlite_journal>> open(const std::string& path, const journal_options& options,
                                                      const char* vfs = nullptr);

  ~sqlite_journal() override;
  sqlite_journal(const sqlite_journal&) = delete;
  sqlite_journal& operator=(const sqlite_journal&) = delete;

  std::optional<error> commit(const journal_batch& what) override;
  std::optional<error> read(const std::function<void(const journal_record&)>& each) override;
  std::optional<error> read_state(const std::array<std::byte, 16>& actor,
                                  const std::function<void(const journal_state&)>& found) override;
  std::optional<error> read_states(const std::function<void(const journal_state&)>& each) override;
  std::optional<error> read_steps(const std::array<std::byte, 16>& actor,
                                  const std::function<void(const journal_step&)>& each) override;
  std::optional<error> read_timers(const std::function<void(const journal_timer&)>& each) override;
  std::optional<error> back_up(const std::string& path) override;

  /// Looks at every page and every record. An error names what is wrong first.
  std::optional<error> check();
  /// Gives the room of erased records back to the file system.
  std::optional<error> compact();
  result<journal_account> account();

 private:
  sqlite_journal(std::string path, const journal_options& how, sqlite::connection db) noexcept
      : path_(std::move(path)),
        checkpoint_pages_(static_cast<int>(std::clamp(how.checkpoint_pages, 1U, 1U << 30))),
        db_(std::move(db)) {}

  std::optional<error> set_up(bool create);
  std::optional<error> prepare();
  error failure(const char* what) const;  // of the last thing that failed
  int put(const journal_record& what);
  int put(const journal_state& what);
  int put(const journal_step& what);
  int put(const journal_timer& what);
  int erase(const journal_erasure& what);
  int export_of(const journal_record& what, std::int64_t& id);
  std::optional<error> give_up(const char* what);
  std::optional<error> checkpoint();
  std::optional<error> damaged(const char* what, std::int64_t row, const std::string& why) const;
  std::optional<error> read_row(const std::function<void(const journal_record&)>& each);
  std::optional<error> read_state_row(sqlite::statement& from,
                                      const std::function<void(const journal_state&)>& each) const;
  std::optional<error> read_step_row(sqlite::statement& from,
                                     const std::function<void(const journal_step&)>& each) const;
  std::optional<error> read_timer_row(sqlite::statement& from,
                                      const std::function<void(const journal_timer&)>& each) const;
  std::optional<error> read_all(
      sqlite::statement& from, const std::function<std::optional<error>(sqlite::statement& row)>& each) const;

  const core::process_mark began_;
  const std::string path_;
  const int checkpoint_pages_;
  std::mutex mutex_;  // a copy is made by another thread
  sqlite::connection db_;
  int wal_pages_ = 0;
  std::unordered_map<std::string, std::int64_t> exports_;  // their rows, by what they say
  sqlite::statement begin_, commit_, roll_back_, put_, erase_, find_export_, add_export_, read_, put_state_,
      read_state_, read_states_, forget_steps_, put_step_, read_steps_, read_all_steps_, put_timer_,
      erase_timer_, read_timers_;
};

}  // namespace holdfast::detail
