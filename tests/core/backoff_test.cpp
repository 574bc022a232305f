// SPDX-License-Identifier: Apache-2.0
#include "core/backoff.hpp"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

using namespace std::chrono_literals;

struct drawn final : random_source {
  explicit drawn(std::uint64_t what) : number(what) {}
  std::uint64_t next() noexcept override { return number; }
  const std::uint64_t number;
};

TEST(backoff, doubles_with_each_failure_up_to_its_most) {
  drawn nothing(0);
  const duration expected[] = {10ms, 20ms, 40ms, 80ms, 100ms, 100ms};
  for (unsigned i = 0; i < std::size(expected); ++i)
    EXPECT_EQ(backoff(10ms, 100ms, i + 1, nothing), expected[i]) << i + 1 << " failures";
  EXPECT_EQ(backoff(10ms, 100ms, 1000, nothing), 100ms);
  EXPECT_EQ(backoff(1s, 100ms, 1, nothing), 100ms);
}

TEST(backoff, takes_up_to_a_half_off_by_chance) {
  constexpr std::uint64_t half = 5'000'000;  // nanoseconds
  drawn some(half / 5);
  drawn all(half);
  drawn over(half + 1);
  EXPECT_EQ(backoff(10ms, 1s, 1, some), 9ms);
  EXPECT_EQ(backoff(10ms, 1s, 1, all), 5ms);
  EXPECT_EQ(backoff(10ms, 1s, 1, over), 10ms);
}

TEST(backoff, of_nothing_is_nothing) {
  drawn some(17);
  EXPECT_EQ(backoff(0ms, 1s, 3, some), 0ms);
}

}  // namespace
}  // namespace holdfast::core
