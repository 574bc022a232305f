// SPDX-License-Identifier: Apache-2.0
#include "serve/rate_gate.hpp"

#include <gtest/gtest.h>

namespace holdfast::serve {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};

TEST(rate_gate, lets_in_as_many_as_the_burst_and_then_as_time_goes_by) {
  rate_gate gate({.per_second = 2, .burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(gate.enter(start));
  const auto wait = gate.enter(start);
  ASSERT_TRUE(wait);
  EXPECT_EQ(*wait, 500ms);
  EXPECT_TRUE(gate.enter(start + 499ms));
  EXPECT_FALSE(gate.enter(start + 500ms));
  EXPECT_TRUE(gate.enter(start + 500ms));
}

TEST(rate_gate, saves_up_no_more_than_the_burst) {
  rate_gate gate({.per_second = 2, .burst = 3});
  EXPECT_FALSE(gate.enter(start));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(gate.enter(start + 1h));
  EXPECT_TRUE(gate.enter(start + 1h));
}

TEST(rate_gate, lets_in_another_when_one_has_left) {
  const auto gate = std::make_shared<rate_gate>(rate_limits{.concurrent = 1});
  {
    rate_pass first;
    EXPECT_FALSE(first.enter(gate, start));
    rate_pass second;
    EXPECT_TRUE(second.enter(gate, start));
  }
  rate_pass third;
  EXPECT_FALSE(third.enter(gate, start));
}

TEST(rate_gate, of_a_client_with_open_calls_is_not_forgotten_for_another) {
  client_gates gates({.concurrent = 1}, 2);
  const auto busy = gates.of("busy", start);
  EXPECT_FALSE(busy->enter(start));
  for (const char* other : {"a", "b", "c"}) gates.of(other, start);
  EXPECT_EQ(gates.of("busy", start), busy);
}

TEST(rate_gate, of_a_client_that_owes_nothing_makes_room_for_another) {
  client_gates gates({.per_second = 1}, 2);
  const std::weak_ptr<rate_gate> idle = gates.of("idle", start);
  gates.of("a", start);
  EXPECT_FALSE(idle.expired());
  gates.of("b", start);
  EXPECT_TRUE(idle.expired());
}

}  // namespace
}  // namespace holdfast::serve
