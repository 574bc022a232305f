// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What this process holds of the machine, as the kernel tells.
namespace holdfast::storm {

struct machine {
  double memory_mib = 0;  ///< resident
  std::uint64_t threads = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t mappings = 0;
};

/// After what is free was given back.
machine machine_now();

/// Whether a sanitizer keeps freed memory, and slows everything down: figures are then told and not judged.
bool sanitized() noexcept;

}  // namespace holdfast::storm
