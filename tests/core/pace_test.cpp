// SPDX-License-Identifier: Apache-2.0
#include "core/pace.hpp"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

using namespace std::chrono_literals;

constexpr time_point begin{1h};

TEST(pace, says_nothing_before_a_few_calls_were_served) {
  pace seen;
  seen.queued(0, begin);
  for (int i = 0; i < 7; ++i) seen.served();
  EXPECT_EQ(seen.of(5, begin + 1s), 0s);
  seen.served();
  EXPECT_EQ(seen.of(5, begin + 8s), 5s);
  EXPECT_EQ(seen.of(5, begin), 0s) << "a clock that has not moved";
}

TEST(pace, forgets_all_as_soon_as_nothing_waits) {
  pace seen;
  seen.queued(0, begin);
  for (int i = 0; i < 8; ++i) seen.served();
  seen.queued(1, begin + 8s);
  EXPECT_EQ(seen.of(1, begin + 8s), 1s);
  seen.queued(0, begin + 9s);
  EXPECT_EQ(seen.of(1, begin + 9s), 0s);
  for (int i = 0; i < 8; ++i) seen.served();
  EXPECT_EQ(seen.of(1, begin + 17s), 1s) << "the time in which nothing waited does not count";
}

TEST(pace, follows_a_queue_that_becomes_faster_and_never_forgets_so_much_that_it_says_nothing) {
  pace seen;
  time_point now = begin;
  seen.queued(0, now);
  const auto take = [&](int calls, duration each) {
    for (int i = 0; i < calls; ++i) {
      now += each;
      seen.served();
      seen.queued(3, now);
      if (i >= 8) {
        EXPECT_GT(seen.of(1, now), 0s);
      }
    }
  };
  take(100, 1s);
  EXPECT_EQ(seen.of(1, now), 1s);
  take(16, 1ms);
  EXPECT_GT(seen.of(1, now), 100ms) << "half of what it knows is of the slow ones";
  take(16, 1ms);
  EXPECT_EQ(seen.of(1, now), 1ms);
}

TEST(pace, of_a_deep_queue_that_stood_still_for_years_is_still_a_time) {
  pace seen;
  seen.queued(0, time_point{});
  for (int i = 0; i < 8; ++i) seen.served();
  const duration wait = seen.of(1'000'000'000, time_point{24h * 365 * 100});
  EXPECT_GT(wait, 24h * 365 * 100);
}

}  // namespace
}  // namespace holdfast::core
