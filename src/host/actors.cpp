// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/actors.hpp>
#include <thread>
#include <utility>

#include "core/lineage.hpp"
#include "engine/engine_impl.hpp"
#include "host/actors_impl.hpp"
#include "host/timer_calls.hpp"
#include "host/timer_functions.hpp"

namespace holdfast {
namespace {

constexpr std::size_t longest_key = 1024;
constexpr std::size_t most_looked_at = 64;  // of those who might give their place up
constexpr std::chrono::milliseconds again_in(1);
constexpr std::chrono::minutes look_again_in(1);  // whether a timer is due

pool_options options_of_actor(const actors::impl& group) {
  pool_options made;
  made.name = group.options.name;
  made.stop_grace = group.options.stop_grace;
  return made;
}

error stateless() {
  return {errc::bad_arguments,
          "the component does not export `holdfast:actor/lifecycle`, which the one before does: its actors "
          "would lose their states"};
}

}  // namespace

// One actor.

detail::actor_impl::actor_impl(std::shared_ptr<actors::impl> in, std::string name)
    : pool::impl(in->owner, options_of_actor(*in), nullptr, in->scope),
      group(std::move(in)),
      key(std::move(name)),
      print(print_of_actor(key_scope, key)) {
  turns = &group->turns;
  actor_print = &print;
}

detail::actor_impl::~actor_impl() { group->forget(*this); }

holdfast::component detail::actor_impl::component() const { return group->component(); }

std::shared_ptr<detail::edition> detail::actor_impl::awaken() { return group->awaken(*this); }

actor::actor(std::shared_ptr<impl> made) noexcept : pool(std::move(made)) {}

const std::string& actor::key() const noexcept {
  return static_cast<const detail::actor_impl&>(*internals()).key;
}

std::size_t actor::queued() const noexcept {
  const auto now = internals()->current.load();
  return now != nullptr ? now->box->depth() : 0;
}

bool actor::resident() const noexcept {
  const auto now = internals()->current.load();
  return now != nullptr && now->opened.load();
}

// The group.

result<actor> actors::at(std::string_view key) const {
  if (impl_->owner->began.forked()) return error(errc::forked);
  auto found = impl_->at(key);
  if (!found) return found.error();
  return actor(*std::move(found));
}

result<void> actors::swap(const holdfast::component& next) const {
  if (impl_->owner->began.forked()) return error(errc::forked);
  detail::forbid_inside_callback("the component of actors was exchanged");
  return impl_->swap(next);
}

holdfast::component actors::component() const { return impl_->component(); }

actor_figures actors::figures() const { return impl_->figures(); }

void actors::drain(duration grace) const {
  if (impl_->owner->began.forked()) return;
  detail::forbid_inside_callback("actors were drained");
  impl_->begin_drain();
  impl_->finish_drain(core::later(impl_->owner->world->time.now(), grace));
  impl_->owner->flush_journal();
  const std::scoped_lock lock(impl_->owner->mutex);
  std::erase(impl_->owner->groups, impl_);
}

result<std::shared_ptr<const detail::actor_make>> actors::impl::link(host::impl& owner,
                                                                     const actor_options& how,
                                                                     const std::string& scope,
                                                                     const holdfast::component& what) {
  pool_options options;
  options.limits = how.limits;
  options.may_reach = how.may_reach;
  options.functions = detail::offered_with_timers(owner, what, scope, how);
  options.output = how.output;
  options.stop_grace = how.stop_grace;
  // What is deterministic is run again where it would be lost.
  const auto tape_bytes = what.deterministic() ? std::optional(how.replay_bytes) : std::nullopt;
  auto linked = detail::edition::link(owner, what, options, tape_bytes);
  if (!linked) return linked.error();
  return detail::actor_make::of(what, std::move(*linked));
}

result<std::shared_ptr<actors::impl>> actors::impl::make(std::shared_ptr<host::impl> by,
                                                         const holdfast::component& what,
                                                         actor_options options) {
  if (options.resident == 0) return error(errc::limit, "of actors at least one has to be resident");
  if (options.rebuild.spares > 0)
    return error(errc::limit,
                 "an actor has no spares: `rebuild` says " + std::to_string(options.rebuild.spares));
  if (by->journalled() && options.name.empty())
    return error(errc::bad_arguments,
                 "actors in a journal need a name (`actor_options::name`): they could not be told from "
                 "others after a restart");
  std::string scope = by->scope_of(options.name);
  auto first = link(*by, options, scope, what);
  if (!first) return first.error();
  std::vector<std::shared_ptr<const detail::actor_make>> earlier;
  for (const holdfast::component& each : options.earlier) {
    auto linked = link(*by, options, scope, each);
    if (!linked) return linked.error();
    if ((*linked)->keeps() && !(*first)->keeps()) return stateless();
    earlier.push_back(*std::move(linked));
  }
  auto instances = detail::reservation::make(by->with, options.resident);
  if (!instances) return instances.error();
  std::shared_ptr<impl> made(new impl(std::move(by), std::move(options), std::move(scope), *std::move(first),
                                      *std::move(instances)));
  made->older_ = std::move(earlier);
  made->retry_.reset(new detail::deferred(*made->owner->world, [of = made->weak_from_this()] {
    if (const auto group = of.lock()) group->try_again();
  }));
  return made;
}

actors::impl::impl(std::shared_ptr<host::impl> by, actor_options with, std::string named,
                   std::shared_ptr<const detail::actor_make> first, detail::reservation instances)
    : owner(std::move(by)),
      options(std::move(with)),
      limits{options.queue_depth, options.queue_bytes, options.call_bytes, true},
      scope(std::move(named)),
      now_(std::move(first)),
      instances_(std::move(instances)) {
  const auto refusing = [&](errc why, std::string text) {
    return detail::edition::refusing(*owner, now_->what, error(why, std::move(text)));
  };
  full_ = refusing(errc::queue_full, "the actor is not resident, and " + std::to_string(options.waiting) +
                                         " others wait for a place already");
  busy_ = refusing(errc::queue_full,
                   "the actor is not resident, and no place is free: a call that another one waits for does "
                   "not wait for one");
  forked_ = refusing(errc::forked, "this process was forked after its host began");
  shut_ = refusing(errc::draining, "the actors were drained");
  no_room_ =
      refusing(errc::no_resources, "the states of all actors have " + std::to_string(options.state_bytes) +
                                       " bytes, and no other begins to live");
}

result<std::shared_ptr<detail::actor_impl>> actors::impl::at(std::string_view key) {
  if (key.empty()) return error(errc::bad_arguments, "an actor's key is not empty");
  if (key.size() > longest_key)
    return error(errc::bad_arguments, "an actor's key has at most " + std::to_string(longest_key) +
                                          " bytes, and this one has " + std::to_string(key.size()));
  std::string name(key);
  const std::scoped_lock lock(mutex_);
  std::weak_ptr<detail::actor_impl>& known = known_[name];
  if (auto there = known.lock()) return there;
  auto made = std::make_shared<detail::actor_impl>(shared_from_this(), std::move(name));
  known = made;
  return made;
}

void actors::impl::forget(const detail::actor_impl& which) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(which.key);
  if (found != known_.end() && found->second.expired()) known_.erase(found);  // else it is there again
}

holdfast::component actors::impl::component() const {
  const std::scoped_lock lock(mutex_);
  return now_->what;
}

actor_figures actors::impl::figures() const {
  const std::scoped_lock lock(mutex_);
  return {.resident = taken_,
          .waiting = waiting_.size(),
          .activations = activations_,
          .passivations = passivations_,
          .state_bytes = owner->states->bytes(),
          .timers = owner->timers->count(scope)};
}

// Places.

std::shared_ptr<detail::edition> actors::impl::awaken(detail::actor_impl& which, bool pressing) {
  if (owner->began.forked()) return forked_;  // before any lock: another thread may have held it
  const bool is_child = core::on_behalf::current() != nullptr;
  leftovers out;
  const std::scoped_lock lock(mutex_);
  forget_ended(out);
  edition_ptr here = which.current.load();
  if (draining_ && (here == nullptr || !here->opened.load())) return shut_;
  if (here != nullptr && (!is_child || here->opened.load())) return here;
  if (is_child && !may_wait(which)) return busy_;
  const bool fresh = here == nullptr;
  if (fresh) {
    if (!pressing && waiting_.size() >= options.waiting && taken_ >= options.resident) return full_;
    if (!owner->journalled() && owner->states->bytes() >= options.state_bytes &&
        !owner->states->knows(which.print))
      return no_room_;
    here = reside(which);
  } else {
    std::erase_if(waiting_, [&](const actor_ptr& each) { return each.get() == &which; });
  }
  const actor_ptr self = std::static_pointer_cast<detail::actor_impl>(which.shared_from_this());
  if (!is_child) {
    waiting_.push_back(self);
    fill();
    make_all_room();
    return here;
  }
  // Whoever waits for a child has a place: it gets the next, and one that nothing keeps.
  waiting_.push_front(self);
  fill();
  if (here->opened.load() || which.leaves_ || make_room(giving_up::idle_ones)) return here;
  if (fresh) {
    waiting_.pop_front();
    which.current.store(nullptr);
    out.editions.push_back(std::move(here));
  }
  return busy_;
}

// As many are to give their places up as there are others who wait.
void actors::impl::make_all_room() noexcept {
  bool later = !move_on();
  while (!later && leaving() < waiting_.size()) later = !make_room(giving_up::any);
  if (later) retry_->at(core::later(owner->world->time.now(), again_in));
}

// Those that live with the component before give their places up. False: not all yet.
bool actors::impl::move_on() noexcept {
  if (!behind_) return true;
  std::vector<actor_ptr> old;
  for (const auto& [turn, each] : residents_)
    if (each->current.load()->what.internals() != now_->what.internals()) old.push_back(each);
  bool all = true;
  for (const actor_ptr& each : old) all = give_up(each) && all;
  // One that waits with it has to come to a place first.
  behind_ = !all || std::ranges::any_of(waiting_, [this](const actor_ptr& each) {
    return each->current.load()->what.internals() != now_->what.internals();
  });
  return all;
}

// A call that another waits for, which has a place: it never waits for one that may be kept by a call.
bool actors::impl::may_wait(const detail::actor_impl& which) const noexcept {
  if (which.leaves_) return which.leaves_idle_;
  if (taken_ < options.resident) return true;
  return std::ranges::any_of(residents_,
                             [](const auto& each) { return is_idle(*each.second->current.load()); });
}

actors::impl::edition_ptr actors::impl::reside(detail::actor_impl& which) {
  auto home = std::make_unique<detail::actor_home>(
      which.key_scope, which.key, which.print, now_, older_,
      detail::actor_terms{options.snapshot_every, options.snapshot_bytes, options.replay_bytes,
                          options.rebuild.build_limit / 4},
      owner->states, *owner->world);
  auto made = detail::edition::of_actor(*owner, now_->what, limits, options.rebuild, options.name, which.key,
                                        std::move(home), [of = weak_from_this()](detail::edition& over) {
                                          if (const auto group = of.lock()) group->ended(over);
                                        });
  // It may go on with any of them.
  made->in_line =
      now_->replays() || std::ranges::any_of(older_, [](const auto& each) { return each->replays(); });
  which.current.store(made);
  return made;
}

std::size_t actors::impl::leaving() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(endings_, false, &ending::over));
}

void actors::impl::fill() noexcept {
  while (taken_ < options.resident) {
    const auto next = std::ranges::find_if(waiting_, [](const actor_ptr& each) { return !each->leaves_; });
    if (next == waiting_.end()) return;
    const actor_ptr which = std::move(*next);
    waiting_.erase(next);
    open(which);
  }
}

void actors::impl::open(const actor_ptr& which) noexcept {
  ++taken_;
  ++activations_;
  which->place_ = residents_.emplace(turns.fetch_add(1) + 1, which);
  const edition_ptr here = which->current.load();
  here->used.store(which->place_->first);
  here->open();
  which->front.store(here.get());
  if (draining_) here->begin_drain();
  if (behind_ && here->what.internals() != now_->what.internals())
    retry_->at(core::later(owner->world->time.now(), again_in));
}

bool actors::impl::is_idle(const detail::edition& which) noexcept {
  const core::cell& its = *which.cells.front();
  return which.box->depth() == 0 && which.box->outside() == 0 && its.parked() &&
         its.state() != cell_state::running && its.state() != cell_state::stopping;
}

// The one that was called least recently; one that works only if all do that are looked at. It gives its
// place up once it has served what waits.
bool actors::impl::make_room(giving_up which) noexcept {
  actor_ptr works;
  std::size_t looked_at = 0;
  for (auto each = residents_.begin(); each != residents_.end() && looked_at < most_looked_at;) {
    const actor_ptr& one = each->second;
    const edition_ptr here = one->current.load();
    const std::uint64_t used = here->used.load();
    if (used > each->first) {  // since it was looked at
      auto node = residents_.extract(each++);
      node.key() = used;
      const actor_ptr moved = node.mapped();
      moved->place_ = residents_.insert(std::move(node));
      continue;
    }
    ++looked_at;
    const actor_ptr candidate = one;
    ++each;
    if (is_idle(*here)) {
      if (give_up(candidate, which)) return true;
    } else if (works == nullptr) {
      works = candidate;
    }
  }
  return which == giving_up::any && works != nullptr && give_up(works);
}

// False: it is being called just now.
bool actors::impl::give_up(const actor_ptr& which, giving_up how) noexcept {
  const edition_ptr here = which->current.load();
  which->front.store(nullptr);
  here->superseded.store(true);
  which->current.store(nullptr);
  if (here->admitting.load() > 0 || detail::is_held(here.get()) ||
      (how == giving_up::idle_ones && !is_idle(*here))) {
    which->current.store(here);
    here->superseded.store(false);
    which->front.store(here.get());
    return false;
  }
  residents_.erase(which->place_);
  which->leaves_ = true;
  which->leaves_idle_ = is_idle(*here);
  endings_.push_back({here, which});
  ++passivations_;
  here->begin_drain();
  return true;
}

// On the thread that drove its cell, which is not its mailbox's yet.
void actors::impl::ended(detail::edition& which) noexcept {
  const std::scoped_lock lock(mutex_);
  auto found = std::ranges::find_if(endings_, [&](const ending& each) { return each.what.get() == &which; });
  if (found == endings_.end()) {
    // Nobody took its place away: the group ends.
    const auto resident = std::ranges::find_if(
        residents_, [&](const auto& each) { return each.second->current.load().get() == &which; });
    if (resident == residents_.end()) return;
    const actor_ptr of = resident->second;
    of->front.store(nullptr);
    endings_.push_back({of->current.exchange(nullptr), of});
    residents_.erase(resident);
    found = std::prev(endings_.end());
  }
  found->over = true;
  found->of->leaves_ = false;
  --taken_;
  fill();
  if (!draining_) make_all_room();
  changed_.notify_all();
}

void actors::impl::forget_ended(leftovers& out) noexcept {
  for (auto each = endings_.begin(); each != endings_.end();) {
    if (!each->over || !each->what->box->deserted() || detail::is_held(each->what.get())) {
      ++each;
      continue;
    }
    out.actors.push_back(std::move(each->of));
    out.editions.push_back(std::move(each->what));
    each = endings_.erase(each);
  }
}

void actors::impl::try_again() noexcept {
  leftovers out;
  const std::scoped_lock lock(mutex_);
  forget_ended(out);
  fill();
  make_all_room();
}

// Another component.

result<void> actors::impl::swap(const holdfast::component& next) {
  auto made = link(*owner, options, scope, next);
  if (!made) return made.error();
  std::vector<std::shared_ptr<const detail::actor_make>> over;  // destroyed without the lock
  {
    const std::scoped_lock lock(mutex_);
    if (draining_) return error(errc::draining);
    if (now_->keeps() && !(*made)->keeps()) return stateless();
    older_.push_back(std::exchange(now_, *std::move(made)));
    // One that comes again, as after a reload that was taken back, stands for the one before: the same
    // component that can do the same.
    const auto again = std::ranges::stable_partition(older_, [&](const auto& each) {
      return each->digest() != now_->digest() || each->replays() != now_->replays();
    });
    over.assign(std::make_move_iterator(again.begin()), std::make_move_iterator(again.end()));
    older_.erase(again.begin(), again.end());
    behind_ = true;
  }
  // From here on none begins with the one before. A call may be being accepted, and that is soon done.
  for (;;) {
    leftovers out;
    {
      const std::scoped_lock lock(mutex_);
      forget_ended(out);
      if (draining_ || move_on()) return {};
    }
    std::this_thread::yield();
  }
}

// The end.

void actors::impl::begin_timers() {
  const boost::intrusive_ptr<detail::deferred> round(
      new detail::deferred(*owner->world, [of = weak_from_this()] {
        if (const auto group = of.lock()) detail::call_due_timers(group);
      }));
  const std::scoped_lock lock(mutex_);
  if (draining_) return;
  owner->timers->open(scope, [round, in = owner.get()](std::optional<detail::actor_timers::time> due) {
    if (!due) return round->at(time_point::max());
    // The calendar may be set meanwhile: it is looked at again before long.
    const duration left = std::min<duration>(*due - in->wall(), look_again_in);
    round->at(core::later(in->world->time.now(), std::max(left, duration::zero())));
  });
}

boost::intrusive_ptr<core::call> actors::impl::find(const call_id& which) {
  std::vector<edition_ptr> every;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [turn, each] : residents_) every.push_back(each->current.load());
    for (const actor_ptr& each : waiting_) every.push_back(each->current.load());
    for (const ending& each : endings_) every.push_back(each.what);
  }
  for (const edition_ptr& each : every)
    if (each != nullptr)
      if (auto found = each->box->find(which)) return found;
  return nullptr;
}

void actors::impl::begin_drain() noexcept {
  std::vector<edition_ptr> live;
  std::vector<edition_ptr> waiting;
  {
    const std::scoped_lock lock(mutex_);
    draining_ = true;
    owner->timers->close(scope);
    for (const auto& [turn, each] : residents_) live.push_back(each->current.load());
    for (const actor_ptr& each : waiting_) waiting.push_back(each->current.load());
  }
  for (const edition_ptr& each : live) each->begin_drain();
  for (const edition_ptr& each : waiting) each->box->close();
}

void actors::impl::finish_drain(time_point until) noexcept {
  const auto over = [this] {
    return residents_.empty() && waiting_.empty() && std::ranges::all_of(endings_, &ending::over);
  };
  const auto wait = [&](time_point limit) {
    for (;;) {
      std::unique_lock lock(mutex_);
      fill();
      if (over() || owner->world->time.now() >= limit) return;
      if (owner->help == nullptr) {
        changed_.wait_for(lock, std::chrono::milliseconds(10));
        continue;
      }
      lock.unlock();
      owner->help();
    }
  };
  wait(until);
  leftovers out;
  std::deque<actor_ptr> never;
  std::vector<edition_ptr> cut;
  {
    const std::scoped_lock lock(mutex_);
    never.swap(waiting_);
    for (const auto& [turn, each] : residents_) cut.push_back(each->current.load());
    for (const ending& each : endings_)
      if (!each.over) cut.push_back(each.what);
  }
  for (const actor_ptr& each : never)
    if (const edition_ptr here = each->current.exchange(nullptr)) {
      here->box->refuse_queued(errc::draining, "the actors were drained before the call could begin");
      out.editions.push_back(here);
    }
  for (const edition_ptr& each : cut) each->cut();
  wait(time_point::max());
  std::vector<ending> all;
  {
    const std::scoped_lock lock(mutex_);
    all.swap(endings_);
    instances_.give_back();
  }
  for (const ending& each : all) {
    owner->wait_deserted(*each.what->box, time_point::max());
    each.what->box->refuse_queued(errc::draining, "the actors were drained");
    detail::wait_for_hazards(each.what.get());
  }
}

}  // namespace holdfast
