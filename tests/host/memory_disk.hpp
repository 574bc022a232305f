// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

/// A disk in memory that SQLite writes to, and of which one can ask what a loss of power would leave.
///
/// What was written is safe from the sync of its file on. Until then any of it may be there or not, in any
/// order, and of each write any of its sectors; a file that was made or removed may be as before.
namespace holdfast::testing_support {

class memory_disk {
 public:
  using bytes = std::vector<unsigned char>;

  /// Registers itself with SQLite under a name of its own.
  memory_disk();
  memory_disk(const memory_disk&) = delete;
  memory_disk& operator=(const memory_disk&) = delete;
  ~memory_disk();

  /// What `sqlite_journal::open` is to be told.
  const char* vfs() const noexcept { return name_.c_str(); }

  /// Called before each operation that changes something; the count of them goes up with it.
  std::function<void(std::uint64_t)> on_change;
  /// Called before each sync.
  std::function<void()> on_sync;
  std::uint64_t changes() const noexcept { return changes_; }

  enum class trouble : std::uint8_t { none, full, broken, deaf };
  /// From here on it has no room; writes fail; or syncs do.
  void set(trouble what) noexcept { trouble_ = what; }

  /// What is left if the power goes now: a roll of the dice.
  std::map<std::string, bytes> after_power_loss(std::mt19937_64& dice) const;
  /// Begins anew with such files, which are safe.
  void load(std::map<std::string, bytes> files);

 private:
  friend struct memory_file;

  struct change {  // since the last sync
    std::size_t at = 0;
    bytes data{};
    std::optional<std::size_t> cut{};  // it was truncated to so many bytes
  };
  struct file {
    bytes now{};
    bytes safe{};
    bool there = false;
    bool safely_there = false;
    std::vector<change> unsafe{};
  };

  void changed();
  static void apply(const change& what, std::mt19937_64& dice, bytes& to);
  static sqlite3_vfs make_vfs(memory_disk& self);

  std::string name_;
  std::map<std::string, file> files_;
  std::uint64_t changes_ = 0;
  trouble trouble_ = trouble::none;
  sqlite3_vfs vfs_;
};

}  // namespace holdfast::testing_support
