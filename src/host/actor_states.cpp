// SPDX-License-Identifier: Apache-2.0
#include "host/actor_states.hpp"

#include <utility>

namespace holdfast::detail {

std::optional<actor_states::found> actor_states::look(const core::key_print& actor,
                                                      const boost::intrusive_ptr<core::poller>& asks) {
  const std::scoped_lock lock(mutex_);
  if (const auto known = states_.find(actor); known != states_.end()) {
    questions_.erase(actor);  // one that was asked before this was put
    return found{.state = known->second};
  }
  if (!journalled()) return found{};
  const auto [at, fresh] = questions_.try_emplace(actor);
  if (at->second.answer) {
    found told = *std::move(at->second.answer);
    questions_.erase(at);
    return told;
  }
  at->second.asks = asks;
  if (fresh) wakes_();
  return std::nullopt;
}

void actor_states::put(actor_state_ptr what, bool with_call) {
  const std::scoped_lock lock(mutex_);
  bytes_ += what->bytes();
  actor_state_ptr& known = states_[what->actor];
  if (known != nullptr) bytes_ -= known->bytes();
  known = what;
  if (!journalled() || with_call) return;
  notes_.push_back({std::move(what), calls_->last_place()});
  wakes_();
}

bool actor_states::knows(const core::key_print& actor) const noexcept {
  const std::scoped_lock lock(mutex_);
  return states_.contains(actor);
}

std::size_t actor_states::bytes() const noexcept {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

std::vector<actor_state_ptr> actor_states::take(std::size_t most, std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t taken_to = calls_->taken_to();
  std::vector<actor_state_ptr> some;
  std::size_t weight = 0;
  for (note& each : notes_) {
    if (some.size() == most || each.after > taken_to) break;
    weight += each.what->bytes();
    if (!some.empty() && weight > bytes) break;
    some.push_back(std::move(each.what));
  }
  notes_.erase(notes_.begin(), notes_.begin() + static_cast<std::ptrdiff_t>(some.size()));
  return some;
}

void actor_states::kept(std::span<const actor_state_ptr> what) noexcept {
  const std::scoped_lock lock(mutex_);
  for (const actor_state_ptr& each : what) {
    const auto known = states_.find(each->actor);
    if (known == states_.end() || known->second != each) continue;  // there is a newer one
    bytes_ -= each->bytes();
    states_.erase(known);
  }
}

std::vector<core::key_print> actor_states::asked() {
  const std::scoped_lock lock(mutex_);
  std::vector<core::key_print> all;
  for (auto& [actor, question] : questions_)
    if (!std::exchange(question.taken, true)) all.push_back(actor);
  return all;
}

void actor_states::answer(const core::key_print& actor, found what) {
  boost::intrusive_ptr<core::poller> asks;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = questions_.find(actor);
    if (at == questions_.end()) return;
    at->second.answer = std::move(what);
    asks = std::move(at->second.asks);
  }
  asks->wake();
}

}  // namespace holdfast::detail
