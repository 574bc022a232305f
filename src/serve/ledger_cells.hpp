// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <holdfast/observer.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// The ledger's cells, and the faults that befell them.
namespace holdfast::serve {

inline constexpr std::size_t cell_states = static_cast<std::size_t>(cell_state::closed) + 1;

struct cell_record {
  std::uint32_t cell = 0;
  std::string component{};
  std::string actor{};
  cell_state state = cell_state::building;
  std::uint64_t generation = 1;
  time_point since{};  ///< its state began
  std::uint64_t born = 0;
  std::uint64_t changed = 0;
};

struct fault_record {
  time_point at{};
  std::uint32_t cell = 0;
  std::uint64_t generation = 0;
  std::string component{};
  errc why{};
  std::string untrusted{};  ///< at most the first 1,000 bytes
  std::uint64_t changed = 0;
};

/// Of the cells of one component.
struct cell_figures {
  std::array<std::size_t, cell_states> states{};
  std::uint64_t generations = 0;  ///< instances that came to life
  std::uint64_t rebuilds = 0;     ///< ... in place of another
  std::map<errc, std::uint64_t> faults{};

  void add(const cell_figures& other);
};

struct cell_changes {
  std::vector<cell_record> live{};
  std::vector<std::uint32_t> gone{};
  bool whole = true;  ///< nothing that the reader knew is missing
};

class ledger_cells {
 public:
  /// `faults`: so many are remembered. The revision outlives this.
  ledger_cells(const std::atomic<std::uint64_t>& revision, std::size_t faults) noexcept
      : revision_(revision), remembered_faults_(faults) {}

  void opened(std::uint32_t cell, const cell_place& where, time_point now);
  void moved(std::uint32_t cell, std::uint64_t generation, cell_state from, cell_state to, time_point now);
  void failed(std::uint32_t cell, std::uint64_t generation, errc why, std::string_view untrusted,
              time_point now);

  /// What has changed after revision `from`, up to `to`, at most so many of each.
  cell_changes changes(std::uint64_t from, std::uint64_t to, std::size_t limit) const;
  /// What is there at `to`, by number.
  cell_changes all(std::uint64_t to, std::size_t limit) const;
  /// The last ones of those revisions, the oldest first.
  std::vector<fault_record> faults(std::uint64_t from, std::uint64_t to, std::size_t limit) const;

  std::map<std::string, cell_figures> figures() const;

 private:
  static constexpr std::size_t shard_count = 32;
  static constexpr std::size_t remembered_gone = 256;  // a shard

  struct live_cell : boost::intrusive::list_base_hook<> {
    cell_record told;
    cell_figures* counts = nullptr;
  };
  struct gone_cell {
    std::uint32_t cell = 0;
    std::uint64_t born = 0;
    std::uint64_t changed = 0;
  };
  struct alignas(64) shard {
    mutable std::mutex mutex;
    std::unordered_map<std::uint32_t, live_cell> live{};
    boost::intrusive::list<live_cell> order{};  // by the last change
    std::map<std::string, cell_figures, std::less<>> components{};
    std::deque<gone_cell> gone{};
    std::uint64_t forgotten = 0;
  };

  shard& of(std::uint32_t cell) noexcept { return shards_[cell % shard_count]; }

  // Under the shard's lock: its record; one that nobody told of begins.
  live_cell& at(shard& in, std::uint32_t cell, const cell_place& where, time_point now);

  // Relaxed, as `ledger_calls::revision`.
  std::uint64_t revision() const noexcept { return revision_.load(std::memory_order_relaxed); }

  const std::atomic<std::uint64_t>& revision_;
  const std::size_t remembered_faults_;
  std::array<shard, shard_count> shards_;
  mutable std::mutex faults_mutex_;  // taken after a shard's
  std::deque<fault_record> faults_;
};

}  // namespace holdfast::serve
