// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>

/// What is to be moved and what is known of it, in memory that outlives the process that does it.
namespace holdfast::transfers {

inline constexpr std::uint64_t most_transfers = 1'000'000;
inline constexpr std::uint64_t opening_balance = 1000;

/// How far a transfer is. Money that was taken out is on its way until it was put in.
enum class stage : std::uint32_t { to_do, taken_out, refused, put_in };

struct transfer {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint64_t amount = 0;
  std::atomic<std::uint32_t> now{0};  ///< a `stage`
  /// Attempts at this stage that left nothing: each has a key of its own, since a key's outcome is final.
  std::atomic<std::uint32_t> attempts{0};
};

struct book {
  std::uint64_t count = 0;
  std::uint64_t accounts = 0;
  std::atomic<std::uint64_t> next{0};    ///< the first that nobody of this process has taken up
  std::atomic<std::uint64_t> opened{0};  ///< accounts that have their opening balance
  std::atomic<std::uint64_t> done{0};
  // What was met on the way.
  std::atomic<std::uint64_t> traps{0};
  std::atomic<std::uint64_t> cuts{0};     ///< of calls that looped, at their run limit
  std::atomic<std::uint64_t> kills{0};    ///< of calls
  std::atomic<std::uint64_t> again{0};    ///< attempts that left nothing
  std::atomic<std::uint64_t> lost{0};     ///< ... because the process had died
  std::atomic<std::uint64_t> moved{0};    ///< exchanges of the component
  std::atomic<std::uint64_t> strange{0};  ///< answers that there cannot be
  std::atomic<std::uint64_t> passivations{0};
  transfer all[most_transfers];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// A new one, shared with all processes that are forked from now on.
inline book& make_book() {
  void* const at = ::mmap(nullptr, sizeof(book), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error("no memory for the book");
  return *new (at) book;
}

inline std::string account(std::uint64_t number) { return "account-" + std::to_string(number); }

}  // namespace holdfast::transfers
