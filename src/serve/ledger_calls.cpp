// SPDX-License-Identifier: Apache-2.0
#include "serve/ledger_calls.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::serve {
namespace {

constexpr std::size_t place_of(call_phase phase) noexcept { return static_cast<std::size_t>(phase); }

bool fits(const call_record& which, const call_filter& wanted) {
  return (!wanted.component || which.of.component == *wanted.component) &&
         (!wanted.principal || which.principal == *wanted.principal) &&
         (!wanted.phase || which.phase == *wanted.phase);
}

// The last changes, the last first.
void keep_newest(std::vector<call_record>& of, std::size_t most) {
  const auto newer = [](const call_record& a, const call_record& b) {
    return std::pair(a.changed, a.since) > std::pair(b.changed, b.since);
  };
  std::ranges::stable_sort(of, newer);
  if (of.size() > most) of.erase(of.begin() + static_cast<std::ptrdiff_t>(most), of.end());
}

}  // namespace

void component_figures::add(const component_figures& other) noexcept {
  accepted += other.accepted;
  for (std::size_t i = 0; i < ended.size(); ++i) ended[i] += other.ended[i];
  for (std::size_t i = 0; i < live.size(); ++i) live[i] += other.live[i];
  queue.add(other.queue);
  run.add(other.run);
}

// Under the shard's lock.

ledger_calls::live_call* ledger_calls::find_live(shard& in, const call_id& id) noexcept {
  const auto found = in.live.find(id);
  return found != in.live.end() ? found->second : nullptr;
}

void ledger_calls::touch(shard& in, live_call& which) const noexcept {
  which.told.changed = revision();
  in.order.splice(in.order.end(), in.order, in.order.iterator_to(which));
}

void ledger_calls::move_to(live_call& which, call_phase next, time_point now) noexcept {
  call_record& told = which.told;
  if (told.phase == call_phase::running && !std::exchange(which.settled, false)) told.run += now - told.since;
  --which.counts->live[place_of(told.phase)];
  if (next != call_phase::done) ++which.counts->live[place_of(next)];
  told.phase = next;
  told.since = now;
}

void ledger_calls::name(shard& in, live_call& which, const call_target& what) {
  // As a rule it is what the call before asked for.
  if (in.last_component == nullptr || in.last_component->name != what.where.component) {
    auto found = in.components.find(what.where.component);
    if (found == in.components.end()) {
      std::string made(what.where.component);
      found = in.components.emplace(made, known_component{.name = made}).first;
    }
    in.last_component = &found->second;
    in.last_export = nullptr;
  }
  if (in.last_export == nullptr || in.last_export->function != what.function) {
    auto& exports = in.last_component->exports;
    auto found = exports.find(what.function);
    if (found == exports.end()) {
      found = exports.emplace(std::string(what.function), call_export{}).first;
      found->second = {in.last_component->name, found->first};
    }
    in.last_export = &found->second;
  }
  which.counts = &in.last_component->counts;
  which.told.of = *in.last_export;
}

ledger_calls::live_call& ledger_calls::begin(shard& in, const call_id& id, const call_target& what,
                                             std::string_view principal, time_point now) {
  if (in.spare.empty()) {
    in.spare.reserve(in.storage.size() + 1);  // the end of a call allocates nothing
    in.spare.push_back(&in.storage.emplace_back());
  }
  live_call& made = *in.spare.back();
  name(in, made, what);
  call_record& told = made.told;
  told.actor.assign(what.where.actor);
  told.principal.assign(principal);
  in.live.emplace(id, &made);
  in.spare.pop_back();
  told.id = id;
  told.keyed = what.keyed;
  told.phase = call_phase::queued;
  told.what = {};
  told.accepted = told.since = now;
  told.queue = told.run = duration::zero();
  told.cell = 0;
  told.generation = 0;
  told.attempt = 0;
  told.waiters = 1;
  told.born = told.changed = revision();
  made.settled = false;
  in.order.push_back(made);
  ++made.counts->accepted;
  ++made.counts->live[place_of(call_phase::queued)];
  return made;
}

void ledger_calls::remember(shard& in, call_record& which) const {
  if (remembered_ == 0) {
    in.forgotten = which.changed;
    return;
  }
  if (in.ended.size() < remembered_) {
    in.ended.push_back(which);
    return;
  }
  call_record& oldest = in.ended[in.next_ended];
  in.forgotten = std::max(in.forgotten, oldest.changed);
  std::swap(oldest, which);  // their texts keep their memory
  in.next_ended = (in.next_ended + 1) % remembered_;
}

template <class See>
void ledger_calls::each_ended(const shard& in, See see) {
  for (std::size_t i = in.ended.size(); i > 0; --i)
    if (!see(in.ended[(in.next_ended + i - 1) % in.ended.size()])) return;
}

// What is told.

void ledger_calls::asked(const call_id& id, const call_target& what, std::string_view principal,
                         time_point now) {
  shard& in = of(id);
  const std::scoped_lock lock(in.mutex);
  if (find_live(in, id) == nullptr) begin(in, id, what, principal, now);
}

void ledger_calls::accepted(const call_id& id, time_point now) { asked(id, {}, {}, now); }

void ledger_calls::started(const call_id& id, std::uint32_t cell, std::uint64_t generation,
                           time_point now) noexcept {
  shard& in = of(id);
  const std::scoped_lock lock(in.mutex);
  live_call* const which = find_live(in, id);
  if (which == nullptr) return;
  call_record& told = which->told;
  if (told.attempt == 0) {
    told.queue = now - told.accepted;
    which->counts->queue.add(told.queue);
  }
  move_to(*which, call_phase::running, now);
  ++told.attempt;
  told.cell = cell;
  told.generation = generation;
  touch(in, *which);
}

void ledger_calls::backs_off(const call_id& id, time_point now) noexcept {
  shard& in = of(id);
  const std::scoped_lock lock(in.mutex);
  live_call* const which = find_live(in, id);
  if (which == nullptr) return;
  move_to(*which, call_phase::backing_off, now);
  touch(in, *which);
}

void ledger_calls::queued_again(const call_id& id, time_point now) noexcept {
  shard& in = of(id);
  const std::scoped_lock lock(in.mutex);
  live_call* const which = find_live(in, id);
  if (which == nullptr) return;
  move_to(*which, call_phase::queued, now);
  touch(in, *which);
}

// No guest works for it any more, although it is not done.
void ledger_calls::settled(const call_id& id, time_point now) noexcept {
  shard& in = of(id);
  const std::scoped_lock lock(in.mutex);
  live_call* const which = find_live(in, id);
  if (which == nullptr || which->told.phase != call_phase::running || which->settled) return;
  which->told.run += now - which->told.since;
  which->settled = true;
}

void ledger_calls::done(const call_id& id, outcome what, time_point now) noexcept {
  shard& in = of(id);
  const std::scoped_lock lock(in.mutex);
  const auto found = in.live.find(id);
  if (found == in.live.end()) return;
  live_call& which = *found->second;
  call_record& told = which.told;
  move_to(which, call_phase::done, now);
  told.what = what;
  told.changed = revision();
  if (told.attempt == 0) told.queue = now - told.accepted;
  ++which.counts->ended[static_cast<std::size_t>(what)];
  if (told.attempt > 0) which.counts->run.add(told.run);
  in.live.erase(found);
  in.order.erase(in.order.iterator_to(which));
  remember(in, told);
  in.spare.push_back(&which);
}

void ledger_calls::waited_for(const call_id& id, presence now) noexcept {
  shard& in = of(id);
  const std::scoped_lock lock(in.mutex);
  live_call* const which = find_live(in, id);
  if (which == nullptr) return;
  unsigned& count = which->told.waiters;
  switch (now) {
    case presence::joined:
      ++count;
      break;
    case presence::left:  // that nobody is left is told apart
      count = std::max(count, 2U) - 1;
      break;
    case presence::nobody:
      count = 0;
      break;
    case presence::somebody:
      count = std::max(count, 1U);
      break;
  }
  touch(in, *which);
}

void ledger_calls::note(const call_id& id, std::string_view principal) {
  shard& in = of(id);
  const std::scoped_lock lock(in.mutex);
  if (live_call* const which = find_live(in, id)) {
    if (!which->told.principal.empty()) return;
    which->told.principal.assign(principal);
    return touch(in, *which);
  }
  const auto found = std::ranges::find(in.ended, id, &call_record::id);
  if (found != in.ended.end() && found->principal.empty()) found->principal.assign(principal);
}

// What is read.

std::optional<call_record> ledger_calls::find(const call_id& id) const {
  const shard& in = of(id);
  const std::scoped_lock lock(in.mutex);
  if (const auto found = in.live.find(id); found != in.live.end()) return found->second->told;
  // The last are asked for the most.
  std::optional<call_record> ended;
  each_ended(in, [&](const call_record& each) {
    if (each.id == id) ended = each;
    return !ended;
  });
  return ended;
}

std::vector<call_record> ledger_calls::list(const call_filter& which) const {
  std::vector<call_record> all;
  for (const shard& in : shards_) {
    std::size_t left = which.limit;
    const auto see = [&](const call_record& each) {
      if (left > 0 && fits(each, which)) all.push_back(each), --left;
      return left > 0;
    };
    const std::scoped_lock lock(in.mutex);
    if (which.phase == call_phase::done) {
      each_ended(in, see);
    } else {
      for (auto each = in.order.rbegin(); each != in.order.rend() && see(each->told);) ++each;
    }
  }
  keep_newest(all, which.limit);
  return all;
}

call_changes ledger_calls::changes(std::uint64_t from, std::uint64_t to, std::size_t limit) const {
  call_changes made;
  std::vector<call_record> brief;  // began and ended after `from`: the reader never heard of them
  for (const shard& in : shards_) {
    const std::scoped_lock lock(in.mutex);
    if (in.forgotten > from) made.whole = false;
    for (auto each = in.order.rbegin(); each != in.order.rend() && each->told.changed > from; ++each) {
      if (each->told.changed > to) continue;
      if (made.live.size() >= limit) made.whole = false;
      if (!made.whole) break;
      made.live.push_back(each->told);
    }
    std::size_t left = limit;
    each_ended(in, [&](const call_record& each) {
      if (!made.whole || each.changed <= from) return false;
      if (each.changed > to) return true;
      if (each.born > from) {
        if (left > 0) brief.push_back(each), --left;
      } else if (made.gone.size() >= limit) {
        made.whole = false;
      } else {
        made.gone.push_back(each);
      }
      return true;
    });
    if (!made.whole) return made;
  }
  keep_newest(made.live, limit);
  keep_newest(brief, limit - made.gone.size());
  made.gone.insert(made.gone.end(), std::make_move_iterator(brief.begin()),
                   std::make_move_iterator(brief.end()));
  return made;
}

call_changes ledger_calls::all(std::uint64_t to, std::size_t limit, std::size_t ended) const {
  call_changes made;
  for (const shard& in : shards_) {
    const std::scoped_lock lock(in.mutex);
    std::size_t left = limit;
    for (auto each = in.order.rbegin(); each != in.order.rend() && left > 0; ++each) {
      if (each->told.born > to) continue;
      made.live.push_back(each->told);
      --left;
    }
    left = ended;
    each_ended(in, [&](const call_record& each) {
      if (each.changed <= to && left > 0) made.gone.push_back(each), --left;
      return left > 0;
    });
  }
  keep_newest(made.live, limit);
  keep_newest(made.gone, ended);
  return made;
}

std::map<std::string, component_figures> ledger_calls::figures() const {
  std::map<std::string, component_figures> all;
  for (const shard& in : shards_) {
    const std::scoped_lock lock(in.mutex);
    for (const auto& [name, known] : in.components) all[name].add(known.counts);
  }
  return all;
}

}  // namespace holdfast::serve
