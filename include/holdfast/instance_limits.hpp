// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What one instance may use.
namespace holdfast {

/// Bounds of one instance. 0: the default in parentheses.
struct instance_limits {
  std::uint64_t memory = 0;          ///< linear memory in bytes, all memories together (256 MiB)
  std::uint64_t table_elements = 0;  ///< all tables together (262,144)
  std::uint64_t result_bytes = 0;    ///< that one result or host call may move out of the guest (128 MiB)
  /// What one call may use, post-return included; the start of an instance is bounded by time alone (none).
  /// About one a WebAssembly instruction, looked at in loops and where functions begin. The same call uses
  /// the same each time, so one that runs out ends at the same place, as `deadline_killed`. The component has
  /// to be compiled with `metering::on`.
  std::uint64_t fuel = 0;
  std::uint32_t resources = 0;  ///< alive at once, of WASI and of the embedder, each (4096)
  /// Streams and futures open between the instance and its host. Where so many are, a call that may open more
  /// is refused with `limit` and never begins; one result may bring as many (256). Each holds 64 KiB that
  /// nobody reads, at most, or one element that is larger.
  std::uint32_t streams = 0;
};

}  // namespace holdfast
