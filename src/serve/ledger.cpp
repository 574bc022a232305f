// SPDX-License-Identifier: Apache-2.0
#include "serve/ledger.hpp"

#include <algorithm>
#include <utility>

#include "serve/ledger_json.hpp"
#include "serve/on_behalf.hpp"
#include "serve/units.hpp"

namespace holdfast::serve {
namespace {

void count(std::atomic<std::uint64_t>& what, std::uint64_t by = 1) noexcept {
  what.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

ledger::ledger(ledger_bounds bounds, ledger_clocks clocks)
    : clocks_(std::move(clocks)), calls_(revision_, bounds.ended), cells_(revision_, bounds.faults) {
  last_overshoots_.reserve(last_overshoots);
}

// What it is told.

void ledger::note_owner(const call_id& call, std::string_view principal) {
  owners_.note(call, principal);
  calls_.note(call, principal);
}

void ledger::on_cell_opened(std::uint32_t cell, const cell_place& where) noexcept {
  cells_.opened(cell, where, now());
}

void ledger::on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from, cell_state to) noexcept {
  cells_.moved(cell, generation, from, to, now());
}

void ledger::on_fault(std::uint32_t cell, std::uint64_t generation, errc why,
                      std::string_view untrusted) noexcept {
  cells_.failed(cell, generation, why, untrusted, now());
}

void ledger::on_stuck(std::size_t now) noexcept { stuck_.store(now, std::memory_order_relaxed); }

void ledger::on_asked(const call_id& call, const call_target& what) noexcept {
  on_behalf_of::note_asked(call);
  const std::string_view whom = on_behalf_of::whom();
  if (!whom.empty()) owners_.note(call, whom);
  calls_.asked(call, what, whom, now());
}

void ledger::on_accepted(const call_id& call) noexcept { calls_.accepted(call, now()); }

void ledger::on_refused(errc why) noexcept {
  const auto place = static_cast<std::size_t>(why);
  count(refused_[place < refused_.size() ? place : static_cast<std::size_t>(errc::internal)]);
}

void ledger::on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept {
  calls_.started(call, cell, generation, now());
}

void ledger::on_overshoot(const call_id& /*call*/, duration late) noexcept {
  const std::scoped_lock lock(rare_mutex_);
  overshoot_.add(late);
  longest_overshoot_ = std::max(longest_overshoot_, late);
  if (last_overshoots_.size() < last_overshoots) {
    last_overshoots_.push_back(late);
  } else {
    last_overshoots_[overshoots_ % last_overshoots] = late;
  }
  ++overshoots_;
}

void ledger::on_recording(const call_id& call, outcome /*what*/) noexcept { calls_.settled(call, now()); }

void ledger::on_done(const call_id& call, outcome what) noexcept {
  on_behalf_of::note_done(call);
  calls_.done(call, what, now());
  if (tell_ended_) tell_ended_(call);
}

void ledger::on_committed(std::size_t changes, duration took) noexcept {
  count(committed_, changes);
  const std::scoped_lock lock(rare_mutex_);
  commits_.add(took);
}

void ledger::on_journal_full(bool full) noexcept { journal_full_.store(full, std::memory_order_relaxed); }

void ledger::on_backing_off(const call_id& call, unsigned attempt, errc /*why*/, duration /*wait*/) noexcept {
  if (attempt > 0) count(retried_);
  calls_.backs_off(call, now());
}

void ledger::on_queued_again(const call_id& call) noexcept { calls_.queued_again(call, now()); }

void ledger::on_joined(const call_id& call) noexcept {
  count(joined_);
  calls_.waited_for(call, ledger_calls::presence::joined);
}

void ledger::on_detached(const call_id& call) noexcept {
  count(detached_);
  calls_.waited_for(call, ledger_calls::presence::left);
}

void ledger::on_orphaned(const call_id& call) noexcept {
  count(orphaned_);
  calls_.waited_for(call, ledger_calls::presence::nobody);
}

void ledger::on_orphan_ended(const call_id& call, duration /*cost*/) noexcept {
  calls_.waited_for(call, ledger_calls::presence::somebody);
}

// What it tells.

std::function<double(time_point)> ledger::calendar() const {
  const auto wall = clocks_.wall ? clocks_.wall() : std::chrono::system_clock::now();
  return [now = now(), wall = seconds(wall.time_since_epoch())](time_point at) {
    return wall - seconds(now - at);
  };
}

ledger_figures ledger::figures() const {
  ledger_figures made;
  made.calls = calls_.figures();
  made.cells = cells_.figures();
  for (std::size_t i = 0; i < refused_.size(); ++i)
    if (const auto some = refused_[i].load(std::memory_order_relaxed); some > 0)
      made.refused[static_cast<errc>(i)] = some;
  made.detached = detached_.load(std::memory_order_relaxed);
  made.orphaned = orphaned_.load(std::memory_order_relaxed);
  made.joined = joined_.load(std::memory_order_relaxed);
  made.retried = retried_.load(std::memory_order_relaxed);
  made.committed = committed_.load(std::memory_order_relaxed);
  made.journal_full = journal_full_.load(std::memory_order_relaxed);
  made.stuck = stuck_.load(std::memory_order_relaxed);
  const std::scoped_lock lock(rare_mutex_);
  made.overshoot = overshoot_;
  made.commits = commits_;
  return made;
}

overshoot_figures ledger::overshoot() const {
  std::vector<duration> last;
  overshoot_figures made;
  {
    const std::scoped_lock lock(rare_mutex_);
    last = last_overshoots_;
    made.count = overshoots_;
    made.max = longest_overshoot_;
  }
  if (last.empty()) return made;
  std::ranges::sort(last);
  made.p50 = last[(last.size() - 1) / 2];
  made.p99 = last[(last.size() - 1) * 99 / 100];
  return made;
}

ledger_news ledger::snapshot(const ledger_limits& limits) const {
  return snapshot_of(revision_.fetch_add(1), limits);
}

ledger_news ledger::snapshot_of(std::uint64_t to, const ledger_limits& limits) const {
  return tell(0, to, true, calls_.all(to, limits.calls, limits.ended), cells_.all(to, limits.cells), limits);
}

ledger_news ledger::changes_since(std::uint64_t revision, const ledger_limits& limits) const {
  const std::uint64_t to = revision_.fetch_add(1);
  // A later one was told by another ledger, before the server was started again.
  if (revision == 0 || revision >= to) return snapshot_of(to, limits);
  call_changes calls = calls_.changes(revision, to, limits.calls);
  cell_changes cells = cells_.changes(revision, to, limits.cells);
  if (!calls.whole || !cells.whole) return snapshot_of(to, limits);
  return tell(revision, to, false, std::move(calls), std::move(cells), limits);
}

ledger_news ledger::tell(std::uint64_t from, std::uint64_t to, bool all, call_changes&& calls,
                         cell_changes&& cells, const ledger_limits& limits) const {
  const auto at = calendar();
  ledger_news news{.snapshot = all, .revision = to};
  boost::json::object& into = news.content;
  into["revision"] = to;
  into["at"] = at(now());
  const ledger_figures figures = this->figures();
  into["totals"] = totals_json(figures);
  into["overshoot"] = overshoot_json(overshoot());
  into["times"] = times_json(figures);
  boost::json::array& told_cells = into["cells"].emplace_array();
  for (const cell_record& each : cells.live) told_cells.push_back(cell_json(each, at));
  boost::json::array& gone_cells = into["cells_gone"].emplace_array();
  for (const std::uint32_t each : cells.gone) gone_cells.push_back(std::uint64_t{each});
  boost::json::array& told_calls = into["calls"].emplace_array();
  for (const call_record& each : calls.live) told_calls.push_back(call_json(each, at));
  boost::json::array& gone_calls = into["calls_gone"].emplace_array();
  for (const call_record& each : calls.gone) gone_calls.push_back(ended_json(each));
  boost::json::array& faults = into["faults"].emplace_array();
  for (const fault_record& each : cells_.faults(from, to, limits.faults))
    faults.push_back(fault_json(each, at));
  return news;
}

std::optional<boost::json::object> ledger::find(const call_id& call) const {
  const auto found = calls_.find(call);
  if (!found) return std::nullopt;
  return call_json(*found, calendar());
}

boost::json::array ledger::list(const call_filter& which) const {
  boost::json::array made;
  const auto at = calendar();
  for (const call_record& each : calls_.list(which)) made.push_back(call_json(each, at));
  return made;
}

}  // namespace holdfast::serve
