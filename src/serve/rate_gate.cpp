// SPDX-License-Identifier: Apache-2.0
#include "serve/rate_gate.hpp"

#include <algorithm>
#include <utility>

#include "serve/units.hpp"

namespace holdfast::serve {
namespace {

constexpr std::chrono::milliseconds until_one_leaves(100);  // nobody can say when; soon, as a rule

}  // namespace

rate_gate::rate_gate(const rate_limits& limits) noexcept : limits_(limits), left_(most()) {}

double rate_gate::most() const noexcept {
  return limits_.burst != 0 ? limits_.burst : std::max(1.0, limits_.per_second);
}

void rate_gate::refill(time_point now) noexcept {
  if (filled_ != time_point() && now > filled_)
    left_ = std::min(most(), left_ + seconds(now - filled_) * limits_.per_second);
  filled_ = std::max(filled_, now);
}

std::optional<duration> rate_gate::enter(time_point now) noexcept {
  if (unlimited()) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  if (limits_.concurrent != 0 && open_ >= limits_.concurrent) return until_one_leaves;
  if (limits_.per_second > 0) {
    refill(now);
    if (left_ < 1)
      return std::chrono::duration_cast<duration>(
          std::chrono::duration<double>((1 - left_) / limits_.per_second));
    left_ -= 1;
  }
  ++open_;
  return std::nullopt;
}

void rate_gate::leave() noexcept {
  if (unlimited()) return;
  const std::scoped_lock lock(mutex_);
  --open_;
}

bool rate_gate::idle(time_point now) noexcept {
  const std::scoped_lock lock(mutex_);
  refill(now);
  return open_ == 0 && left_ >= most();
}

std::shared_ptr<rate_gate> client_gates::of(std::string_view client, time_point now) {
  const std::scoped_lock lock(mutex_);
  if (const auto known = by_client_.find(client); known != by_client_.end()) {
    latest_.splice(latest_.begin(), latest_, known->second);
    return known->second->gate;
  }
  // One that still owes, or has calls open, is kept: it would begin anew with a full bucket. Where all do,
  // there are more than `most_`, as many as there are busy clients.
  constexpr int looked_at = 8;
  auto last = latest_.end();
  for (int i = 0; i < looked_at && latest_.size() >= most_ && last != latest_.begin(); ++i) {
    --last;
    if (!last->gate->idle(now)) continue;
    by_client_.erase(last->client);
    latest_.erase(last);
    break;
  }
  latest_.push_front({std::string(client), std::make_shared<rate_gate>(limits_)});
  by_client_.emplace(latest_.front().client, latest_.begin());
  return latest_.front().gate;
}

void rate_pass::leave() noexcept {
  for (std::shared_ptr<rate_gate>* const each : {&first_, &second_})
    if (const auto gate = std::exchange(*each, nullptr)) gate->leave();
}

std::optional<duration> rate_pass::enter(const std::shared_ptr<rate_gate>& which, time_point now) {
  if (which == nullptr || which->unlimited()) return std::nullopt;
  if (auto wait = which->enter(now)) return wait;
  (first_ == nullptr ? first_ : second_) = which;
  return std::nullopt;
}

}  // namespace holdfast::serve
