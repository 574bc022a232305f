// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>

/// What really happened, in memory that outlives the process that it happened in.
namespace holdfast::crash {

inline constexpr std::size_t most_keys = 4096;

/// Keys are asked of a pool, and of actors too, each of one of them.
inline constexpr std::uint64_t actor_count = 3;
inline std::string actor_of(std::uint64_t key) { return "actor-" + std::to_string(key % actor_count); }

/// Of even numbers the call may not run twice, of odd ones it may.
inline bool may_run_twice(std::uint64_t key) noexcept { return key % 2 == 1; }

struct trace {
  struct key {
    std::atomic<std::uint32_t> runs{0};
    std::atomic<std::uint32_t> lost{0};      ///< somebody was told that nobody knows
    std::atomic<std::uint64_t> told{0};      ///< what a caller was told, + 1
    std::atomic<std::uint64_t> recorded{0};  ///< what the journal had when a process had died, + 1
    std::atomic<std::uint64_t> sum{0};       ///< what a caller of the actor was told, + 1
    std::atomic<std::uint32_t> sum_lost{0};  ///< ... that nobody knows
  };
  std::atomic<std::uint64_t> runs{0};
  std::atomic<std::uint64_t> answers{0};
  std::atomic<std::uint64_t> refusals{0};
  std::atomic<std::uint64_t> second_runs{0};
  std::atomic<std::uint64_t> missing{0};  ///< answers that were given, and are not there
  std::atomic<std::uint64_t> wrong{0};    ///< ... and are others now; and actors that have another state
  std::atomic<std::uint64_t> sums{0};     ///< calls of actors that were answered
  std::atomic<std::uint64_t> syncs{0};    ///< of the journal's file, in the last process
  std::atomic<std::uint64_t> changes{0};  ///< ... all that may fail
  std::atomic<std::uint32_t> serving{0};  ///< the process has begun to answer
  key keys[most_keys];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// A mapped file of it, shared by all processes that open it.
class witness {
 public:
  explicit witness(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(trace)) != 0) throw std::runtime_error("cannot make " + path);
    void* const at = ::mmap(nullptr, sizeof(trace), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (at == MAP_FAILED) throw std::runtime_error("cannot map " + path);
    trace_ = static_cast<trace*>(at);  // a new file is zeros, and so is a trace at first
  }
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;
  ~witness() { ::munmap(trace_, sizeof(trace)); }

  trace* operator->() const noexcept { return trace_; }
  trace& operator*() const noexcept { return *trace_; }

 private:
  trace* trace_;
};

}  // namespace holdfast::crash
