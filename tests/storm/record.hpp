// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <holdfast/call_id.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/outcome.hpp>
#include <optional>
#include <string>

/// One request of the storm: what was asked, and what became known of it.
///
/// What was asked does not change once the call is made. What Holdfast told of it is the ledger's, under the
/// ledger's lock.
namespace holdfast::storm {

/// The pools of the storm.
enum class site : std::uint8_t {
  orders,   ///< an order book in C, which counts its own work
  echo,     ///< bytes there and back
  sleeper,  ///< waits in a host function
  fickle,   ///< the same, idempotent, with retries; its host function fails at times
  ring_a,   ///< one cell each; the host function of one calls the other
  ring_b,
  vault,    ///< keeps resources of its host
  polite,   ///< knows of its call, stops when asked
  version,  ///< tells which component it is
  after,    ///< fails in post-return
  passing,  ///< an order book that is opened and drained again and again
  company,  ///< async functions: many calls in an instance, cut at once
  circle,   ///< the same, a few, asked to stop first
};
inline constexpr std::size_t sites = 13;
const char* to_string(site where) noexcept;

/// How many calls its instances have in flight, and how many while one of them is soon to be stopped.
struct company_size {
  std::uint32_t calls = 1;
  std::uint32_t beside_hasty = 1;
};
company_size size_of(site where) noexcept;

/// What is asked of a guest.
enum class deed : std::uint8_t {
  // orders and passing
  place,
  misplace,
  place_slowly,
  count,
  audit,
  trap,
  spin,
  hog,
  add,
  // echo; count, trap and spin too
  echo,
  place_pair,
  // sleeper; count too
  nap,
  nap_deaf,       ///< the host function never answers until the guest is cut
  nap_listening,  ///< it blocks until the stop token fires
  nap_calling,    ///< it calls the order book
  // fickle
  nap_failing,  ///< the first attempt fails
  // the rings
  nap_round,
  // vault; count too
  open,
  open_trap,
  open_spin,
  give,
  take,
  release,
  // polite
  work,
  work_on,
  key,
  generation,
  attempt,
  // version
  version,
  // after
  well,
  trap_late,
  spin_late,
  // company and circle; spin too
  wait,
  wait_deaf,  ///< the host function answers long after the guest was cut
  wait_trap,
  stopped,    ///< waits, and tells whether it was asked to stop
  hold,       ///< keeps others from being entered while it waits
  tail,       ///< goes on after its result
  tail_trap,  ///< and traps then
  block,      ///< holds the instance while it waits
  blocks,     ///< lifted synchronously: nothing begins beside it
  entered,
};

/// A set of outcomes.
class outcomes {
 public:
  constexpr outcomes() noexcept = default;
  template <class... O>
  constexpr explicit outcomes(O... all) noexcept : bits_((0U | ... | (1U << static_cast<unsigned>(all)))) {}
  constexpr bool has(outcome what) const noexcept { return (bits_ >> static_cast<unsigned>(what)) & 1U; }
  constexpr void add(outcome what) noexcept { bits_ |= 1U << static_cast<unsigned>(what); }

 private:
  unsigned bits_ = 0;
};

struct record {
  // What was asked.
  std::uint64_t number = 0;
  site where{};
  deed what{};
  std::uint32_t amount = 0;  ///< quantity, rounds, bytes, accounts: what the deed has
  std::string key{};
  outcomes may_end{};             ///< how the call can end, as its caller and its deed have it
  bool may_detach = false;        ///< its caller may be told that it stopped waiting
  duration deadline = no_limit;   ///< the short one, if that is what stops it
  duration run_limit = no_limit;  ///< likewise
  time_point asked{};             ///< just before it was handed over
  std::uint32_t first_cell = 0;   ///< the pool's newest cells begin here: an older one may not run it

  // What a guest did for it, as its host functions saw.
  std::atomic<std::uint32_t> effects{0};

  // What Holdfast told.
  bool accepted = false;
  time_point accepted_at{};
  call_id id{};
  unsigned started = 0;
  time_point started_at{};
  std::uint32_t cell = 0;
  std::uint64_t generation = 0;
  std::uint64_t before = 0;            ///< what the instance had done when this began
  std::optional<outcome> recording{};  ///< the journal is to have that
  std::optional<outcome> done{};
  std::optional<outcome> early{};  ///< its caller was told before the observer
};

/// Whether the deed, completed, counts as a piece of work in the guest's own count; how many.
std::int64_t work_of(const record& one) noexcept;

/// How the deed itself can end, whatever its caller does.
outcomes ends_of(deed what) noexcept;

/// Whether the guest counts it when it is entered, before it is known how it ends.
bool is_counted(deed what) noexcept;
/// Whether it keeps all others from beginning beside it.
bool is_alone(deed what) noexcept;

/// Whether a deadline is what ends it.
bool spins(deed what) noexcept;
bool hangs(deed what) noexcept;

}  // namespace holdfast::storm
