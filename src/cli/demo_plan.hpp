// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/component.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/value.hpp>
#include <random>
#include <string>
#include <vector>

/// What the demo's storm is made of. Both sides run the same guests and roll the same dice.
namespace holdfast::cli::demo {

/// One guest of the storm. `keeper` guests keep state and count their own work (guests/wit/demo.wit); the
/// `sleeper` waits in a host function.
struct guest_kind {
  std::string name;
  std::string file;
  std::string language;
  std::uint32_t cells = 1;
  unsigned share = 1;        ///< of a hundred calls
  std::uint32_t rounds = 1;  ///< the most that a slow placement computes
  bool keeper = true;
};

/// The guests there are, those that can be loaded.
std::vector<guest_kind> all_guests();

/// What one caller asks of a guest.
enum class deed : std::uint8_t { work, work_slowly, trap, loop };

/// How the caller waits for it.
enum class patience : std::uint8_t {
  stay,          ///< waits for the outcome
  give_up,       ///< waits for a random while, in a call that is bound to it
  drop,          ///< hands the call over and drops its ticket at once
  wait_and_drop  ///< hands it over, waits for a random while, drops the ticket
};

struct request {
  std::size_t guest = 0;
  deed what = deed::work;
  patience how = patience::stay;
  duration wait{};
  std::uint64_t id = 0;
  std::uint32_t rounds = 0;
};

/// A third leaves at a random point, one in twenty traps, one in a hundred loops for ever.
class dice {
 public:
  dice(std::uint64_t seed, const std::vector<guest_kind>& guests) : random_(seed), guests_(guests) {}

  request roll(std::uint64_t id);

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  std::mt19937_64 random_;
  const std::vector<guest_kind>& guests_;
};

/// How long a call may run that loops for ever.
inline constexpr duration loop_limit = std::chrono::milliseconds(20);

/// The export that does the deed, and its arguments.
std::string function_of(const guest_kind& guest, const request& what);
wit::arguments arguments_of(const guest_kind& guest, const request& what);

}  // namespace holdfast::cli::demo
