// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <holdfast/call_phase.hpp>
#include <holdfast/observer.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/histogram.hpp"

/// The ledger's calls: all that are in flight, and the last that have ended.
///
/// In shards by the call's id, each with a lock that is held for a few steps. A change carries the revision
/// that the next reader ends: readers count, writers only look.
namespace holdfast::serve {

inline constexpr std::size_t outcome_count = static_cast<std::size_t>(outcome::lost_in_crash) + 1;
inline constexpr std::size_t live_phases = static_cast<std::size_t>(call_phase::done);

/// An export that calls ask for. Its names live as long as the ledger.
struct call_export {
  std::string_view component{};
  std::string_view function{};
};

struct call_record {
  call_id id{};
  call_export of{};
  std::string actor{};
  std::string principal{};
  bool keyed = false;
  call_phase phase = call_phase::queued;
  outcome what{};  ///< once it is done
  time_point accepted{};
  time_point since{};  ///< its phase began
  duration queue{};    ///< until it began first
  duration run{};      ///< of all attempts
  std::uint32_t cell = 0;
  std::uint64_t generation = 0;  ///< 0: it never began
  unsigned attempt = 0;
  unsigned waiters = 1;  ///< about so many wait or may come back; 0: nobody
  std::uint64_t born = 0;
  std::uint64_t changed = 0;
};

/// What calls of one component came to.
struct component_figures {
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, outcome_count> ended{};
  std::array<std::size_t, live_phases> live{};  ///< by phase
  histogram queue{};                            ///< of those that began
  histogram run{};                              ///< of those that began and ended

  void add(const component_figures& other) noexcept;
};

/// Which calls are listed.
struct call_filter {
  std::optional<std::string> component{};
  std::optional<call_phase> phase{};  ///< unset: those in flight
  std::optional<std::string> principal{};
  std::size_t limit = 100;
};

struct call_changes {
  std::vector<call_record> live{};  ///< that are new or changed, the last change first
  std::vector<call_record> gone{};
  bool whole = true;  ///< nothing that the reader knew is missing
};

class ledger_calls {
 public:
  /// `ended`: so many are remembered of those that have. The revision outlives this.
  ledger_calls(const std::atomic<std::uint64_t>& revision, std::size_t ended) noexcept
      : revision_(revision), remembered_(ended) {}

  /// Whose it is, where nobody has said yet.
  void note(const call_id& id, std::string_view principal);
  void asked(const call_id& id, const call_target& what, std::string_view principal, time_point now);
  /// One of which nobody said what it asks for.
  void accepted(const call_id& id, time_point now);
  void started(const call_id& id, std::uint32_t cell, std::uint64_t generation, time_point now) noexcept;
  void backs_off(const call_id& id, time_point now) noexcept;
  void queued_again(const call_id& id, time_point now) noexcept;
  void settled(const call_id& id, time_point now) noexcept;
  void done(const call_id& id, outcome what, time_point now) noexcept;
  enum class presence : std::uint8_t { joined, left, nobody, somebody };
  void waited_for(const call_id& id, presence now) noexcept;

  std::optional<call_record> find(const call_id& id) const;
  std::vector<call_record> list(const call_filter& which) const;

  /// What has changed after revision `from`, up to `to`, at most so many of each.
  call_changes changes(std::uint64_t from, std::uint64_t to, std::size_t limit) const;
  /// What is there at `to`.
  call_changes all(std::uint64_t to, std::size_t limit, std::size_t ended) const;

  /// By component. A call that nobody said a component of has the empty name.
  std::map<std::string, component_figures> figures() const;

 private:
  static constexpr std::size_t shard_count = 32;

  struct live_call : boost::intrusive::list_base_hook<> {
    call_record told;
    component_figures* counts = nullptr;
    bool settled = false;
  };
  struct known_component {
    std::string name;
    component_figures counts{};
    std::map<std::string, call_export, std::less<>> exports{};
  };
  // What a call writes, a line of the cache apart from its neighbours'.
  struct alignas(64) shard {
    mutable std::mutex mutex;
    std::deque<live_call> storage{};  // before whatever points into it
    boost::unordered_flat_map<call_id, live_call*, std::hash<call_id>> live{};
    boost::intrusive::list<live_call> order{};  // by the last change
    std::vector<live_call*> spare{};
    std::map<std::string, known_component, std::less<>> components{};
    known_component* last_component = nullptr;  // that was asked for
    const call_export* last_export = nullptr;
    std::vector<call_record> ended{};  // a ring, once it is full
    std::size_t next_ended = 0;
    std::uint64_t forgotten = 0;  // the last revision of those that left the ring
  };

  shard& of(const call_id& id) noexcept { return shards_[id.low % shard_count]; }
  const shard& of(const call_id& id) const noexcept { return shards_[id.low % shard_count]; }

  // All under the shard's lock.
  static live_call* find_live(shard& in, const call_id& id) noexcept;
  void touch(shard& in, live_call& which) const noexcept;
  static void move_to(live_call& which, call_phase next, time_point now) noexcept;
  live_call& begin(shard& in, const call_id& id, const call_target& what, std::string_view principal,
                   time_point now);
  static void name(shard& in, live_call& which, const call_target& what);
  void remember(shard& in, call_record& which) const;
  template <class See>
  static void each_ended(const shard& in, See see);  // the last first, while it answers true

  // Relaxed: whoever ends a revision takes each shard's lock after that, so what comes later there sees it.
  std::uint64_t revision() const noexcept { return revision_.load(std::memory_order_relaxed); }

  const std::atomic<std::uint64_t>& revision_;
  const std::size_t remembered_;
  std::array<shard, shard_count> shards_;
};

}  // namespace holdfast::serve
