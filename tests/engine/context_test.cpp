// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/bare_guest.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using core::guest_state;

TEST(context, tells_the_key_the_attempt_and_the_generation) {
  bare_guest guest(built("cooperative.wat"));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.ask("key", {}, {.key = "order-17"}), wit::value::some("order-17"));
  EXPECT_EQ(guest.ask("key"), wit::value::none()) << "the key of the call before is forgotten";
  EXPECT_EQ(guest.ask_for<std::uint32_t>("attempt", {}, {.attempt = 3}), 3U);
  EXPECT_EQ(guest.ask_for<std::uint64_t>("generation"), 1U);
  guest.renew();
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.ask_for<std::uint64_t>("generation"), 2U);
}

TEST(context, replaces_what_is_not_text_in_a_key) {
  bare_guest guest(built("cooperative.wat"));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.ask("key", {}, {.key = "a\xff"}), wit::value::some("a\uFFFD"));
}

TEST(context, tells_the_time_left_by_the_injected_clock) {
  bare_guest guest(built("cooperative.wat"));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.ask("time-left"), wit::value::none()) << "a call without a limit";
  const core::request limited{.stop_at = guest.world.now() + 30ms};
  EXPECT_EQ(guest.ask("time-left", {}, limited), wit::value::some(std::uint64_t{30'000'000}));
  guest.world.advance(20ms);
  EXPECT_EQ(guest.ask("time-left", {}, limited), wit::value::some(std::uint64_t{10'000'000}));
  guest.world.advance(20ms);
  EXPECT_EQ(guest.ask("time-left", {}, limited), wit::value::some(std::uint64_t{0}))
      << "never less than none";
}

TEST(context, tells_a_start_function_that_there_is_no_call) {
  bare_guest guest(built("cooperative.wat"));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.ask_for<std::uint32_t>("start-attempt"), 0U);
  EXPECT_EQ(guest.ask_for<bool>("start-limited"), false);
}

TEST(context, tells_a_guest_that_runs_that_it_was_asked_to_stop) {
  bare_guest guest(built("cooperative.wat"));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  ASSERT_FALSE(guest.start("work"));
  for (int slice = 0; slice < 3; ++slice) ASSERT_EQ(guest.get().poll(), guest_state::pending);
  guest.get().ask_to_stop(0);
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_GT(guest.value().get<std::uint64_t>(), 0U);
  ASSERT_FALSE(guest.start("work"));
  EXPECT_EQ(guest.get().poll(), guest_state::pending) << "the next call was not asked to stop";
}

TEST(context, leaves_no_time_to_a_call_that_was_asked_to_stop) {
  bare_guest guest(built("cooperative.wat"));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  ASSERT_FALSE(guest.start("time-left"));
  guest.get().ask_to_stop(0);
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.value(), wit::value::some(std::uint64_t{0}));
}

TEST(context, is_offered_to_a_component_that_imports_a_part_of_it_and_a_later_compatible_version) {
  bare_guest guest(compiled(R"((component
    (import "holdfast:call/context@0.1.7" (instance $c (export "attempt" (func (result u32)))))
    (alias export $c "attempt" (func $attempt))
    (core func $lowered (canon lower (func $attempt)))
    (core module $m (import "" "attempt" (func $f (result i32))) (func (export "attempt") (result i32) (call $f)))
    (core instance $i (instantiate $m (with "" (instance (export "attempt" (func $lowered))))))
    (func (export "attempt") (result u32) (canon lift (core func $i "attempt")))))"));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.ask_for<std::uint32_t>("attempt", {}, {.attempt = 9}), 9U);
}

TEST(context, asked_for_with_another_type_is_refused_when_the_component_is_linked) {
  const component odd = compiled(R"((component
    (import "holdfast:call/context@0.1.0" (instance (export "attempt" (func (result string)))))))");
  core::steady_time clock;
  const auto linked = bridge::blueprint::link(odd, {}, [](auto) { return false; }, clock);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error(), errc::type_mismatch);
}

TEST(context, asked_for_a_function_that_does_not_exist_is_refused_by_name) {
  const component odd = compiled(R"((component
    (import "holdfast:call/context@0.1.0" (instance (export "caller" (func (result u32)))))))");
  core::steady_time clock;
  const auto linked = bridge::blueprint::link(odd, {}, [](auto) { return false; }, clock);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error(), errc::unknown_import);
  EXPECT_THAT(linked.error().detail, testing::HasSubstr("holdfast:call/context@0.1.0#caller"));
}

}  // namespace
}  // namespace holdfast
