// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/function.hpp>
#include <optional>
#include <vector>

#include "host/manual_host.hpp"

// Components with async functions, through the public face. Every way to leave or to stop such a call, after
// every step of it, is in every_step_test.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;

class tasks : public testing::Test {
 protected:
  pool open(const sharing_policy& sharing = {.calls = 1}) {  // several are sharing_test's
    pool_options options;
    options.sharing = sharing;
    options.functions.define("holdfast:demo/host", "pause",
                             [this](host_call call) { paused.push_back(std::move(call)); });
    pool made = owner.get().open(guest("tasks.wat", calm_engine()), options).value();
    owner.settle();
    return made;
  }

  manual_host owner{no_observer(), {}, calm_engine()};
  std::vector<host_call> paused;
};

TEST_F(tasks, are_called_like_any_function) {
  const pool guests = open();
  const auto call = [&](const char* function, const wit::arguments& arguments) {
    const ticket claim = guests.submit(function, arguments).value();
    owner.settle();
    return claim.wait(0s);
  };
  EXPECT_EQ(call("add", args(2U, 3U)).value, wit::value(5U));
  EXPECT_EQ(call("text", args(5U)).value, wit::value("hello"));
  EXPECT_EQ(call("either", args(true)).value, wit::value::ok(1.5F));
  EXPECT_EQ(call("either", args(false)).value, wit::value::err(std::int64_t{-5}));
  EXPECT_EQ(call("stack", {}).value, wit::value(65536U));
  EXPECT_TRUE(guests.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"));
}

TEST_F(tasks, answer_a_blocking_call_and_a_typed_one_on_real_threads) {
  host real(shared_engine());
  pool_options options;
  options.functions.define("holdfast:demo/host", "pause",
                           [](host_call call) { std::move(call).reply(wit::value(9U)); });
  const pool guests = real.open(guest("tasks.wat"), options).value();
  const auto paused_for = guests.function<std::uint32_t(std::uint32_t)>("paused").value();
  for (std::uint32_t i = 0; i < 50; ++i) {
    ASSERT_EQ(guests.call("add", args(i, 1U)).value, wit::value(i + 1));
    const auto told = paused_for(i);
    ASSERT_TRUE(told) << told.detail;
    ASSERT_EQ(*told, 9U);
    ASSERT_EQ(told.generation, 1U);
    const auto goes_on = guests.call("tail", args(i));
    ASSERT_TRUE(goes_on) << goes_on.detail;
    ASSERT_EQ(goes_on.value, wit::value(i));
    ASSERT_EQ(guests.call("text", args(5U)).value, wit::value("hello"));
  }
}

TEST_F(tasks, have_their_result_before_what_they_do_after_it) {
  const pool guests = open();
  const ticket tail = guests.submit("tail", args(4U)).value();
  owner.settle();
  EXPECT_EQ(tail.wait(0s).value, wit::value(4U));
  EXPECT_EQ(guests.cells().front().state, cell_state::running);
  const ticket next = guests.submit("add", args(1U, 1U)).value();
  owner.settle();
  EXPECT_EQ(next.phase(), call_phase::queued) << "one at a time";
  ASSERT_EQ(paused.size(), 1U);
  std::move(paused.front()).reply(wit::value(9U));
  owner.settle();
  EXPECT_EQ(next.wait(0s).value, wit::value(2U));
  EXPECT_EQ(next.wait(0s).generation, 1U);
}

TEST_F(tasks, that_go_on_for_too_long_after_their_result_cost_the_instance_and_nobody_an_answer) {
  const pool guests = open();
  const ticket tail = guests.submit("tail", args(4U), {.run_limit = 10s}).value();
  owner.settle();
  EXPECT_EQ(tail.wait(0s).value, wit::value(4U));
  owner.world.advance(11s);
  owner.settle();
  const ticket next = guests.submit("add", args(1U, 1U)).value();
  owner.settle();
  EXPECT_EQ(next.wait(0s).value, wit::value(2U));
  EXPECT_EQ(next.wait(0s).generation, 2U);
}

TEST_F(tasks, that_hold_back_all_others_for_good_cost_the_instance_and_are_no_deadlock) {
  const pool guests = open(sharing_policy());
  const ticket refuse = guests.submit("refuse", args(4U)).value();
  const ticket held = guests.submit("add", args(1U, 1U)).value();
  owner.settle();
  EXPECT_EQ(refuse.wait(0s).value, wit::value(4U));
  EXPECT_EQ(held.wait(0s).value, wit::value(2U));
  EXPECT_EQ(held.wait(0s).generation, 2U);
}

TEST_F(tasks, tell_their_host_function_that_they_were_cut_and_take_no_late_answer) {
  const pool guests = open();
  const ticket cut = guests.submit("paused", args(1U)).value();
  owner.settle();
  ASSERT_EQ(paused.size(), 1U);
  const std::stop_token stop = paused.front().stop_token();
  cut.kill();
  owner.settle();
  EXPECT_TRUE(stop.stop_requested());
  EXPECT_EQ(cut.wait(0s).outcome, outcome::killed);
  const ticket next = guests.submit("paused", args(2U)).value();
  owner.settle();
  std::move(paused.front()).reply(wit::value(1U));  // of the generation before
  owner.settle();
  EXPECT_EQ(next.phase(), call_phase::running);
  std::move(paused.back()).reply(wit::value(2U));
  owner.settle();
  EXPECT_EQ(next.wait(0s).value, wit::value(2U));
}

TEST_F(tasks, cannot_be_brief) {
  pool_options options{.brief = {"stack"}};
  options.functions.define("holdfast:demo/host", "pause",
                           [](host_call call) { std::move(call).reply(wit::value(9U)); });
  const auto refused = owner.get().open(guest("tasks.wat", calm_engine()), options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("async functions"));
}

}  // namespace
}  // namespace holdfast
