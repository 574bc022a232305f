// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <thread>
#include <utility>

#include "host/pool_impl.hpp"

// `pool::swap`: how a pool's component is exchanged while it serves, and how its editions end.
namespace holdfast {
namespace {

constexpr duration sweep_every = std::chrono::milliseconds(20);

}  // namespace

pool::impl::admission::admission(impl& of) noexcept : held_(of.front), to_(held_.get()) {
  if (to_ == nullptr) count_in(of);
  if (of.turns == nullptr) return;
  to_->used.store(of.turns->load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void pool::impl::admission::count_in(impl& of) noexcept {
  for (;;) {
    counted_ = of.current.load();
    if (of.turns != nullptr && (counted_ == nullptr || !counted_->opened.load())) counted_ = of.awaken();
    to_ = counted_.get();
    // Counted first, then looked again: an exchange sets `superseded` first and then waits for the count.
    to_->admitting.fetch_add(1);
    if (!to_->superseded.load() || of.current.load() == counted_ || to_->refuses) return;
    to_->admitting.fetch_sub(1);
  }
}

pool::impl::admission::~admission() {
  if (counted_ != nullptr) to_->admitting.fetch_sub(1);
}

void pool::impl::supersede(detail::edition& which) noexcept {
  which.superseded.store(true);
  // A look-up, an admission, and where a call is dispatched its slice and the reading of its result.
  while (which.admitting.load() > 0) std::this_thread::yield();
  detail::wait_for_hazards(&which);
}

result<void> pool::impl::exchange(const holdfast::component& next, const swap_options& how) {
  const std::scoped_lock one_at_a_time(exchanging_);
  auto made = detail::edition::make(*owner, next, how.options ? *how.options : options);
  if (!made) return made.error();
  const std::shared_ptr<detail::edition> fresh = std::move(*made);
  {
    const std::scoped_lock lock(mutex_);
    if (draining_) return error(errc::draining);
    old_.push_back({fresh, time_point::max()});  // until it is current: a drain meanwhile finds it here
    if (sweeper_ == nullptr)
      sweeper_.reset(new detail::deferred(*owner->world, [of = weak_from_this()] {
        if (const auto pool = of.lock()) pool->sweep();
      }));
    fresh->open();  // here: a drain would take cells that have not joined for ones that have ended
  }
  const bool good = fresh->ready.wait_ready(how.ready, owner->help);

  std::shared_ptr<detail::edition> retired = fresh;
  std::optional<error> failed;
  {
    const std::scoped_lock lock(mutex_);
    if (draining_) return error(errc::draining);
    if (good) {
      front.store(fresh.get());
      retired = current.exchange(fresh);
      std::ranges::find(old_, fresh, &exchanged::what)->what = retired;
    } else {
      failed = fresh->ready.last_fault().value_or(
          error(errc::cannot_instantiate, "no instance of the new component was ready in time"));
      if (failed->code != make_error_code(errc::no_resources))
        failed = error(errc::cannot_instantiate, failed->detail);
    }
  }
  supersede(*retired);
  retired->begin_drain();
  {
    // Only now: a sweep that cut it before would leave a call that is being admitted with nobody to run it.
    const std::scoped_lock lock(mutex_);
    const auto here = std::ranges::find(old_, retired, &exchanged::what);
    if (here != old_.end())
      here->cut_at = core::later(owner->world->time.now(), good ? how.grace : duration::zero());
  }
  sweeper_->at(core::later(owner->world->time.now(), good ? sweep_every : duration::zero()));
  if (failed) return *failed;
  return {};
}

void pool::impl::sweep() noexcept {
  std::vector<std::shared_ptr<detail::edition>> cut;
  std::vector<exchanged> ended;  // let go after the lock
  bool more = false;
  {
    const std::scoped_lock lock(mutex_);
    if (draining_) return;  // whoever drains ends them all
    const time_point now = owner->world->time.now();
    for (exchanged& each : old_) {
      if (each.was_cut || now < each.cut_at) continue;
      each.was_cut = true;
      cut.push_back(each.what);
    }
    const auto gone = std::ranges::partition(old_, [](const exchanged& each) {
      return !each.what->superseded.load() || !each.what->box->deserted();
    });
    ended.assign(std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
    old_.erase(gone.begin(), gone.end());
    more = !old_.empty();
  }
  for (const auto& each : cut) each->cut();
  if (more) sweeper_->at(core::later(owner->world->time.now(), sweep_every));
}

std::vector<std::shared_ptr<detail::edition>> pool::impl::all() {
  std::vector<std::shared_ptr<detail::edition>> every;
  const std::scoped_lock lock(mutex_);
  draining_ = true;
  for (const exchanged& each : old_) every.push_back(each.what);
  every.push_back(current.load());
  return every;
}

boost::intrusive_ptr<core::call> pool::impl::find(const call_id& which) {
  std::vector<std::shared_ptr<detail::edition>> every{current.load()};
  {
    const std::scoped_lock lock(mutex_);
    for (const exchanged& each : old_) every.push_back(each.what);
  }
  for (const auto& each : every)
    if (auto found = each->box->find(which)) return found;
  return nullptr;
}

void pool::impl::begin_drain() noexcept {
  for (const auto& each : all()) each->begin_drain();
}

void pool::impl::finish_drain(time_point until) noexcept {
  const auto every = all();
  for (const auto& each : every) owner->wait_deserted(*each->box, until);
  for (const auto& each : every)
    if (!each->box->deserted()) each->cut();
  for (const auto& each : every) owner->wait_deserted(*each->box, time_point::max());
  // Nothing is left there, unless a call came back from its backoff as the last cell went.
  for (const auto& each : every) each->box->refuse_queued(errc::draining, "the pool was drained");
  const std::scoped_lock lock(mutex_);  // two may drain at once
  for (const auto& each : every) each->give_back_instances();
  // One that was exchanged as the drain began may be looked at still.
  for (const exchanged& each : old_) detail::wait_for_hazards(each.what.get());
  old_.clear();
}

}  // namespace holdfast
