// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/plan.hpp"
#include "sim/world.hpp"

/// One simulated run, from the first instance to the last reference.
namespace holdfast::sim {

enum class tracing { off, on };

/// Plays `what`. `seed` is for what core draws itself; the order is of `decide`.
report play(const plan& what, choices& decide, grain how, std::uint64_t seed, tracing traced = tracing::off);

/// Plays the plan of a seed, in the order of that seed.
report play_seed(std::uint64_t seed, tracing traced = tracing::off);

/// The same for a plan that was made smaller.
report play_seed(const plan& what, std::uint64_t seed, tracing traced = tracing::off);

/// The grain of a seed: most are fine, some coarse, where several laws are stricter.
grain grain_of(std::uint64_t seed) noexcept;

}  // namespace holdfast::sim
