// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/bare_guest.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using core::guest_state;
using testing::HasSubstr;

class instance : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(guest.settle(), guest_state::ready); }
  wit::handle counter(std::uint32_t start) {
    return guest.ask_for<wit::handle>("[constructor]counter", args(start));
  }
  std::uint32_t alive() { return guest.ask_for<std::uint32_t>("[static]counter.alive"); }

  bare_guest guest{built("kinds.wasm")};
};

TEST_F(instance, counts_the_resources_of_the_guest_that_are_held_outside) {
  EXPECT_EQ(guest.get().held(), 0U);
  const wit::handle one = counter(1);
  const wit::handle two = counter(2);
  EXPECT_EQ(guest.get().held(), 2U);
  const auto merged = guest.ask_for<wit::handle>("merge", args(one, two));
  EXPECT_EQ(guest.get().held(), 2U) << "one lent, one given away, one new";
  EXPECT_EQ(guest.ask_for<std::uint32_t>("[method]counter.next", args(merged)), 3U);
}

TEST_F(instance, runs_the_destructor_of_a_resource_that_is_released) {
  const wit::handle one = counter(1);
  ASSERT_EQ(alive(), 1U);
  ASSERT_FALSE(guest.start_release(one.number()));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.get().take_result().size(), 0U);
  EXPECT_EQ(guest.get().held(), 0U);
  EXPECT_EQ(alive(), 0U);
}

TEST_F(instance, refuses_to_release_what_it_did_not_issue_and_is_idle_as_before) {
  const wit::handle one = counter(1);
  ASSERT_FALSE(guest.start_release(one.number()));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  const auto twice = guest.start_release(one.number());
  ASSERT_TRUE(twice);
  EXPECT_EQ(*twice, errc::bad_arguments);
  EXPECT_THAT(twice->detail, HasSubstr("does not belong to this instance"));
  const auto odd = guest.get().start({.function = core::request::release});
  ASSERT_TRUE(odd);
  EXPECT_EQ(*odd, errc::bad_arguments);
  EXPECT_EQ(alive(), 0U);
}

TEST_F(instance, holds_nothing_of_the_generation_before) {
  const wit::handle old = counter(1);
  guest.renew();
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.get().held(), 0U);
  const auto refused = guest.start("[method]counter.next", args(old));
  ASSERT_TRUE(refused);
  EXPECT_EQ(*refused, errc::bad_arguments);
  EXPECT_EQ(old.from().generation, 1U) << "and the handle tells why";
}

TEST(instance_with_tasks, keeps_nothing_of_an_answer_that_came_with_its_rest) {
  pool_options options;
  options.functions.define("holdfast:demo/host", "pause",
                           [](host_call call) { std::move(call).reply(wit::value(9U)); });
  bare_guest guest(built("tasks.wat"), options);
  ASSERT_EQ(guest.settle(), guest_state::ready);
  ASSERT_FALSE(guest.start("add", args(1U, 2U), {.number = 1}));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.value(), wit::value(3U));
  ASSERT_FALSE(guest.start("paused", args(1U), {.number = 2}));
  EXPECT_EQ(guest.until_parked(), guest_state::pending) << "this call has no answer yet";
  EXPECT_FALSE(guest.get().next_answer());
  EXPECT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.value(), wit::value(9U));
}

}  // namespace
}  // namespace holdfast
