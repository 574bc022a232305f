// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_direct.hpp"

#include <thread>
#include <utility>

#include "core/time_source.hpp"
#include "engine/direct.hpp"
#include "wit/packed.hpp"

namespace holdfast::cli::demo {
namespace {

// The first poll enters the guest; a tick or a wait interrupts it there, and that is when the caller leaves.
constexpr std::uint32_t leave_after_polls = 1;

// Long enough for several ticks, so that there is a half-way.
constexpr std::uint32_t long_rounds = 40'000;

result<direct_guest> storm(const guest_kind& guest, const component& what, std::uint64_t calls) {
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep", [](host_call call) { std::move(call).reply(); });
  const core::steady_time clock;
  auto linked = bridge::blueprint::link(
      what, options,
      [](const bridge::function_job& job) {
        std::thread(job.work, nullptr)
            .detach();  // answers a sleep at once, from elsewhere: the guest waits, if only briefly
      },
      clock);
  if (!linked) return linked.error();
  auto made = bridge::direct::make(**linked);
  if (!made) return made.error();

  direct_guest told;
  for (std::uint64_t i = 0; i < calls; ++i) {
    // Every third caller leaves, from the third call on.
    const bool leaves = i % 3 == 2;
    const request ask{
        .what = guest.keeper && leaves ? deed::work_slowly : deed::work, .id = i, .rounds = long_rounds};
    const auto function = what.world().find_export(function_of(guest, ask));
    if (!function) return function.error();
    auto packed = wit::encode(**function, arguments_of(guest, ask));
    if (!packed) return packed.error();
    const auto answer = (*made)->call((*function)->index, packed->bytes(), leaves ? leave_after_polls : 0);
    ++told.calls;
    if (answer.left) {
      ++told.left;
    } else if (!answer.failed) {
      ++told.answered;
    } else if (told.left > 0) {
      ++told.failed_after;
      if (told.error.empty()) told.error = answer.failed->message();
    } else {
      return *answer.failed;
    }
  }
  return told;
}

}  // namespace

result<direct_result> run_direct(const std::vector<guest_kind>& guests,
                                 const std::vector<component>& components, std::uint64_t calls) {
  direct_result all;
  for (std::size_t i = 0; i < guests.size(); ++i) {
    auto one = storm(guests[i], components[i], calls);
    if (!one) return error(one.error().code, guests[i].name + ": " + one.error().message());
    all.calls += one->calls;
    all.left += one->left;
    all.failed_after += one->failed_after;
    if (all.error.empty()) all.error = one->error;
    all.guests.push_back(std::move(*one));
  }
  return all;
}

}  // namespace holdfast::cli::demo
