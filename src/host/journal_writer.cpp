// SPDX-License-Identifier: Apache-2.0
#include "host/journal_writer.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/driving.hpp"
#include "core/keys.hpp"
#include "host/pool_call.hpp"

namespace holdfast::detail {
namespace {

constexpr std::size_t most_records = 256;
constexpr std::size_t most_bytes = 16U << 20;
constexpr std::chrono::milliseconds room_again(100);  // until a full disk is tried again

// What is on disk is not known any more: to go on would be to make promises of it.
[[noreturn]] void end_process(const error& why) {
  std::fprintf(stderr, "holdfast: the journal cannot be written, and the process ends: %s\n",
               why.message().c_str());
  std::abort();
}

}  // namespace

// Nothing of a call that the record refers to changes before it is kept.
journal_record record_of(const core::records::item& what, std::chrono::system_clock::time_point now) {
  const auto& call = static_cast<const pool_call&>(*what.of);
  const core::key_claim& claim = *call.claim_of_key();
  journal_record made{.key = claim.print,
                      .call = call.id(),
                      .request = claim.request,
                      .pool = call.of()->pool,
                      .actor = call.of()->actor,
                      .function = call.of()->function,
                      .name = call.key(),
                      .done = what.ended,
                      .at = now,
                      .attempts = call.attempts_before(),
                      .result_type = call.of()->result_type};
  if (what.ended) {
    const core::call_end& end = call.end_to_keep();
    made.what = end.what;
    made.code = end.code;
    made.cell = end.cell;
    made.generation = end.generation;
    made.attempts = end.attempts;
    made.state_lost = end.state_lost;
    made.value = end.value.bytes();
    made.detail = end.detail;
    made.backtrace = end.backtrace;
  } else if (!what.awaited) {
    made.arguments = call.arguments();
    made.deadline = call.deadline_asked();
    made.run_limit = call.terms().run_limit;
  }
  return made;
}

journal_state record_of(const actor_state& what, std::chrono::system_clock::time_point now) {
  return {.actor = what.actor,
          .group = what.group,
          .key = what.key,
          .serial = what.serial,
          .written_by = what.written_by,
          .calls = what.calls,
          .open = what.open,
          .snapshot = what.snapshot != nullptr ? std::optional(std::span<const std::byte>(*what.snapshot))
                                               : std::nullopt,
          .at = now};
}

journal_step record_of(const actor_step& what, const core::key_print& actor) {
  return {.actor = actor,
          .serial = what.serial,
          .written_by = what.written_by,
          .function = what.function,
          .arguments = what.arguments,
          .result = what.result,
          .tape = what.tape,
          .beginning = what.beginning};
}

journal_writer::journal_writer(std::shared_ptr<journal> to, const key_policy& bounds, clock now,
                               observer& told)
    : to_(std::move(to)),
      now_(std::move(now)),
      told_(told),
      records_(new core::records(bounds.under_way, bounds.under_way_bytes, [this] { wake(); })),
      states_(std::make_shared<actor_states>([this] { wake(); }, records_)),
      timers_(std::make_shared<actor_timers>(now_, [this] { wake(); })) {}

void journal_writer::wake() {
  const std::scoped_lock lock(mutex_);
  work_ = true;
  resting_ = false;
  woken_.notify_one();
}

journal_writer::~journal_writer() {
  if (thread_.joinable()) stop(duration::zero());
}

void journal_writer::start() {
  thread_ = std::thread([this] { work(); });
}

// False: there are none.
bool journal_writer::answer_questions() {
  const std::vector<core::key_print> asked = states_->asked();
  for (const core::key_print& each : asked) {
    states_->answer(each, read_actor(each));
  }
  return !asked.empty();
}

actor_states::found journal_writer::read_actor(const core::key_print& which) {
  const auto copy = [](std::span<const std::byte> bytes) {
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  actor_states::found told;
  std::shared_ptr<actor_state> known;
  told.failed = to_->read_state(which, [&](const journal_state& is) {
    known = std::make_shared<actor_state>();
    known->actor = is.actor;
    known->group = is.group;
    known->key = is.key;
    known->serial = is.serial;
    known->written_by = is.written_by;
    known->calls = is.calls;
    known->open = is.open;
    if (is.snapshot) known->snapshot = std::make_shared<const std::vector<std::byte>>(copy(*is.snapshot));
  });
  if (told.failed || known == nullptr) return told;
  std::optional<std::uint64_t> missing;
  told.failed = to_->read_steps(which, [&](const journal_step& is) {
    if (is.serial <= known->serial || missing) return;
    if (is.serial != known->newest() + 1) {
      missing = known->newest() + 1;
      return;
    }
    const auto step = std::make_shared<actor_step>(known->last_step);
    step->serial = is.serial;
    step->written_by = is.written_by;
    step->function = is.function;
    step->arguments = copy(is.arguments);
    step->result = is.result;
    step->tape = copy(is.tape);
    step->beginning = copy(is.beginning);
    step->in_journal = true;
    known->step_bytes += step->bytes();
    known->last_step = step;
  });
  if (!told.failed && missing)
    told.failed = error(errc::bad_journal, "of what the actor `" + known->key +
                                               "` has to do again the journal lacks number " +
                                               std::to_string(*missing));
  told.state = std::move(known);
  return told;
}

// Those of the states to be written that are not in the journal yet, each once; and where those are the first
// since a state, it is written with them, so that none is ever there without it.
void journal_writer::add_steps() {
  std::unordered_map<core::key_print, std::uint64_t, print_hash> newest;  // states that are written now
  for (const actor_state_ptr& each : next_states_) {
    std::uint64_t& known = newest[each->actor];
    known = std::max(known, each->serial);
  }
  for (const actor_state_ptr& each : next_states_) {
    actor_step* step = each->last_step.get();
    while (step != nullptr && !step->in_journal) {
      step->in_journal = true;  // or it will be: what is taken is written, or nothing is any more
      if (step->serial > newest[each->actor]) next_steps_.push_back(record_of(*step, each->actor));
      step = step->before.get();
    }
    if (step == nullptr) next_bases_.push_back(each);
  }
}

// What there was no room for, or else what waits. False: nothing does.
bool journal_writer::take() {
  const auto any = [this] { return !next_.empty() || !next_states_.empty() || !next_timers_.empty(); };
  if (any()) return true;
  // A state that no call takes along has what those before it did, so it comes with them or later.
  next_ = records_->take(most_records, most_bytes);
  next_states_ = states_->take(most_records, most_bytes);
  for (const auto& each : next_.items)
    if (each.ended)
      if (const auto& state = static_cast<const pool_call&>(*each.of).state()) next_states_.push_back(state);
  next_timers_ = timers_->collect(next_);
  add_steps();
  return any();
}

journal_writer::wrote journal_writer::write() {
  // Whoever asks waits for nothing else.
  const bool answered = answer_questions();
  if (!take()) return answered ? wrote::batch : wrote::nothing;
  std::vector<journal_record> kept;
  kept.reserve(next_.items.size());
  const auto now = now_();
  std::vector<journal_erasure> gone;
  gone.reserve(next_.erasures.size() + next_.items.size());
  for (const auto& each : next_.items) {
    if (each.withdrawn) {
      gone.push_back({each.of->claim_of_key()->print, each.of->id()});
    } else if (each.of->is_named()) {
      kept.push_back(record_of(each, now));
    }
  }
  for (const auto& each : next_.erasures) gone.push_back({each.key, each.call});
  std::vector<journal_state> states;
  states.reserve(next_bases_.size());
  for (const actor_state_ptr& each : next_bases_) states.push_back(record_of(*each, now));
  std::vector<journal_timer> timers;
  timers.reserve(next_timers_.size());
  for (const timer_change& each : next_timers_) timers.push_back(record_of(each));

  const auto began = std::chrono::steady_clock::now();
  const std::size_t changes = kept.size() + gone.size() + states.size() + next_steps_.size() + timers.size();
  // Calls that have only waited for those before them have nothing to be written.
  const auto failed = changes > 0 ? to_->commit({kept, gone, states, next_steps_, timers}) : std::nullopt;
  if (failed && failed->code != make_error_code(errc::journal_full)) end_process(*failed);
  if (failed) records_->stuck();
  if (full_ != failed.has_value()) {
    full_ = failed.has_value();
    told_.on_journal_full(full_);
  }
  if (failed) return wrote::no_room;
  if (changes > 0) told_.on_committed(changes, std::chrono::steady_clock::now() - began);
  for (const auto& each : next_.items)  // it may be remembered for long, and its actor has newer ones
    if (each.ended) static_cast<pool_call&>(*each.of).forget_state();
  states_->kept(next_states_);
  next_states_.clear();
  next_bases_.clear();
  next_steps_.clear();
  timers_->kept(std::exchange(next_timers_, {}));
  const core::driving_mark mark;  // whoever is told must not wait here for what only this thread writes
  records_->kept(std::exchange(next_, {}));
  return wrote::batch;
}

bool journal_writer::step() { return write() == wrote::batch; }

void journal_writer::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    woken_.wait(lock, [this] { return work_ || stopping_; });
    if (!work_) return;
    work_ = false;
    lock.unlock();
    wrote last = write();
    while (last == wrote::batch) last = write();
    lock.lock();
    if (last == wrote::no_room) {
      if (stopping_) return;
      woken_.wait_for(lock, room_again, [this] { return stopping_; });
      work_ = true;
    } else if (!work_) {
      resting_ = true;
      rested_.notify_all();
    }
  }
}

void journal_writer::flush(duration limit) {
  if (!thread_.joinable()) {
    while (step()) {
    }
    return;
  }
  std::unique_lock lock(mutex_);
  rested_.wait_for(lock, limit, [this] { return resting_; });
}

void journal_writer::stop(duration limit) {
  flush(limit);
  if (thread_.joinable()) {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
      woken_.notify_one();
    }
    thread_.join();
  }
  const core::driving_mark mark;
  records_->close(std::exchange(next_, {}));
}

}  // namespace holdfast::detail
