// SPDX-License-Identifier: Apache-2.0
#include "sim/world.hpp"

#include <algorithm>
#include <utility>

#include "sim/guest.hpp"

namespace holdfast::sim {
namespace {

int number_of(const call_id& call) noexcept { return static_cast<int>(call.low); }

void mix(std::uint64_t& digest, std::uint64_t what) noexcept {
  digest = (digest ^ what) * 0x100000001b3U;
  digest ^= digest >> 29;
}

}  // namespace

world::world(const plan& what, stage& where, std::uint64_t seed, bool traced)
    : planned(what),
      on(where),
      kept(new core::parking(env, what.parking)),
      env{*this, *this, deadlines, *this, *this, kept.get()},
      records(what.journal.there
                  ? new core::records(what.journal.most, 1U << 20, [this] { journal_woken = true; })
                  : nullptr),
      keys(new core::keys(env, {}, records)),
      random_(chance::stream(seed, 3)),
      traced_(traced) {}

void world::note(event what) {
  what.at = now_ - start_of_time;
  what.fiber = on.current();
  checks_.see(what);
  ++report_.events;
  for (const std::uint64_t each :
       {static_cast<std::uint64_t>(what.what), static_cast<std::uint64_t>(what.code),
        static_cast<std::uint64_t>(what.fiber), static_cast<std::uint64_t>(what.call),
        static_cast<std::uint64_t>(what.cell), static_cast<std::uint64_t>(what.pool),
        static_cast<std::uint64_t>(what.waiter), what.generation, what.number, what.second,
        static_cast<std::uint64_t>(what.at.count())})
    mix(report_.digest, each);
  if (traced_) report_.trace.push_back(what);
}

void world::tell(event what) noexcept {
  note(what);
  on.point();
}

// The pools.

void world::open_pools() {
  if (records != nullptr) note({.what = seen::journalled, .number = planned.journal.most});
  std::uint32_t cells = 0;
  pools.resize(planned.pools.size());
  for (std::size_t i = 0; i < pools.size(); ++i) {
    const pool_plan& how = planned.pools[i];
    const int number = static_cast<int>(i);
    note({.what = seen::opened,
          .code = static_cast<int>(how.cells),
          .pool = number,
          .number = how.limits.depth,
          .second = how.limits.bytes,
          .third = how.limits.call_bytes});
    note({.what = seen::policed,
          .code = static_cast<int>(std::max(how.rebuild.at_once, 1U)),
          .pool = number,
          .number = how.retry.burst,
          .second = static_cast<std::uint64_t>(how.retry.budget * 1000),
          .third = how.rebuild.retire_calls,
          .bytes = how.rebuild.retire_growth});
    note(
        {.what = seen::paced, .pool = number, .number = static_cast<std::uint64_t>(how.rebuild.max.count())});
    note({.what = seen::shared,
          .pool = number,
          .number = how.sharing.calls,
          .second = how.sharing.beside_hasty,
          .third = how.sharing.tail != no_limit ? 1U : 0U});
    if (how.holds) note({.what = seen::held, .pool = number});
    pool& made = pools[i];
    made.box.reset(new core::mailbox(env, how.limits, how.retry));
    made.maker = std::make_unique<sim_maker>(*this, number);
    if (how.rebuild.spares > 0) {
      note({.what = seen::ahead, .pool = number, .number = how.rebuild.spares});
      made.spares.reset(new core::spares(env, made.box, *made.maker, how.rebuild));
    }
    for (unsigned k = 0; k < how.cells; ++k) {
      note({.what = seen::cell_made, .cell = static_cast<int>(cells), .pool = number});
      cell_pools_.push_back(i);
      made.cells.emplace_back(
          new core::cell(env, made.box, *made.maker, how.rebuild, cells++, made.spares, how.sharing));
    }
  }
  for (pool& each : pools)
    for (const auto& cell : each.cells) cell->open();
  for (pool& each : pools)
    if (each.spares != nullptr) each.spares->open();
}

void world::drain(int number) {
  pool& what = pools[static_cast<std::size_t>(number)];
  what.draining = true;
  note({.what = seen::draining, .pool = number});
  what.box->close();
  note({.what = seen::shut, .pool = number});
  if (what.spares != nullptr) what.spares->close();
  for (const auto& cell : what.cells) cell->drain();
}

void world::close(int number) {
  pool& what = pools[static_cast<std::size_t>(number)];
  note({.what = seen::closing, .pool = number});
  what.box->refuse_queued(errc::draining, "the pool was drained before the call could begin");
  for (const auto& cell : what.cells) cell->close();
}

void world::sample(int number) {
  const pool& what = pools[static_cast<std::size_t>(number)];
  note({.what = seen::depth,
        .pool = number,
        .number = what.box->depth(),
        .second = what.box->bytes(),
        .third = what.box->outside()});
  const orphan_figures figures = kept->figures();
  note({.what = seen::kept,
        .number = figures.parked,
        .second = planned.parking.count,
        .third = figures.parked_bytes,
        .bytes = planned.parking.bytes});
}

// Those who drive.

void world::post(core::task& work) noexcept {
  tasks_.push_back(work);
  on.point();
}

void world::wake(core::poller& which, const event& woken) {
  note(woken);
  which.wake();
}

void world::work() {
  for (;;) {
    on.wait([this] { return !tasks_.empty() || ending; });
    if (tasks_.empty()) return;
    auto chosen = tasks_.begin();
    if (!planned.in_order) std::advance(chosen, on.decide().pick(static_cast<std::uint32_t>(tasks_.size())));
    core::task& next = *chosen;
    tasks_.erase(chosen);
    if (const auto* cell = dynamic_cast<core::cell*>(&next))
      note({.what = seen::ran, .cell = static_cast<int>(cell->number())});
    next.run();
  }
}

void world::spawn_drivers() {
  for (unsigned i = 0; i < planned.workers; ++i) on.spawn("worker " + std::to_string(i), [this] { work(); });
  on.spawn("epoch", [this] {
    for (;;) {
      on.wait([this] { return (!spinning_.empty() && spinning_.front().since < now_) || ending; });
      if (spinning_.empty()) return;
      const spinner next = std::move(spinning_.front());
      spinning_.pop_front();
      wake(*next.which, next.woken);
    }
  });
  if (records != nullptr) on.spawn("journal", [this] { keep_journal(); });
  on.spawn("ticker", [this] {
    for (;;) {
      on.wait([this] { return advanced_ < now_ || ending; });
      if (ending) return;
      advanced_ = now_;
      deadlines.advance(advanced_);
    }
  });
}

// What is done last comes first: a record that is there, and nobody was told of it, is a crash's to find.
void world::keep_journal() {
  std::size_t batches = 0;
  for (;;) {
    on.wait([this] { return journal_woken || ending; });
    if (!journal_woken) return;
    journal_woken = false;
    for (;;) {
      auto next = records->take(planned.journal.batch, 1U << 20);
      if (next.empty()) break;
      const auto& stuck = planned.journal.stuck;
      for (std::uint32_t left = batches < stuck.size() ? stuck[batches] : 0; left > 0; --left) {
        note({.what = seen::journal_stuck, .code = 1});
        records->stuck();
        sleep(std::chrono::milliseconds(3));
      }
      ++batches;
      sleep(planned.journal.write);
      for (const auto& each : next.items)
        note({.what = each.withdrawn ? seen::erased : seen::recorded,
              .code = each.ended ? 1 : 0,
              .call = number_of(each.of->id()),
              .number = static_cast<std::uint64_t>(each.ended ? each.of->end_to_keep().what : outcome{})});
      for (const auto& each : next.erasures) note({.what = seen::erased, .call = number_of(each.call)});
      records->kept(std::move(next));
      note({.what = seen::journal_stuck, .code = 0});
    }
  }
}

void world::run_clock() {
  for (const duration each : planned.jumps) {
    on.wait([] { return true; });
    move_time(each);
  }
  calm = true;
  note({.what = seen::calmed});
}

void world::move_time(duration by) {
  now_ += by;
  note({.what = seen::time_moved});
}

bool world::pass() {
  time_point next = deadlines.next();
  if (!sleepers_.empty()) next = std::min(next, *sleepers_.begin());
  if (!spinning_.empty()) next = std::min(next, now_ + tick);
  if (next == time_point::max()) return false;
  // Time is seen by the tick; a timer that was armed for the past fires at the next one.
  duration by = next <= now_ ? tick : next - now_;
  const duration over = (now_ + by).time_since_epoch() % tick;
  if (over > duration::zero()) by += tick - over;
  move_time(by);
  return true;
}

void world::sleep(duration length) {
  if (length > duration::zero()) sleep_until(core::later(now_, length), [] { return false; });
}

// The observer.

void world::on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from, cell_state to) noexcept {
  pool& of = pool_of_cell(cell);
  if (to == cell_state::closed) ++of.closed;
  if (from == cell_state::building) ++of.ready;
  tell({.what = seen::moved,
        .code = static_cast<int>(to),
        .cell = static_cast<int>(cell),
        .generation = generation,
        .number = static_cast<std::uint64_t>(from)});
}

void world::on_fault(std::uint32_t cell, std::uint64_t generation, errc why,
                     std::string_view /*text*/) noexcept {
  tell({.what = seen::lost,
        .code = static_cast<int>(why),
        .cell = static_cast<int>(cell),
        .generation = generation});
}

void world::on_tail(std::uint32_t cell, std::uint64_t generation, bool well) noexcept {
  tell({.what = seen::tail_ended,
        .code = well ? 1 : 0,
        .cell = static_cast<int>(cell),
        .generation = generation});
}

void world::on_retired(std::uint32_t cell, std::uint64_t generation) noexcept {
  tell({.what = seen::retired, .cell = static_cast<int>(cell), .generation = generation});
}

void world::on_spare_taken(std::uint32_t cell, std::uint64_t generation) noexcept {
  tell({.what = seen::spare_taken, .cell = static_cast<int>(cell), .generation = generation});
}

void world::on_spare_failed(errc why, std::string_view /*text*/) noexcept {
  tell({.what = seen::spare_failed, .code = static_cast<int>(why)});
}

void world::on_accepted(const call_id& call) noexcept {
  ++open;
  tell({.what = seen::accepted, .call = number_of(call)});
}

void world::on_refused(errc why) noexcept { tell({.what = seen::refused, .code = static_cast<int>(why)}); }

void world::on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept {
  tell({.what = seen::started,
        .call = number_of(call),
        .cell = static_cast<int>(cell),
        .generation = generation});
}

void world::on_done(const call_id& call, outcome what) noexcept {
  --open;
  tell({.what = seen::done, .code = static_cast<int>(what), .call = number_of(call)});
}

void world::on_recording(const call_id& call, outcome what) noexcept {
  tell({.what = seen::settled, .code = static_cast<int>(what), .call = number_of(call)});
}

void world::on_noted(const call_id& call) noexcept { tell({.what = seen::noted, .call = number_of(call)}); }

void world::on_backing_off(const call_id& call, unsigned attempt, errc why, duration wait) noexcept {
  tell({.what = seen::backing_off,
        .code = static_cast<int>(why),
        .call = number_of(call),
        .number = attempt,
        .second = static_cast<std::uint64_t>(wait.count())});
}

void world::on_queued_again(const call_id& call) noexcept {
  tell({.what = seen::queued_again, .call = number_of(call)});
}

void world::on_detached(const call_id& call) noexcept {
  tell({.what = seen::detached, .call = number_of(call)});
}

void world::on_orphaned(const call_id& call) noexcept {
  tell({.what = seen::orphaned, .call = number_of(call)});
}

void world::on_orphan_ended(const call_id& call, duration cost) noexcept {
  tell({.what = seen::orphan_ended,
        .call = number_of(call),
        .number = static_cast<std::uint64_t>(cost.count())});
}

void world::on_parked(const call_id& call, std::size_t bytes) noexcept {
  tell({.what = seen::parked, .call = number_of(call), .number = bytes});
}

void world::on_claimed(const call_id& call) noexcept {
  tell({.what = seen::claimed, .call = number_of(call)});
}

void world::on_dropped(const call_id& call) noexcept {
  tell({.what = seen::dropped, .call = number_of(call)});
}

// The end.

report world::finish(stage::ending how) {
  note({.what = seen::rested, .code = static_cast<int>(how)});
  if (how == stage::ending::all_ended) {
    const auto count = [this](tally what, std::uint64_t number) {
      note({.what = seen::counted, .code = static_cast<int>(what), .number = number, .second = 0});
    };
    std::uint64_t queued = 0;
    std::uint64_t bytes = 0;
    std::uint64_t members = 0;
    std::uint64_t held = 0;
    for (const pool& each : pools) {
      queued += each.box->depth() + each.box->outside();
      bytes += each.box->bytes();
      members += each.box->deserted() ? 0 : 1;
      held += each.spares != nullptr && each.spares->use_count() > each.cells.size() + 1 ? 1 : 0;
      for (const auto& cell : each.cells) held += cell->use_count() > 1 ? 1 : 0;
    }
    const orphan_figures figures = kept->figures();
    count(tally::queued, queued);
    count(tally::bytes, bytes);
    count(tally::members, members);
    count(tally::cells, held);
    count(tally::tasks, tasks_.size());
    count(tally::parked, figures.parked + figures.parked_bytes);
    count(tally::orphans, figures.orphans);
    count(tally::timers, deadlines.next() == time_point::max() ? 0 : 1);
    pools.clear();
    count(tally::calls, static_cast<std::uint64_t>(calls_alive));
    count(tally::guests, static_cast<std::uint64_t>(guests_alive));
    count(tally::waiters, static_cast<std::uint64_t>(waiters_alive));
  }
  report_.points = on.points();
  report_.violations = checks_.found();
  if (traced_ || !report_.violations.empty())
    for (int i = 0; i < on.roles(); ++i) report_.fibers.push_back(on.name(i));
  return std::move(report_);
}

}  // namespace holdfast::sim
