// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <holdfast/observer.hpp>
#include <holdfast/pool.hpp>
#include <holdfast/reply.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storm/record.hpp"

/// The judge: what Holdfast told of each call against what its caller asked and was answered.
///
/// It shares no count with Holdfast. A call is known from its acceptance to its outcome; what is told of one
/// that is not known, such as a second outcome, is wrong. What is left at rest is lost. An instance is known
/// from its building to its loss: what runs in one that is lost, or in two at once, is wrong, and its own
/// count of its work is compared with the outcomes. Where calls share one, no more do than may, and a call is
/// told to have been lost to another only where there is another, and the instance goes.
namespace holdfast::storm {

using record_ptr = std::shared_ptr<record>;

/// What the storm came to, as far as calls go.
struct tally {
  std::uint64_t calls = 0;    ///< accepted
  std::uint64_t refused = 0;  ///< not accepted
  std::uint64_t retried = 0;  ///< attempts after the first
  std::uint64_t detached = 0;
  std::uint64_t wrong = 0;
  std::uint64_t lost = 0;
  std::uint64_t live = 0;
  std::uint64_t instances = 0;      ///< built
  std::uint64_t audits = 0;         ///< a guest's own count was compared
  std::uint64_t attached = 0;       ///< outcomes found again by id
  std::uint64_t most_together = 0;  ///< calls in one instance
  std::array<std::uint64_t, 16> ends{};
};

class ledger final : public observer {
 public:
  // The callers' side.

  /// The next call that this thread makes is for this request. What it throws: nothing.
  void asks(record_ptr one);
  /// A caller was told. Any number of times for one request, each once for one wait.
  void told(const record_ptr& one, const reply& what);
  /// A wait was never told, and should have been.
  void untold(const record_ptr& one);
  /// A wait ended with its context: if there is no call, there is nothing left to know.
  void waived(const record_ptr& one);
  /// A guest was seen to work for the request of that number; how often it was before.
  std::uint32_t saw_effect(std::uint64_t number);
  void note_wrong(const record* one, std::string why);

  /// What is known of a request now.
  std::optional<outcome> end_of(const record& one) const;
  /// The same, whether its caller could be told or the journal is to have it first.
  std::optional<outcome> settled_as(const record& one) const;
  call_id id_of(const record& one) const;
  void note_attached();

  /// An exchange is over: the pool's newest cells, and which component they run.
  void exchanged(site where, time_point began, const std::vector<cell_status>& cells, std::uint32_t version);
  /// Whether calls of that pool have no outcome yet.
  std::uint64_t live_at(site where) const;

  /// Nothing runs any more: calls without an outcome are lost, cells that are not closed are wrong.
  void close();

  tally figures() const;
  std::vector<double> overshoots() const;  ///< in milliseconds, sorted
  std::vector<std::string> complaints() const;

  // Holdfast's side.
  void on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from,
               cell_state to) noexcept override;
  void on_fault(std::uint32_t cell, std::uint64_t generation, errc why, std::string_view) noexcept override;
  void on_retired(std::uint32_t cell, std::uint64_t generation) noexcept override;
  void on_accepted(const call_id& call) noexcept override;
  void on_refused(errc why) noexcept override;
  void on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept override;
  void on_backing_off(const call_id& call, unsigned attempt, errc why, duration wait) noexcept override;
  void on_recording(const call_id& call, outcome what) noexcept override;
  void on_done(const call_id& call, outcome what) noexcept override;

 private:
  struct instance {
    cell_state state = cell_state::building;
    std::uint64_t generation = 0;
    bool whole = false;  // built, and not lost since
    std::int64_t work = 0;
    std::uint64_t counted = 0;          // begun, of those that the guest counts as it is entered
    std::vector<const record*> runs{};  // in flight
    bool lost_one = false;              // a call ended in a way that costs the instance
    bool has_culprit = false;           // one that is not `collateral`, or a tail that was to trap
  };
  struct edition {
    time_point began{};
    std::uint32_t first = 0;
  };

  void wrong(const record* one, std::string why);  // under the lock
  void over(const record& one, effect ran);
  void vacate(const record& one);
  void judge_end(const record& one, outcome what);
  void judge_value(const record& one, const reply& what, bool right);
  void judge_version(const record& one, std::uint32_t version);
  void judge_entered(const record& one, std::uint32_t entered);
  void judge_company(const record& one, const instance& in);
  void judge_loss(const record& one, outcome what, instance& in);
  void leave_instance(const record& one, outcome what, time_point at);
  instance* lose(std::uint32_t cell, std::uint64_t generation);

  mutable std::mutex mutex_;
  std::unordered_map<call_id, record_ptr> calls_;
  std::unordered_map<std::uint64_t, record_ptr> by_number_;  // those that host functions may be asked for
  std::unordered_set<std::uint64_t> never_ran_;              // the latest, by number
  std::unordered_map<std::uint32_t, instance> cells_;
  std::array<std::vector<edition>, sites> editions_;
  std::array<std::uint64_t, sites> live_{};
  std::map<std::uint32_t, std::uint32_t> version_of_;  // by cell
  std::vector<float> overshoots_;
  tally figures_;
  std::vector<std::string> complaints_;
};

/// One wait for one answer: told once, or untold at its end.
class awaited {
 public:
  /// `owed`: an answer has to come. Not so where the caller's execution context may end first.
  enum class debt : std::uint8_t { owed, waived };
  awaited(ledger& book, record_ptr one, debt how) noexcept : book_(book), one_(std::move(one)), how_(how) {}
  awaited(const awaited&) = delete;
  awaited& operator=(const awaited&) = delete;
  ~awaited();
  void told(const reply& what);

 private:
  ledger& book_;
  const record_ptr one_;
  const debt how_;
  std::atomic<unsigned> told_{0};
};

}  // namespace holdfast::storm
