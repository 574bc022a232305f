// SPDX-License-Identifier: Apache-2.0
#include "sim/choices.hpp"

#include <algorithm>

namespace holdfast::sim {

seeded_choices::seeded_choices(std::uint64_t seed) noexcept
    : chance_(chance::stream(seed, 1)), readiness_(1U << chance_.below(8)), even_(chance_.one_in(2)) {
  for (std::uint32_t& one : weights_) one = even_ ? 1 : 1U << (2 * chance_.below(4));
}

std::uint32_t seeded_choices::weight(int fiber) noexcept {
  return weights_[static_cast<std::size_t>(fiber) % weights_.size()];
}

bool seeded_choices::look_around() { return chance_.one_in(readiness_); }

std::size_t seeded_choices::next(std::span<const int> ready, bool /*may_stay*/) {
  if (ready.size() == 1) return 0;
  if (even_) return chance_.below(static_cast<std::uint32_t>(ready.size()));
  std::uint32_t all = 0;
  for (const int one : ready) all += weight(one);
  std::uint32_t left = chance_.below(all);
  for (std::size_t i = 0; i < ready.size(); ++i) {
    const std::uint32_t own = weight(ready[i]);
    if (left < own) return i;
    left -= own;
  }
  return 0;
}

bool every_choice::advance() {
  deepest_ = std::max(deepest_, made_.size());
  while (!made_.empty() && made_.back().taken + 1 == made_.back().options) made_.pop_back();
  if (made_.empty()) return false;
  ++made_.back().taken;
  ++runs_;
  at_ = 0;
  used_ = 0;
  exploring_ = true;
  last_ = -1;
  return true;
}

std::size_t every_choice::next(std::span<const int> ready, bool may_stay) {
  if (!exploring_) {
    const auto after = std::ranges::find_if(ready, [this](int one) { return one > last_; });
    const std::size_t chosen = after == ready.end() ? 0 : static_cast<std::size_t>(after - ready.begin());
    last_ = ready[chosen];
    return chosen;
  }
  const std::size_t taken = pick(static_cast<std::uint32_t>(ready.size()));
  if (may_stay && taken != 0) ++used_;
  return taken;
}

std::uint32_t every_choice::pick(std::uint32_t bound) {
  if (bound < 2 || !exploring_) return 0;  // no decision
  if (at_ == made_.size()) made_.push_back({.taken = 0, .options = bound});
  return made_[at_++].taken;
}

}  // namespace holdfast::sim
