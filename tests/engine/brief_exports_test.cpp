// SPDX-License-Identifier: Apache-2.0
#include "engine/brief_exports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/bare_guest.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using core::guest_state;
using testing::AllOf;
using testing::HasSubstr;

pool_options brief(std::vector<std::string> names, imports functions = {}) {
  return {.functions = std::move(functions), .brief = std::move(names)};
}

imports sleeping() {
  return std::move(imports().define_inline("holdfast:demo/host", "sleep", [](std::uint64_t) noexcept {}));
}

error refused(const component& of, const pool_options& options) {
  const core::steady_time clock;
  return bridge::blueprint::link(of, options, [](auto) { return false; }, clock).error();
}

TEST(brief_exports, answer_with_one_poll) {
  bare_guest guest(built("echo.wat"), brief({"add", "echo"}));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  ASSERT_FALSE(guest.start("add", args(2U, 3U)));
  ASSERT_EQ(guest.get().poll(), guest_state::ready);
  EXPECT_EQ(guest.value().get<std::uint32_t>(), 5U);
  const std::vector<std::uint8_t> data{1, 2, 3};
  EXPECT_EQ(guest.ask_for<std::vector<std::uint8_t>>("echo", args(data)), data);
  EXPECT_EQ(guest.ask_for<std::uint64_t>("returned"), 1U) << "its post-return has run";
}

TEST(brief_exports, that_are_not_done_within_their_slice_are_killed_at_their_limit) {
  bare_guest guest(built("echo.wat"), brief({"*"}));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  ASSERT_FALSE(guest.start("spin"));
  ASSERT_EQ(guest.get().poll(), guest_state::failed) << "it never waits for another slice";
  const core::fault why = guest.get().take_fault();
  EXPECT_EQ(why.code, errc::deadline_killed);
  EXPECT_EQ(error(why.code), effect::executed);
  EXPECT_THAT(why.message, HasSubstr("declared brief"));
  EXPECT_THAT(why.backtrace, HasSubstr("!"));
}

TEST(brief_exports, leave_the_others_of_their_component_as_they_were) {
  bare_guest guest(built("echo.wat"), brief({"add"}));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  guest.ask("add", args(2U, 3U));
  ASSERT_FALSE(guest.start("spin"));
  for (int slice = 0; slice < 3; ++slice) ASSERT_EQ(guest.get().poll(), guest_state::pending);
  guest.get().interrupt();
  ASSERT_EQ(guest.settle(), guest_state::failed);
  EXPECT_EQ(guest.get().take_fault().code, errc::killed);
}

TEST(brief_exports, call_inline_host_functions) {
  bare_guest guest(built("sleeper.wat"), brief({"*"}, sleeping()));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  ASSERT_FALSE(guest.start("nap", args(5U)));
  ASSERT_EQ(guest.get().poll(), guest_state::ready);
}

TEST(brief_exports, of_a_component_that_may_wait_are_refused_and_the_reason_is_named) {
  imports functions;
  functions.define("holdfast:demo/host", "sleep", [](host_call call) { std::move(call).reply(); });
  const error why = refused(built("sleeper.wat"), brief({"nap"}, functions));
  EXPECT_EQ(why, errc::bad_arguments);
  EXPECT_THAT(why.detail, AllOf(HasSubstr("`nap` cannot be brief"), HasSubstr("holdfast:demo/host#sleep`")));
}

TEST(brief_exports, that_there_are_not_are_refused) {
  const error why = refused(built("echo.wat"), brief({"ad"}));
  EXPECT_EQ(why, errc::no_such_export);
  EXPECT_THAT(why.detail, AllOf(HasSubstr("to be brief"), HasSubstr("add")));
}

TEST(brief_exports, count_fuel_as_others_do) {
  const compile_options counted{.fuel = metering::on};
  pool_options options = brief({"spin"});
  options.limits.fuel = 1'000;
  bare_guest guest(built("echo.wat", counted), options);
  ASSERT_EQ(guest.settle(), guest_state::ready);
  ASSERT_FALSE(guest.start("spin"));
  ASSERT_EQ(guest.settle(), guest_state::failed);
  EXPECT_EQ(guest.get().take_fault().message, "the call used up its 1000 units of fuel");
}

TEST(brief_exports, tell_their_guest_that_a_slice_is_all_the_time_it_has) {
  bare_guest guest(built("cooperative.wat"), brief({"time-left"}));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  const wit::value tick = wit::value::some(std::uint64_t{1'000'000});
  EXPECT_EQ(guest.ask("time-left"), tick) << "a call without a limit";
  EXPECT_EQ(guest.ask("time-left", {}, {.stop_at = guest.world.now() + 30ms}), tick);
  EXPECT_EQ(guest.ask("time-left", {}, {.stop_at = guest.world.now()}), wit::value::some(std::uint64_t{0}));
}

}  // namespace
}  // namespace holdfast
