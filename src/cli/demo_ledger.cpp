// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_ledger.hpp"

namespace holdfast::cli::demo {

void ledger::on_accepted(const call_id& call) noexcept {
  accepted.fetch_add(1);
  const std::scoped_lock lock(mutex_);
  if (!calls_.try_emplace(call).second) wrong.fetch_add(1);  // two calls of one id
}

void ledger::on_refused(errc) noexcept { refused.fetch_add(1); }

void ledger::on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept {
  const std::scoped_lock lock(mutex_);
  calls_[call].where = {cell, generation};
}

void ledger::on_done(const call_id& call, outcome what) noexcept {
  outcomes_[static_cast<std::size_t>(what)].fetch_add(1);
  const std::scoped_lock lock(mutex_);
  entry& one = calls_[call];
  if (one.done) wrong.fetch_add(1);  // a second outcome
  one.done = true;
  if (what == outcome::completed) ++completed_[one.where];
}

void ledger::on_cell(std::uint32_t, std::uint64_t, cell_state from, cell_state to) noexcept {
  if (from == cell_state::rebuilding && to == cell_state::idle) rebuilt.fetch_add(1);
}

void ledger::note_answer(std::uint32_t cell, std::uint64_t generation, std::uint64_t serial, bool right) {
  const std::scoped_lock lock(mutex_);
  if (!right || serial == 0 || !serials_[{cell, generation}].insert(serial).second) wrong.fetch_add(1);
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
