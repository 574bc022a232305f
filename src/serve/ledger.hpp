// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <holdfast/observer.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/call_owners.hpp"
#include "serve/histogram.hpp"
#include "serve/ledger_calls.hpp"
#include "serve/ledger_cells.hpp"

/// What a server knows of its host: the observer behind the dashboard, `/v1/calls` and the metrics.
///
/// Bounded: what is in flight is all there, of what has been the last is. Told from many threads, under locks
/// of core's: each event takes one short lock of the ledger's own, no input or output is done and nothing is
/// called back. Readers ask for what has changed since they read last.
namespace holdfast::serve {

struct ledger_bounds {
  std::size_t ended = 1000;   ///< calls that are remembered; those of one shard at least
  std::size_t faults = 1000;  ///< that are remembered
};

/// Both go on while the ledger is there. What happened is told in the wall's time as it is when it is read.
struct ledger_clocks {
  std::function<time_point()> steady{};                           ///< empty: the system's
  std::function<std::chrono::system_clock::time_point()> wall{};  ///< empty: the system's
};

/// How much a reader takes at once.
struct ledger_limits {
  std::size_t calls = 1000;  ///< in flight, and ended each
  std::size_t cells = 4096;  ///< that are there, and gone each
  std::size_t faults = 100;
  std::size_t ended = 50;  ///< calls that had ended before the reader came
};

/// What a reader is told.
struct ledger_news {
  bool snapshot = false;  ///< all there is: what the reader had is to be forgotten
  std::uint64_t revision = 0;
  boost::json::object content{};
};

/// Of all times; what metrics are made of.
struct ledger_figures {
  std::map<std::string, component_figures> calls{};  ///< by component
  std::map<std::string, cell_figures> cells{};       ///< by component
  std::map<errc, std::uint64_t> refused{};           ///< that were not accepted
  std::uint64_t detached = 0;
  std::uint64_t orphaned = 0;
  std::uint64_t joined = 0;
  std::uint64_t retried = 0;
  histogram overshoot{};
  histogram commits{};
  std::uint64_t committed = 0;  ///< records and erasures
  bool journal_full = false;
  std::size_t stuck = 0;
};

/// How late the last guests were gone that had to be cut.
struct overshoot_figures {
  std::uint64_t count = 0;  ///< of all times
  duration p50{};
  duration p99{};
  duration max{};  ///< of all times
};

/// Thread-safe.
class ledger final : public observer {
 public:
  explicit ledger(ledger_bounds bounds = {}, ledger_clocks clocks = {});

  /// Told of each call that has ended, when that is known here; as quick as an observer. Before anything
  /// happens.
  void tell_ended(std::function<void(const call_id&)> whom) { tell_ended_ = std::move(whom); }

  /// Whose a call is, where that was not told by `on_behalf_of` as it was asked for: it was joined by its
  /// key, or is of a process before. Who came first has it.
  void note_owner(const call_id& call, std::string_view principal);
  /// Known for longer than the call itself.
  std::optional<std::string> owner_of(const call_id& call) const { return owners_.of(call); }

  /// All there is, as far as the limits go.
  ledger_news snapshot(const ledger_limits& limits = {}) const;
  /// What has changed since that revision, which this ledger told before; a snapshot where that is not known
  /// any more or is over the limits.
  ledger_news changes_since(std::uint64_t revision, const ledger_limits& limits = {}) const;

  /// A call that is in flight or has just ended. Nothing: it is not known here.
  std::optional<boost::json::object> find(const call_id& call) const;
  /// The same, for those who look closer.
  std::optional<call_record> record_of(const call_id& call) const { return calls_.find(call); }
  /// The calls that fit, the last change first.
  boost::json::array list(const call_filter& which) const;

  ledger_figures figures() const;
  overshoot_figures overshoot() const;

  void on_cell_opened(std::uint32_t cell, const cell_place& where) noexcept override;
  void on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from,
               cell_state to) noexcept override;
  void on_fault(std::uint32_t cell, std::uint64_t generation, errc why,
                std::string_view untrusted) noexcept override;
  void on_stuck(std::size_t now) noexcept override;
  void on_asked(const call_id& call, const call_target& what) noexcept override;
  void on_accepted(const call_id& call) noexcept override;
  void on_refused(errc why) noexcept override;
  void on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept override;
  void on_overshoot(const call_id& call, duration late) noexcept override;
  void on_recording(const call_id& call, outcome what) noexcept override;
  void on_done(const call_id& call, outcome what) noexcept override;
  void on_committed(std::size_t changes, duration took) noexcept override;
  void on_journal_full(bool full) noexcept override;
  void on_backing_off(const call_id& call, unsigned attempt, errc why, duration wait) noexcept override;
  void on_queued_again(const call_id& call) noexcept override;
  void on_joined(const call_id& call) noexcept override;
  void on_detached(const call_id& call) noexcept override;
  void on_orphaned(const call_id& call) noexcept override;
  void on_orphan_ended(const call_id& call, duration cost) noexcept override;

 private:
  static constexpr std::size_t last_overshoots = 1024;
  static constexpr std::size_t error_codes = static_cast<std::size_t>(errc::replay_diverged) + 1;

  time_point now() const {
    return clocks_.steady ? clocks_.steady() : time_point(std::chrono::steady_clock::now());
  }
  /// What the wall's clock was at a time of the steady one, in seconds since 1970.
  std::function<double(time_point)> calendar() const;
  ledger_news tell(std::uint64_t from, std::uint64_t to, bool all, call_changes&& calls, cell_changes&& cells,
                   const ledger_limits& limits) const;
  ledger_news snapshot_of(std::uint64_t to, const ledger_limits& limits) const;

  const ledger_clocks clocks_;
  std::function<void(const call_id&)> tell_ended_;
  mutable std::atomic<std::uint64_t> revision_{1};  // that changes are of now; whoever reads ends it
  ledger_calls calls_;
  call_owners owners_;
  ledger_cells cells_;

  // Counts that order nothing: relaxed.
  std::array<std::atomic<std::uint64_t>, error_codes> refused_{};
  std::atomic<std::uint64_t> detached_{0};
  std::atomic<std::uint64_t> orphaned_{0};
  std::atomic<std::uint64_t> joined_{0};
  std::atomic<std::uint64_t> retried_{0};
  std::atomic<std::uint64_t> committed_{0};
  std::atomic<std::size_t> stuck_{0};
  std::atomic<bool> journal_full_{false};

  mutable std::mutex rare_mutex_;
  histogram overshoot_;
  std::vector<duration> last_overshoots_;  // a ring, once it is full
  std::uint64_t overshoots_ = 0;
  duration longest_overshoot_{};
  histogram commits_;
};

}  // namespace holdfast::serve
