// SPDX-License-Identifier: Apache-2.0
#include "serve/ledger_cells.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::serve {
namespace {

constexpr std::size_t longest_fault = 1000;

constexpr std::size_t place_of(cell_state state) noexcept { return static_cast<std::size_t>(state); }

// Whether an instance has come to life with that step.
constexpr bool comes_to_life(cell_state from, cell_state to) noexcept {
  using enum cell_state;
  return (from == building || from == rebuilding) && (to == idle || to == draining);
}

}  // namespace

void cell_figures::add(const cell_figures& other) {
  for (std::size_t i = 0; i < states.size(); ++i) states[i] += other.states[i];
  generations += other.generations;
  rebuilds += other.rebuilds;
  for (const auto& [why, count] : other.faults) faults[why] += count;
}

ledger_cells::live_cell& ledger_cells::at(shard& in, std::uint32_t cell, const cell_place& where,
                                          time_point now) {
  const auto [found, fresh] = in.live.try_emplace(cell);
  live_cell& which = found->second;
  if (!fresh) return which;
  auto counts = in.components.find(where.component);
  if (counts == in.components.end()) counts = in.components.emplace(where.component, cell_figures{}).first;
  which.counts = &counts->second;
  which.told = {.cell = cell,
                .component = std::string(where.component),
                .actor = std::string(where.actor),
                .since = now,
                .born = revision(),
                .changed = revision()};
  ++which.counts->states[place_of(which.told.state)];
  in.order.push_back(which);
  return which;
}

void ledger_cells::opened(std::uint32_t cell, const cell_place& where, time_point now) {
  shard& in = of(cell);
  const std::scoped_lock lock(in.mutex);
  at(in, cell, where, now);
}

void ledger_cells::moved(std::uint32_t cell, std::uint64_t generation, cell_state from, cell_state to,
                         time_point now) {
  shard& in = of(cell);
  const std::scoped_lock lock(in.mutex);
  live_cell& which = at(in, cell, {}, now);
  cell_figures& counts = *which.counts;
  --counts.states[place_of(which.told.state)];
  if (comes_to_life(from, to)) {
    ++counts.generations;
    if (from == cell_state::rebuilding) ++counts.rebuilds;
  }
  if (to == cell_state::closed) {
    in.gone.push_back({cell, which.told.born, revision()});
    if (in.gone.size() > remembered_gone) {
      in.forgotten = in.gone.front().changed;
      in.gone.pop_front();
    }
    in.order.erase(in.order.iterator_to(which));
    in.live.erase(cell);
    return;
  }
  ++counts.states[place_of(to)];
  which.told.state = to;
  which.told.generation = generation;
  which.told.since = now;
  which.told.changed = revision();
  in.order.splice(in.order.end(), in.order, in.order.iterator_to(which));
}

void ledger_cells::failed(std::uint32_t cell, std::uint64_t generation, errc why, std::string_view untrusted,
                          time_point now) {
  shard& in = of(cell);
  const std::scoped_lock lock(in.mutex);
  live_cell& which = at(in, cell, {}, now);
  ++which.counts->faults[why];
  const std::scoped_lock faults(faults_mutex_);
  faults_.push_back({.at = now,
                     .cell = cell,
                     .generation = generation,
                     .component = which.told.component,
                     .why = why,
                     .untrusted = std::string(untrusted.substr(0, longest_fault)),
                     .changed = revision()});
  if (faults_.size() > remembered_faults_) faults_.pop_front();
}

cell_changes ledger_cells::changes(std::uint64_t from, std::uint64_t to, std::size_t limit) const {
  cell_changes made;
  for (const shard& in : shards_) {
    const std::scoped_lock lock(in.mutex);
    if (in.forgotten > from) made.whole = false;
    for (auto each = in.order.rbegin(); each != in.order.rend() && each->told.changed > from; ++each) {
      if (each->told.changed > to) continue;
      if (made.live.size() >= limit) made.whole = false;
      if (!made.whole) return made;
      made.live.push_back(each->told);
    }
    for (auto each = in.gone.rbegin(); each != in.gone.rend() && each->changed > from; ++each) {
      if (each->changed > to || each->born > from) continue;
      if (made.gone.size() >= limit) made.whole = false;
      if (!made.whole) return made;
      made.gone.push_back(each->cell);
    }
    if (!made.whole) return made;
  }
  return made;
}

cell_changes ledger_cells::all(std::uint64_t to, std::size_t limit) const {
  cell_changes made;
  for (const shard& in : shards_) {
    std::size_t left = limit;
    const std::scoped_lock lock(in.mutex);
    for (auto each = in.order.rbegin(); each != in.order.rend() && left > 0; ++each) {
      if (each->told.born > to) continue;
      made.live.push_back(each->told);
      --left;
    }
  }
  std::ranges::sort(made.live, {}, &cell_record::cell);
  if (made.live.size() > limit) made.live.resize(limit);
  return made;
}

std::vector<fault_record> ledger_cells::faults(std::uint64_t from, std::uint64_t to,
                                               std::size_t limit) const {
  std::vector<fault_record> made;
  const std::scoped_lock lock(faults_mutex_);
  for (auto each = faults_.rbegin(); each != faults_.rend() && made.size() < limit; ++each) {
    if (each->changed <= from) break;
    if (each->changed <= to) made.push_back(*each);
  }
  std::ranges::reverse(made);
  return made;
}

std::map<std::string, cell_figures> ledger_cells::figures() const {
  std::map<std::string, cell_figures> all;
  for (const shard& in : shards_) {
    const std::scoped_lock lock(in.mutex);
    for (const auto& [name, counts] : in.components) all[name].add(counts);
  }
  return all;
}

}  // namespace holdfast::serve
