// SPDX-License-Identifier: Apache-2.0
#include "bench/alternate.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace holdfast::bench {
namespace {

using namespace std::chrono_literals;

TEST(alternate, lets_every_way_go_first_in_turn) {
  std::string order;
  const auto logged = [&order](char name) {
    return [&order, name](unsigned) {
      order += name;
      std::this_thread::sleep_for(1ms);
    };
  };
  const std::array ways{way{"a", logged('a')}, way{"b", logged('b')}, way{"c", logged('c')}};
  (void)alternate(ways, {.rounds = 3, .round_time = 0ms});
  EXPECT_EQ(order,
            "abc"  // warmed up
            "abc"
            "bca"
            "cab");
}

TEST(alternate, tells_the_time_of_one_call_in_the_order_given) {
  const auto sleeping = [](std::chrono::microseconds each) {
    return [each](unsigned calls) { std::this_thread::sleep_for(each * calls); };
  };
  const std::array ways{way{"slow", sleeping(400us)}, way{"fast", sleeping(100us)}};
  const std::vector<double> took = alternate(ways, {.rounds = 7, .round_time = 2ms});
  ASSERT_EQ(took.size(), 2U);
  EXPECT_GE(took[0], 400e3);
  EXPECT_GE(took[1], 100e3);
  EXPECT_GT(took[0], took[1]);
}

TEST(alternate, passes_on_what_a_failed_call_throws) {
  const std::array ways{way{"bad", [](unsigned) { throw std::runtime_error("failed"); }}};
  EXPECT_THROW((void)alternate(ways), std::runtime_error);
}

TEST(median, is_the_middle_one_in_any_order) {
  EXPECT_EQ(median({5, 1, 3}), 3);
  EXPECT_EQ(median({4, 1, 3, 2}), 3);
  EXPECT_EQ(median({7}), 7);
}

}  // namespace
}  // namespace holdfast::bench
