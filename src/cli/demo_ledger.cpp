// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_ledger.hpp"

namespace holdfast::cli::demo {

void ledger::on_accepted(const call_id& call) noexcept {
  accepted.fetch_add(1);
  bool fresh = false;
  {
    const std::scoped_lock lock(mutex_);
    fresh = calls_.try_emplace(call).second;
  }
  if (!fresh) note_wrong("two calls have the id " + call.to_string());
}

void ledger::on_refused(errc) noexcept { refused.fetch_add(1); }

void ledger::on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept {
  const std::scoped_lock lock(mutex_);
  calls_[call].where = {cell, generation};
}

void ledger::on_done(const call_id& call, outcome what) noexcept {
  outcomes_[static_cast<std::size_t>(what)].fetch_add(1);
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    entry& one = calls_[call];
    first = !std::exchange(one.done, true);
    if (what == outcome::completed) ++completed_[one.where];
  }
  if (!first) note_wrong("call " + call.to_string() + " has a second outcome, " + to_string(what));
}

void ledger::on_cell(std::uint32_t, std::uint64_t, cell_state from, cell_state to) noexcept {
  if (from == cell_state::rebuilding && to == cell_state::idle) rebuilt.fetch_add(1);
}

void ledger::note_answer(std::uint32_t cell, std::uint64_t generation, std::uint64_t serial) {
  bool fresh = false;
  {
    const std::scoped_lock lock(mutex_);
    fresh = serials_[{cell, generation}].insert(serial).second;
  }
  if (fresh && serial != 0) return;
  note_wrong("cell " + std::to_string(cell) + ", generation " + std::to_string(generation) +
             " gave the serial number " + std::to_string(serial) + " twice");
}

void ledger::note_wrong(std::string why) {
  wrong.fetch_add(1);
  const std::scoped_lock lock(mutex_);
  if (complaints_.size() < 100) complaints_.push_back(std::move(why));
}

std::vector<std::string> ledger::complaints() {
  const std::scoped_lock lock(mutex_);
  return complaints_;
}

std::map<ledger::life, std::uint64_t> ledger::completed() {
  const std::scoped_lock lock(mutex_);
  return completed_;
}

std::uint64_t ledger::done() const noexcept {
  std::uint64_t all = 0;
  for (const auto& one : outcomes_) all += one.load();
  return all;
}

}  // namespace holdfast::cli::demo
