// SPDX-License-Identifier: Apache-2.0
#include "storm/ledger.hpp"

#include <algorithm>
#include <utility>

#include "storm/answers.hpp"

namespace holdfast::storm {
namespace {

// Between `asks` and the acceptance, which Holdfast tells on the thread that makes the call.
thread_local record_ptr asking;

constexpr std::size_t never_ran_kept = 8192;
constexpr std::size_t editions_kept = 64;
constexpr std::size_t versions_kept = 256;

std::string name_of(const record* one) {
  if (one == nullptr) return "the storm";
  return std::string(to_string(one->where)) + ", request " + std::to_string(one->number) + ", deed " +
         std::to_string(static_cast<unsigned>(one->what)) + ", cell " + std::to_string(one->cell) +
         ", generation " + std::to_string(one->generation);
}

time_point now() noexcept { return std::chrono::steady_clock::now(); }

bool builds(cell_state state) noexcept {
  return state == cell_state::building || state == cell_state::rebuilding;
}

}  // namespace

// The callers' side.

void ledger::asks(record_ptr one) {
  {
    const std::scoped_lock lock(mutex_);
    const auto& known = editions_[static_cast<std::size_t>(one->where)];
    one->first_cell = known.empty() ? 0 : known.back().first;
    by_number_[one->number] = one;
  }
  one->asked = now();
  asking = std::move(one);
}

void ledger::told(const record_ptr& one, const reply& what) {
  // Looked at without the lock, which workers and the ticker wait for: what it is compared with was set when
  // the call began, and does not change once its caller has an answer.
  const bool right = what.code || answers(*one, what);
  const std::scoped_lock lock(mutex_);
  if (what.code == errc::detached) {
    ++figures_.detached;
    if (!one->accepted) return wrong(one.get(), "detached, and was never accepted");
    if (!one->may_detach) wrong(one.get(), "detached, though its caller did not leave");
    if (what.id != one->id) wrong(one.get(), "detached from the call of another");
    if (what.outcome) wrong(one.get(), "detached, and has an outcome");
    return;
  }
  if (what.code == effect::not_executed && one->effects.load() > 0)
    wrong(one.get(), "said not to have run, and a guest was seen to work for it");
  if (!one->accepted) {
    over(*one, effect::not_executed);
    if (!what.code || what.code != effect::not_executed)
      return wrong(one.get(), "not accepted, and its caller is told " + what.code.message());
    const bool fits =
        what.code == errc::queue_full || what.code == errc::deadline_too_close ||
        (what.code == errc::cycle && one->what == deed::nap_round) ||
        (what.code == errc::revoked && one->may_end.has(outcome::revoked)) ||
        (what.code == errc::draining && one->may_end.has(outcome::refused)) ||
        (what.code == errc::bad_arguments && (one->what == deed::take || one->what == deed::release));
    if (!fits) wrong(one.get(), "refused with " + what.code.message() + ": " + what.detail);
    return;
  }
  if (what.id != one->id) wrong(one.get(), "its caller has the answer of another call");
  if (!what.outcome) return wrong(one.get(), "answered without an outcome");
  // A caller may see that a call is done in the moment before the observer is told; they agree all the same.
  if (!one->done && !one->early) one->early = what.outcome;
  const outcome known = one->done ? *one->done : *one->early;
  if (what.outcome != known)
    return wrong(one.get(), std::string("its caller is told ") + to_string(*what.outcome) +
                                ", and its outcome is " + to_string(known));
  if (what.attempts != one->started) wrong(one.get(), "its attempts are not those that were seen");
  if (one->started > 0 && (what.cell != one->cell || what.generation != one->generation))
    wrong(one.get(), "answered by an instance that did not run it");
  if (known == outcome::completed) {
    if (what.code) return wrong(one.get(), "completed, with " + what.code.message());
    judge_value(*one, what, right);
  } else if (!what.code || what.code != make_error_condition(effect_of(known))) {
    wrong(one.get(), "its error and its outcome differ on whether the guest ran");
  }
}

void ledger::untold(const record_ptr& one) { note_wrong(one.get(), "its caller waits and is never told"); }

void ledger::waived(const record_ptr& one) {
  const std::scoped_lock lock(mutex_);
  if (!one->accepted) by_number_.erase(one->number);
}

std::uint32_t ledger::saw_effect(std::uint64_t number) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) {
    // A host function may begin after its guest was cut; the guest of a call that never ran calls none.
    if (never_ran_.contains(number))
      wrong(nullptr,
            "a guest works for request " + std::to_string(number) + ", which is said not to have run");
    return 0;
  }
  record& one = *found->second;
  const std::uint32_t before = one.effects.fetch_add(1);
  if (before >= one.started) wrong(&one, "a guest works for it more often than it was begun");
  return before;
}

void ledger::over(const record& one, effect ran) {
  by_number_.erase(one.number);
  if (ran != effect::not_executed) return;
  if (never_ran_.size() >= never_ran_kept) never_ran_.clear();
  never_ran_.insert(one.number);
}

void ledger::note_wrong(const record* one, std::string why) {
  const std::scoped_lock lock(mutex_);
  wrong(one, std::move(why));
}

void ledger::wrong(const record* one, std::string why) {
  ++figures_.wrong;
  if (complaints_.size() < 50) complaints_.push_back(name_of(one) + ": " + std::move(why));
}

std::optional<outcome> ledger::end_of(const record& one) const {
  const std::scoped_lock lock(mutex_);
  return one.done;
}

std::optional<outcome> ledger::settled_as(const record& one) const {
  const std::scoped_lock lock(mutex_);
  return one.done ? one.done : one.recording;
}

call_id ledger::id_of(const record& one) const {
  const std::scoped_lock lock(mutex_);
  return one.id;
}

void ledger::note_attached() {
  const std::scoped_lock lock(mutex_);
  ++figures_.attached;
}

void ledger::exchanged(site where, time_point began, const std::vector<cell_status>& cells,
                       std::uint32_t version) {
  const std::scoped_lock lock(mutex_);
  auto& known = editions_[static_cast<std::size_t>(where)];
  // A host numbers its cells in the order in which they are made: those of a later component are higher.
  known.push_back({began, std::ranges::min(cells, {}, &cell_status::cell).cell});
  if (known.size() > editions_kept) known.erase(known.begin());
  if (where != site::version) return;
  for (const cell_status& each : cells)
    if (version_of_.try_emplace(each.cell, version).first->second != version)
      wrong(nullptr, "a cell of the new component answered as the old one");
  while (version_of_.size() > versions_kept) version_of_.erase(version_of_.begin());
}

std::uint64_t ledger::live_at(site where) const {
  const std::scoped_lock lock(mutex_);
  return live_[static_cast<std::size_t>(where)];
}

void ledger::close() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, one] : calls_) {
    ++figures_.lost;
    if (complaints_.size() < 50)
      complaints_.push_back(name_of(one.get()) + ": accepted, and without an outcome");
  }
  for (const auto& [cell, what] : cells_)
    wrong(nullptr, "cell " + std::to_string(cell) + " is " + holdfast::to_string(what.state) + " at the end");
  if (!by_number_.empty() && calls_.empty())
    wrong(by_number_.begin()->second.get(),
          "neither accepted nor refused, as " + std::to_string(by_number_.size()) + " are");
}

tally ledger::figures() const {
  const std::scoped_lock lock(mutex_);
  tally all = figures_;
  all.live = calls_.size();
  return all;
}

std::vector<double> ledger::overshoots() const {
  std::vector<double> all;
  {
    const std::scoped_lock lock(mutex_);
    all.assign(overshoots_.begin(), overshoots_.end());
  }
  std::ranges::sort(all);
  return all;
}

std::vector<std::string> ledger::complaints() const {
  const std::scoped_lock lock(mutex_);
  return complaints_;
}

// Holdfast's side.

void ledger::on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from, cell_state to) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto [found, fresh] = cells_.try_emplace(cell);
  instance& one = found->second;
  if (one.state != from) wrong(nullptr, "cell " + std::to_string(cell) + " left a state it was not in");
  one.state = to;
  if (builds(from) && !builds(to) && to != cell_state::closed && to != cell_state::broken) {
    if (!fresh && generation <= one.generation)
      wrong(nullptr, "cell " + std::to_string(cell) + " has a generation twice");
    if (one.whole) wrong(nullptr, "cell " + std::to_string(cell) + " was rebuilt while it was whole");
    one.generation = generation;
    one.whole = true;
    one.work = 0;
    one.counted = 0;
    one.lost_one = one.has_culprit = false;
    ++figures_.instances;
  }
  if (to == cell_state::closed) {
    if (!one.runs.empty()) wrong(nullptr, "cell " + std::to_string(cell) + " is closed and runs a call");
    if (one.whole && one.lost_one)
      wrong(nullptr,
            "cell " + std::to_string(cell) + " kept an instance that calls were told to be lost with");
    cells_.erase(cell);
  }
}

ledger::instance* ledger::lose(std::uint32_t cell, std::uint64_t generation) {
  const auto found = cells_.find(cell);
  if (found == cells_.end()) return nullptr;  // never built
  instance& one = found->second;
  if (one.whole && one.generation != generation)
    wrong(nullptr, "cell " + std::to_string(cell) + " lost an instance that it did not have");
  if (!one.runs.empty())
    wrong(nullptr, "cell " + std::to_string(cell) + " lost its instance before its calls had an end");
  if (one.whole && one.lost_one && !one.has_culprit)
    wrong(nullptr, "cell " + std::to_string(cell) + " lost its instance to a call, and no call says so");
  one.whole = false;
  return &one;
}

void ledger::on_fault(std::uint32_t cell, std::uint64_t generation, errc, std::string_view) noexcept {
  const std::scoped_lock lock(mutex_);
  lose(cell, generation);
}

void ledger::on_retired(std::uint32_t cell, std::uint64_t generation) noexcept {
  const std::scoped_lock lock(mutex_);
  if (lose(cell, generation) == nullptr) wrong(nullptr, "an instance retired that was never built");
}

void ledger::on_accepted(const call_id& call) noexcept {
  const record_ptr one = std::exchange(asking, nullptr);
  const std::scoped_lock lock(mutex_);
  ++figures_.calls;
  if (one == nullptr) return wrong(nullptr, "a call that nobody asked for");
  if (one->accepted) return wrong(one.get(), "accepted twice");
  one->accepted = true;
  one->accepted_at = now();
  one->id = call;
  ++live_[static_cast<std::size_t>(one->where)];
  if (!calls_.try_emplace(call, one).second) wrong(one.get(), "its id is another call's");
}

void ledger::on_refused(errc) noexcept {
  // Here, not only where its caller is told: one who dropped its future is told nothing.
  const record_ptr one = std::exchange(asking, nullptr);
  const std::scoped_lock lock(mutex_);
  ++figures_.refused;
  if (one != nullptr && !one->accepted) over(*one, effect::not_executed);
}

void ledger::on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept {
  const time_point at = now();
  const std::scoped_lock lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return wrong(nullptr, "a call began that is over or was never accepted");
  record& one = *found->second;
  if (one.started > 0) ++figures_.retried;
  ++one.started;
  one.started_at = at;
  one.cell = cell;
  one.generation = generation;
  const auto in = cells_.find(cell);
  if (in == cells_.end()) return wrong(&one, "began in a cell that never was ready, or is closed");
  instance& runs = in->second;
  if (!runs.whole || runs.generation != generation) wrong(&one, "began in an instance that is lost");
  judge_company(one, runs);
  runs.runs.push_back(&one);
  one.before = static_cast<std::uint64_t>(runs.work);
  if (is_counted(one.what)) ++runs.counted;
  if (cell < one.first_cell) wrong(&one, "began in an old component, after the exchange");
  for (const edition& each : editions_[static_cast<std::size_t>(one.where)])
    if (cell >= each.first && one.accepted_at < each.began)
      wrong(&one, "began in a component that came after its acceptance");
}

void ledger::vacate(const record& one) {
  if (one.started == 0) return;
  const auto in = cells_.find(one.cell);
  if (in != cells_.end()) std::erase(in->second.runs, &one);
}

void ledger::judge_company(const record& one, const instance& in) {
  const auto is_hasty = [](const record& each) {
    return each.deadline != no_limit || each.run_limit != no_limit;
  };
  const company_size most = size_of(one.where);
  const bool hasty =
      is_hasty(one) || std::ranges::any_of(in.runs, [&](const record* each) { return is_hasty(*each); });
  if (in.runs.size() >= most.calls) wrong(&one, "began beside more calls of its instance than may be");
  if (hasty && in.runs.size() >= most.beside_hasty)
    wrong(&one, "began beside more calls than may be where one is soon to be stopped");
  if (std::ranges::any_of(in.runs, [](const record* each) { return is_alone(each->what); }))
    wrong(&one, "began beside a call that has its instance to itself");
  if (in.lost_one) wrong(&one, "began in an instance that another call was lost with");
  figures_.most_together = std::max<std::uint64_t>(figures_.most_together, in.runs.size() + 1);
}

void ledger::judge_loss(const record& one, outcome what, instance& in) {
  using enum outcome;
  if (what == completed) {
    if (in.lost_one) wrong(&one, "completed in an instance that another call was lost with");
    // What comes after its result is nobody's.
    if (one.what == deed::tail_trap) in.has_culprit = true;
    return;
  }
  in.lost_one = true;
  if (what != collateral) in.has_culprit = true;
}

void ledger::on_backing_off(const call_id& call, unsigned attempt, errc, duration) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return wrong(nullptr, "a call backs off that is over or was never accepted");
  if (attempt > 0) vacate(*found->second);
}

void ledger::judge_end(const record& one, outcome what) {
  const effect ran = effect_of(what);
  if (ran == effect::not_executed && one.started > 0)
    wrong(&one, std::string(to_string(what)) + ", which says that it never ran, and it did");
  if (ran == effect::executed && one.started == 0)
    wrong(&one, std::string(to_string(what)) + ", which says that it ran, and it never did");
  if (ran == effect::not_executed && one.effects.load() > 0)
    wrong(&one, std::string(to_string(what)) + ", and a guest was seen to work for it");
  if (!one.may_end.has(what)) wrong(&one, std::string(to_string(what)) + ", as nobody asked for");
  // An instance without an account traps when it is to give one; one that has some does not.
  if (one.what == deed::give && one.started > 0 && (one.before == 0) == (what == outcome::completed))
    wrong(&one, "the guest has other accounts than it opened");
}

// The guest is done with it, whoever is told when.
void ledger::leave_instance(const record& one, outcome what, time_point at) {
  vacate(one);
  const auto in = cells_.find(one.cell);
  if (effect_of(what) != effect::not_executed && in != cells_.end() &&
      in->second.generation == one.generation)
    judge_loss(one, what, in->second);
  if (what == outcome::completed) {
    if (in == cells_.end() || !in->second.whole || in->second.generation != one.generation) {
      wrong(&one, "completed in an instance that was lost before");
    } else {
      in->second.work += work_of(one);
    }
  }
  // Where a guest is asked first, it is cut later.
  if (what == outcome::deadline_killed && spins(one.what) && one.where != site::circle) {
    const time_point due =
        one.deadline != no_limit ? one.asked + one.deadline : one.started_at + one.run_limit;
    overshoots_.push_back(std::chrono::duration<float, std::milli>(at - due).count());
  }
}

void ledger::on_recording(const call_id& call, outcome what) noexcept {
  const time_point at = now();
  const std::scoped_lock lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return wrong(nullptr, "an outcome to be recorded of a call that has one");
  record& one = *found->second;
  if (one.key.empty()) wrong(&one, "its outcome is to be recorded, and it has no key");
  if (std::exchange(one.recording, what)) wrong(&one, "its outcome is to be recorded twice");
  leave_instance(one, what, at);
}

void ledger::on_done(const call_id& call, outcome what) noexcept {
  const time_point at = now();
  const std::scoped_lock lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end())
    return wrong(nullptr, "an outcome of a call that has one, or was never accepted");
  const record_ptr kept = std::move(found->second);
  calls_.erase(found);
  record& one = *kept;
  one.done = what;
  if (one.early && *one.early != what)
    wrong(&one, std::string("its caller was told ") + to_string(*one.early) + ", and its outcome is " +
                    to_string(what));
  over(one, effect_of(what));
  --live_[static_cast<std::size_t>(one.where)];
  ++figures_.ends[static_cast<std::size_t>(what)];
  judge_end(one, what);
  if (one.key.empty() == one.recording.has_value() || (one.recording && *one.recording != what))
    wrong(&one, "its outcome is not the one that was to be recorded");
  if (!one.recording) leave_instance(one, what, at);
}

// One wait.

awaited::~awaited() {
  if (told_.load() > 0) return;
  if (how_ == debt::owed) book_.untold(one_);
  book_.waived(one_);
}

void awaited::told(const reply& what) {
  if (told_.fetch_add(1) > 0) book_.note_wrong(one_.get(), "one wait was told twice");
  book_.told(one_, what);
}

}  // namespace holdfast::storm
