// SPDX-License-Identifier: Apache-2.0
#include "core/timers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace holdfast::core {
namespace {

using namespace std::chrono_literals;

constexpr time_point zero{};

struct alarm final : shared_object {
  explicit alarm(std::vector<int>& fired, int name) : fired(fired), name(name) {}
  void on_timer(timer&) noexcept override { fired.push_back(name); }
  std::vector<int>& fired;
  int name;
  timer at{*this};
};

using alarm_ptr = boost::intrusive_ptr<alarm>;

TEST(timers, fire_what_is_due_earliest_first_and_only_once) {
  timers all;
  std::vector<int> fired;
  std::vector<alarm_ptr> alarms;
  std::vector<int> order(200);
  for (int i = 0; i < 200; ++i) order[static_cast<std::size_t>(i)] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  for (const int i : order) {
    alarms.emplace_back(new alarm(fired, i));
    all.arm(alarms.back()->at, zero + i * 1ms);
  }
  all.advance(zero + 99ms);
  EXPECT_EQ(fired.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(fired));
  all.advance(zero + 1s);
  EXPECT_EQ(fired.size(), 200U);
  EXPECT_TRUE(std::ranges::is_sorted(fired));
  all.advance(zero + 2s);
  EXPECT_EQ(fired.size(), 200U);
  EXPECT_EQ(all.next(), time_point::max());
}

TEST(timers, do_not_fire_what_was_disarmed) {
  timers all;
  std::vector<int> fired;
  const alarm_ptr one(new alarm(fired, 1));
  const alarm_ptr two(new alarm(fired, 2));
  all.arm(one->at, zero + 1ms);
  all.arm(two->at, zero + 2ms);
  EXPECT_TRUE(all.disarm(one->at));
  EXPECT_FALSE(all.disarm(one->at));
  all.advance(zero + 1s);
  EXPECT_EQ(fired, std::vector{2});
}

TEST(timers, move_when_they_are_armed_again) {
  timers all;
  std::vector<int> fired;
  const alarm_ptr one(new alarm(fired, 1));
  all.arm(one->at, zero + 1ms);
  all.arm(one->at, zero + 5ms);
  all.advance(zero + 4ms);
  EXPECT_TRUE(fired.empty());
  all.arm(one->at, zero + 4ms);
  all.advance(zero + 4ms);
  EXPECT_EQ(fired, std::vector{1});
  all.arm(one->at, time_point::max());
  EXPECT_EQ(all.next(), time_point::max()) << "never is not armed";
}

TEST(timers, keep_what_they_will_fire_alive) {
  std::vector<int> fired;
  timers all;
  {
    const alarm_ptr one(new alarm(fired, 1));
    all.arm(one->at, zero + 1ms);
  }
  all.advance(zero + 1ms);
  EXPECT_EQ(fired, std::vector{1});
}

}  // namespace
}  // namespace holdfast::core
