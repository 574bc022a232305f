// SPDX-License-Identifier: Apache-2.0
#include "core/driving.hpp"

#include <utility>

namespace holdfast::core {
namespace {

thread_local bool marked = false;

}  // namespace

driving_mark::driving_mark() noexcept : before_(std::exchange(marked, true)) {}

driving_mark::~driving_mark() { marked = before_; }

bool driving_mark::here() noexcept { return marked; }

}  // namespace holdfast::core
