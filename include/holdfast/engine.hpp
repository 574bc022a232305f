// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/duration.hpp>
#include <holdfast/error.hpp>
#include <memory>
#include <string>

/// The WebAssembly engine: one a process.
namespace holdfast {

/// Settings of the engine. Sizes in bytes; 0: the default.
struct engine_options {
  std::uint32_t max_instances = 256;  ///< instances alive at once; address space follows from it
  std::uint64_t max_memory =
      1ULL << 30;  ///< the largest linear memory a pool may allow (default here: 1 GiB)
  std::uint64_t memory_reservation =
      0;  ///< address space a linear memory; 0: 4 GiB, which needs no bounds checks
  std::uint64_t max_stack = 1U << 20;  ///< a guest's stack
  duration tick = std::chrono::milliseconds(
      2);  ///< how long a guest runs before it yields, at most 5 ms; 0: never, for tests alone
  unsigned reactor_threads = 1;  ///< threads for WASI's clocks, files and sockets
  bool signal_traps =
      true;  ///< false for embedders with SIGSEGV handlers of their own: explicit checks, slower
  /// The pages that an instance wrote are put back in place when it ends and not given to the kernel, of each
  /// memory up to 1 MiB, or 256 MiB by `max_instances` where that is less: new instances that write much
  /// begin 4 to 28 times sooner (docs/profile.md). Needs Linux 6.7, else it changes nothing. Only where all
  /// guests of the engine may see each other's data and survive it: a page that the kernel has swapped out,
  /// or moves just then, is not put back, and the next instance begins with what the last one wrote there
  /// (https://github.com/bytecodealliance/wasmtime/pull/14357).
  bool reuse_pages = false;
};

/// Owns what all hosts of a process share: the compiler, the pool of instances, the epoch ticker, the I/O
/// reactor.
///
/// Cheap to copy; lives until the last of its components, hosts and copies is gone. A child that was forked
/// after the start cannot use it: it makes one of its own.
/// @par Thread safety  distinct objects: safe; shared objects: safe
class engine {
 public:
  /// @throws std::system_error with `errc::no_resources` where the instances cannot be reserved
  explicit engine(const engine_options& options = {});

  /// The same without exceptions.
  [[nodiscard]] static result<engine> make(const engine_options& options = {});

  /// As they were given: a 0 that stands for a default is told as 0.
  const engine_options& options() const noexcept;

  /// The version of Wasmtime inside.
  static std::string version();

  struct impl;  // not for use outside Holdfast
  const std::shared_ptr<impl>& internals() const noexcept { return impl_; }

 private:
  explicit engine(std::shared_ptr<impl> made) noexcept : impl_(std::move(made)) {}
  std::shared_ptr<impl> impl_;
};

}  // namespace holdfast
