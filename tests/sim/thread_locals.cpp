// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "core/driving.hpp"
#include "sim/fiber.hpp"

// Core's mark of a thread that drives belongs to a fiber here: this file takes the place of core's
// `driving.cpp` in programs that simulate. The linker finds these definitions first and leaves core's in its
// archive.
namespace holdfast::core {

driving_mark::driving_mark() noexcept : before_(std::exchange(sim::locals().driving, true)) {}
driving_mark::~driving_mark() { sim::locals().driving = before_; }
bool driving_mark::here() noexcept { return sim::locals().driving; }

}  // namespace holdfast::core
