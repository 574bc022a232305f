// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <holdfast/holdfast.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "bench/subject.hpp"

/// Guests that loop for ever, begun and known to run.
namespace holdfast::bench {

/// Waits for what comes by itself. @throws std::runtime_error where it does not in half a minute
template <class Condition>
void wait_until(Condition came, const char* what) {
  const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!came()) {
    if (std::chrono::steady_clock::now() > late)
      throw std::runtime_error(std::string("no ") + what + " in time");
    std::this_thread::yield();
  }
}

/// Submits a call of `spin` and waits until the guest runs.
inline ticket spin_in(const pool& where, wit::arguments arguments = {}) {
  ticket spinning = must(where.submit("spin", std::move(arguments), {.run_limit = no_limit}));
  wait_until([&] { return spinning.phase() == call_phase::running; }, "run of a spinning guest");
  return spinning;
}

}  // namespace holdfast::bench
