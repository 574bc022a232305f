// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Where core gets its random bits: ids and jitter. Injected, so that a simulation repeats from its seed.
namespace holdfast::core {

class random_source {
 public:
  virtual ~random_source() = default;

  /// 64 bits. Any thread.
  virtual std::uint64_t next() noexcept = 0;
};

/// The kernel's random bits, fetched a page at a time and kept per thread.
class kernel_random final : public random_source {
 public:
  std::uint64_t next() noexcept override;
};

}  // namespace holdfast::core
