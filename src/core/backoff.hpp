// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <holdfast/duration.hpp>

#include "core/random_source.hpp"

/// How long to wait before the next try.
namespace holdfast::core {

/// `base` after the first failure, doubled with each more, at most `max`; then a jitter of up to a half off,
/// so that what failed together does not come back together.
inline duration backoff(duration base, duration max, unsigned failures, random_source& random) noexcept {
  duration wait = std::min(base, max);
  for (unsigned i = 1; i < failures && wait < max; ++i) wait = wait > max / 2 ? max : wait * 2;
  const auto half = static_cast<std::uint64_t>(std::max<duration::rep>(wait.count(), 0) / 2);
  return wait - duration(static_cast<duration::rep>(random.next() % (half + 1)));
}

}  // namespace holdfast::core
