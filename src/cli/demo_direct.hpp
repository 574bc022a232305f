// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/demo_plan.hpp"

/// The problem, run for real: calls whose callers own their futures.
namespace holdfast::cli::demo {

/// What became of one guest under direct calls.
struct direct_guest {
  std::uint64_t calls = 0;
  std::uint64_t answered = 0;
  std::uint64_t left = 0;
  std::uint64_t failed_after = 0;  ///< calls that failed after somebody had left
  std::string error{};             ///< Wasmtime's words for them; untrusted
};

struct direct_result {
  std::vector<direct_guest> guests{};
  std::uint64_t calls = 0;
  std::uint64_t left = 0;
  std::uint64_t failed_after = 0;
  std::string error{};
};

/// Runs `calls` calls on one instance of each guest until a caller has left half-way, and then the rest.
result<direct_result> run_direct(const std::vector<guest_kind>& guests,
                                 const std::vector<component>& components, std::uint64_t calls);

}  // namespace holdfast::cli::demo
