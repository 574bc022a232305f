// SPDX-License-Identifier: Apache-2.0
#include "core/process_mark.hpp"

#include <pthread.h>

#include <atomic>

namespace holdfast::core {
namespace {

// How many forks lie between the process that first asked and this one. Written in the child, by its only
// thread, before anything else of it runs: relaxed, there is nobody to order it with.
std::atomic<unsigned> depth{0};

void in_child() noexcept { depth.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

process_mark::process_mark() noexcept : made_in_(depth.load(std::memory_order_relaxed)) {
  // It fails for want of memory alone; then forks are not seen, and all else is as ever.
  [[maybe_unused]] static const int told = ::pthread_atfork(nullptr, nullptr, &in_child);
}

bool process_mark::forked() const noexcept { return depth.load(std::memory_order_relaxed) != made_in_; }

}  // namespace holdfast::core
