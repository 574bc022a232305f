// SPDX-License-Identifier: Apache-2.0
#include "host/actor_timers.hpp"

#include <algorithm>
#include <utility>

#include "host/keyed_export.hpp"
#include "host/pool_call.hpp"

namespace holdfast::detail {
namespace {

constexpr std::chrono::seconds first_wait(1);
constexpr std::chrono::seconds longest_wait(60);

std::chrono::seconds wait_after(unsigned failures) noexcept {
  return failures < 7 ? std::min(first_wait * (1 << (failures - 1)), longest_wait) : longest_wait;
}

}  // namespace

journal_timer record_of(const timer_change& what) {
  journal_timer made{.actor = what.actor, .name = what.name, .gone = what.set == nullptr};
  if (made.gone) return made;
  const actor_timer& is = *what.set;
  made.group = is.group;
  made.key = is.key;
  made.id = is.id;
  made.due = is.due;
  made.function = is.function;
  made.arguments = is.arguments;
  return made;
}

std::optional<error> actor_timers::load(journal& from) {
  const std::scoped_lock lock(mutex_);
  return from.read_timers([this](const journal_timer& is) {
    auto known =
        std::make_shared<actor_timer>(actor_timer{.id = is.id,
                                                  .actor = is.actor,
                                                  .group = std::string(is.group),
                                                  .key = std::string(is.key),
                                                  .name = std::string(is.name),
                                                  .due = is.due,
                                                  .function = std::string(is.function),
                                                  .arguments = {is.arguments.begin(), is.arguments.end()}});
    const auto at = entries_.try_emplace({is.actor, known->name}).first;
    at->second.written = known;
    put(at, std::move(known), stage::waits);
  });
}

// A call's side.

timer_draft* actor_timers::draft_of(pool_call& by, unsigned attempt) {
  if (by.phase() == call_phase::done) return nullptr;
  timer_draft& draft = by.timers();
  if (attempt < draft.attempt || !draft.held.empty()) return nullptr;
  if (attempt > draft.attempt) draft.wishes.clear();
  draft.attempt = attempt;
  if (draft.of == nullptr) draft.of = shared_from_this();
  return &draft;
}

// A timer whose call has begun is used up: what that call and those after it see does not hang on who hears
// first of its end.
bool actor_timers::is_there(const entry& which, const pool_call& to) noexcept {
  if (which.now == nullptr) return false;
  if (which.at != stage::called) return true;
  if (which.call != nullptr) return which.call->phase() == call_phase::queued;
  return to.key() != timer_key(which.now->id);
}

bool actor_timers::is_there(const place& which, const pool_call& to) const noexcept {
  const auto found = entries_.find(which);
  return found != entries_.end() && is_there(found->second, to);
}

std::optional<error> actor_timers::set(pool_call& by, unsigned attempt, actor_timer what, std::size_t most) {
  const std::scoped_lock lock(mutex_);
  timer_draft* const draft = draft_of(by, attempt);
  if (draft == nullptr) return error(errc::bad_arguments, "the call has ended");
  std::size_t others = 0;
  for (auto each = entries_.lower_bound({what.actor, {}});
       each != entries_.end() && each->first.first == what.actor; ++each) {
    const std::string& name = each->first.second;
    if (name != what.name && !draft->wishes.contains(name) && is_there(each->second, by)) ++others;
  }
  for (const auto& [name, wish] : draft->wishes)
    if (wish != nullptr && name != what.name) ++others;
  if (others >= most)
    return error(errc::limit,
                 "the actor has " + std::to_string(others) + " timers, the limit is " + std::to_string(most));
  std::string name = what.name;
  draft->wishes.insert_or_assign(std::move(name), std::make_shared<actor_timer>(std::move(what)));
  return std::nullopt;
}

bool actor_timers::cancel(pool_call& by, unsigned attempt, const core::key_print& actor,
                          const std::string& name) {
  const std::scoped_lock lock(mutex_);
  timer_draft* const draft = draft_of(by, attempt);
  if (draft == nullptr) return false;
  const auto wish = draft->wishes.find(name);
  if (wish == draft->wishes.end()) {
    const bool there = is_there({actor, name}, by);
    if (there) draft->wishes.emplace(name, nullptr);
    return there;
  }
  const bool there = wish->second != nullptr;
  if (entries_.contains({actor, name})) {
    wish->second.reset();
  } else {
    draft->wishes.erase(wish);
  }
  return there;
}

void actor_timers::hold(pool_call& completed, const std::string& key) {
  std::vector<boost::intrusive_ptr<core::call>> useless;
  {
    const std::scoped_lock lock(mutex_);
    timer_draft& draft = completed.timers();
    for (auto& [name, wish] : std::exchange(draft.wishes, {})) {
      if (wish != nullptr) wish->key = key;
      const core::key_print actor = *completed.actor();
      const auto at = entries_.try_emplace({actor, name}).first;
      if (auto call = take_away(at)) useless.push_back(std::move(call));
      if (wish != nullptr) put(at, wish, wakes_ ? stage::unwritten : stage::waits);
      if (wakes_) {
        if (wish != nullptr) draft.bytes += wish->bytes();
        draft.held.push_back({.actor = actor, .name = name, .set = wish});
      }
      tidy(at);
    }
  }
  // They wait behind this one, in their actor's order: none of them has begun, but it itself.
  for (const auto& each : useless) each->revoke();
}

void actor_timers::forget(pool_call& over) noexcept {
  std::map<std::string, std::shared_ptr<actor_timer>> wishes;  // let go after the lock
  const std::scoped_lock lock(mutex_);
  if (timer_draft* const draft = over.draft()) wishes.swap(draft->wishes);
}

// A group's side.

void actor_timers::open(const std::string& which, alarm told) {
  const std::scoped_lock lock(mutex_);
  group& of = groups_[which];
  of.told = std::move(told);
  arm(of);
}

void actor_timers::close(const std::string& which) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = groups_.find(which);
  if (found == groups_.end()) return;
  if (const alarm told = std::exchange(found->second.told, nullptr)) told(std::nullopt);
  if (found->second.count == 0 && found->second.called == 0) groups_.erase(found);
}

std::vector<actor_timer_ptr> actor_timers::take_due(const std::string& which) {
  std::vector<actor_timer_ptr> due;
  const std::scoped_lock lock(mutex_);
  const auto found = groups_.find(which);
  if (found == groups_.end() || !found->second.told) return due;
  group& of = found->second;
  const time now = now_();
  while (of.called < most_at_once && !of.next.empty() && of.next.begin()->first <= now) {
    entry& next = of.next.begin()->second->second;
    of.next.erase(of.next.begin());
    next.at = stage::called;
    ++of.called;
    due.push_back(next.now);
  }
  arm(of);
  return due;
}

bool actor_timers::calls(const actor_timer& which, boost::intrusive_ptr<core::call> by) {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find({which.actor, which.name});
  if (found == entries_.end() || found->second.now.get() != &which || found->second.at != stage::called)
    return false;
  found->second.call = std::move(by);
  return true;
}

void actor_timers::ended(const actor_timer& which, effect how) {
  boost::intrusive_ptr<core::call> call;  // let go after the lock
  const std::scoped_lock lock(mutex_);
  group& of = groups_[which.group];
  --of.called;
  const auto at = entries_.find({which.actor, which.name});
  if (at != entries_.end()) {
    entry& its = at->second;
    const bool current = its.now.get() == &which;
    if (current && how == effect::not_executed) {
      call = std::move(its.call);
      await(at, now_() + wait_after(++its.failures));
    } else if (how != effect::not_executed) {
      if (current) call = take_away(at);
      if (its.written.get() == &which) {  // its call had its record before, or will have none
        its.written.reset();
        notes_.push_back({.actor = which.actor, .name = which.name});
        wakes_();
      }
      tidy(at);
    }
  }
  arm(of);
}

std::size_t actor_timers::count(const std::string& which) const noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = groups_.find(which);
  return found != groups_.end() ? found->second.count : 0;
}

// The writer's side.

std::vector<timer_change> actor_timers::collect(const core::records::batch& with) {
  const std::scoped_lock lock(mutex_);
  // First: no later setting is among them.
  std::vector<timer_change> all = std::exchange(notes_, {});
  for (const core::records::item& each : with.items)
    if (each.ended) take_ended(static_cast<const pool_call&>(*each.of), all);
  return all;
}

void actor_timers::take_ended(const pool_call& call, std::vector<timer_change>& into) {
  if (const auto at = timer_of(call, &entry::written); at != entries_.end()) {
    at->second.written.reset();
    into.push_back({.actor = at->first.first, .name = at->first.second});
    tidy(at);
  }
  if (const auto at = timer_of(call, &entry::now); at != entries_.end()) {
    take_away(at);  // its waiter holds the call
    tidy(at);
  }
  timer_draft* const draft = call.draft();
  if (draft == nullptr) return;
  for (timer_change& each : draft->held) {
    const auto at = entries_.try_emplace({each.actor, each.name}).first;
    at->second.written = each.set;
    into.push_back(std::move(each));
    tidy(at);
  }
  draft->held.clear();
}

// The timer that makes the call, as it is now or in the journal.
actor_timers::entries::iterator actor_timers::timer_of(const pool_call& call,
                                                       actor_timer_ptr entry::* which) {
  if (call.of() == nullptr || call.of()->actor.empty() || !call.key().starts_with("timer:"))
    return entries_.end();
  const core::key_print actor = print_of_actor(call.of()->pool, call.of()->actor);
  const auto of_another = [&](const auto& at) { return at->first.first != actor; };
  for (auto at = entries_.lower_bound({actor, {}}); at != entries_.end() && !of_another(at); ++at) {
    const actor_timer_ptr& timer = at->second.*which;
    if (timer != nullptr && call.key() == timer_key(timer->id) && call.of()->function == timer->function)
      return at;
  }
  return entries_.end();
}

void actor_timers::kept(std::span<const timer_change> what) {
  const std::scoped_lock lock(mutex_);
  for (const timer_change& each : what) {
    if (each.set == nullptr) continue;
    const auto at = entries_.find({each.actor, each.name});
    if (at == entries_.end() || at->second.now != each.set || at->second.at != stage::unwritten) continue;
    await(at, each.set->due);
    arm(groups_[each.set->group]);
  }
}

// Under the lock.

void actor_timers::put(entries::iterator at, actor_timer_ptr what, stage how) {
  entry& its = at->second;
  its.now = std::move(what);
  its.failures = 0;
  its.at = stage::unwritten;
  group& of = groups_[its.now->group];
  ++of.count;
  if (how != stage::waits) return;
  await(at, its.now->due);
  arm(of);
}

// Its call, if there is one that has not ended.
boost::intrusive_ptr<core::call> actor_timers::take_away(entries::iterator from) {
  entry& its = from->second;
  if (its.now == nullptr) return nullptr;
  group& of = groups_[its.now->group];
  --of.count;
  if (its.at == stage::waits) {
    of.next.erase(its.next);
    arm(of);
  }
  its.now.reset();
  its.at = stage::unwritten;
  return std::exchange(its.call, nullptr);
}

void actor_timers::await(entries::iterator which, time when) {
  entry& its = which->second;
  its.at = stage::waits;
  its.next = groups_[its.now->group].next.emplace(when, which);
}

void actor_timers::tidy(entries::iterator which) {
  if (which->second.now == nullptr && which->second.written == nullptr) entries_.erase(which);
}

void actor_timers::arm(group& which) {
  if (!which.told) return;
  const bool waits = which.called < most_at_once && !which.next.empty();
  which.told(waits ? std::optional(which.next.begin()->first) : std::nullopt);
}

}  // namespace holdfast::detail
