// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/bare_guest.hpp"
#include "support/scratch_folder.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using core::guest_state;
using testing::HasSubstr;

const compile_options counted{.fuel = metering::on};

std::uint64_t used(bare_guest& by) { return dynamic_cast<bridge::instance&>(by.get()).fuel_used(); }

pool_options with_fuel(std::uint64_t units) {
  pool_options options;
  options.limits.fuel = units;
  return options;
}

TEST(fuel, used_by_the_same_call_is_the_same_each_time) {
  std::uint64_t first = 0;
  bare_guest guest(built("orders.wasm", counted));
  for (int generation = 0; generation < 3; ++generation) {
    ASSERT_EQ(guest.settle(), guest_state::ready);
    guest.ask("place-slowly", args(std::uint64_t{1}, 500U));
    const std::uint64_t now = used(guest);
    EXPECT_GT(now, 500U * 600U) << "about one an instruction";
    if (generation == 0) first = now;
    EXPECT_EQ(now, first);
    guest.ask("add", args(1U, 2U));
    EXPECT_LT(used(guest), 100U) << "each call is counted by itself";
    guest.renew();
  }
}

// The least limit under which the call comes to its end; it is looked for at loops and entries of functions,
// so that what lies behind the last of them is free.
std::uint64_t least_for(const component& orders, std::uint64_t used_by_it) {
  std::uint64_t too_little = 0;
  std::uint64_t enough = used_by_it + 1;
  while (enough - too_little > 1) {
    const std::uint64_t middle = too_little + (enough - too_little) / 2;
    bare_guest guest(orders, with_fuel(middle));
    EXPECT_EQ(guest.settle(), guest_state::ready);
    EXPECT_FALSE(guest.start("place-slowly", args(std::uint64_t{1}, 50U)));
    (guest.settle() == guest_state::ready ? enough : too_little) = middle;
  }
  return enough;
}

TEST(fuel, ends_a_call_at_the_same_place_each_time) {
  const component orders = built("orders.wasm", counted);
  bare_guest free(orders);
  ASSERT_EQ(free.settle(), guest_state::ready);
  free.ask("place-slowly", args(std::uint64_t{1}, 50U));
  const std::uint64_t needed = used(free);
  const std::uint64_t least = least_for(orders, needed);
  EXPECT_EQ(least_for(orders, needed), least);
  EXPECT_GT(least, needed / 10 * 9);

  bare_guest enough(orders, with_fuel(least));
  ASSERT_EQ(enough.settle(), guest_state::ready);
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(enough.start("place-slowly", args(std::uint64_t{1}, 50U)));
    EXPECT_EQ(enough.settle(), guest_state::ready) << "each call has a full tank";
  }
}

TEST(fuel, that_is_used_up_ends_the_call_and_says_how_much_there_was) {
  bare_guest guest(built("echo.wat", counted), with_fuel(10'000));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  ASSERT_FALSE(guest.start("spin"));
  ASSERT_EQ(guest.settle(), guest_state::failed);
  const core::fault why = guest.get().take_fault();
  EXPECT_EQ(why.code, errc::deadline_killed);
  EXPECT_EQ(error(why.code), effect::executed);
  EXPECT_EQ(why.message, "the call used up its 10000 units of fuel");
  EXPECT_THAT(why.backtrace, HasSubstr("!")) << "where it was then";
  EXPECT_EQ(used(guest), 10'000U);
}

TEST(fuel, does_not_keep_a_guest_from_being_interrupted) {
  bare_guest guest(built("echo.wat", counted), with_fuel(std::uint64_t{1} << 60));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  ASSERT_FALSE(guest.start("spin"));
  for (int slice = 0; slice < 3; ++slice)
    ASSERT_EQ(guest.get().poll(), guest_state::pending) << "its clock is the same";
  guest.get().interrupt();
  ASSERT_EQ(guest.settle(), guest_state::failed);
  EXPECT_EQ(guest.get().take_fault().code, errc::killed);
}

TEST(fuel, without_a_limit_is_counted_and_never_ends) {
  bare_guest guest(built("orders.wasm", counted));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  guest.ask("place-slowly", args(std::uint64_t{1}, 5'000U));
  EXPECT_GT(used(guest), 3'000'000U);
}

TEST(fuel, does_not_bound_the_start_of_an_instance) {
  bare_guest guest(compiled(R"((component
    (core module $m
      (func $f (local $i i32)
        (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10000)))))
      (start $f))
    (core instance (instantiate $m))))",
                            counted),
                   with_fuel(10));
  EXPECT_EQ(guest.settle(), guest_state::ready);
}

TEST(fuel, bounds_the_destructor_of_a_resource_too) {
  bare_guest guest(built("kinds.wasm", counted), with_fuel(100'000));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  const auto one = guest.ask_for<wit::handle>("[constructor]counter", args(1U));
  ASSERT_FALSE(guest.start_release(one.number()));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_GT(used(guest), 0U);
}

TEST(fuel, as_a_limit_of_a_component_that_does_not_count_it_is_refused) {
  core::steady_time clock;
  const auto linked =
      bridge::blueprint::link(built("echo.wat"), with_fuel(10'000), [](auto) { return false; }, clock);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error(), errc::limit);
  EXPECT_THAT(linked.error().detail, HasSubstr("compiled for fuel"));
}

TEST(fuel, has_cache_entries_of_its_own) {
  const scratch_folder folder;
  const auto entries = [&] {
    return std::distance(std::filesystem::directory_iterator(folder.path()),
                         std::filesystem::directory_iterator());
  };
  built("echo.wat", {.cache = folder.path()});
  const auto before = entries();
  built("echo.wat", {.cache = folder.path(), .fuel = metering::on});
  EXPECT_EQ(entries(), before + 1);
  bare_guest guest(built("echo.wat", {.cache = folder.path(), .fuel = metering::on}), with_fuel(10'000));
  EXPECT_EQ(entries(), before + 1) << "the second time it is loaded";
  ASSERT_EQ(guest.settle(), guest_state::ready);
  guest.ask("add", args(1U, 2U));
  EXPECT_GT(used(guest), 0U);
}

}  // namespace
}  // namespace holdfast
