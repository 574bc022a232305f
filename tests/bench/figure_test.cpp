// SPDX-License-Identifier: Apache-2.0
#include "bench/figure.hpp"

#include <gtest/gtest.h>

// A bar that cannot fail would be worth nothing.
namespace holdfast::bench {
namespace {

TEST(figure, keeps_a_bar_that_bounds_the_ratio_from_above) {
  figure one{.value = 130, .floor = 100.0, .must = bar{1.3}};
  EXPECT_TRUE(one.ok());
  one.value = 130.1;
  EXPECT_FALSE(one.ok());
}

TEST(figure, keeps_a_bar_that_bounds_the_ratio_from_below) {
  figure one{.value = 110, .floor = 100.0, .must = bar{1.1, bound::at_least}};
  EXPECT_TRUE(one.ok());
  one.value = 109;
  EXPECT_FALSE(one.ok());
}

TEST(figure, keeps_a_bar_that_bounds_the_value_whatever_the_floor) {
  figure one{.value = 5, .floor = 1.0, .must = bar{5, bound::at_most, bounded::value}};
  EXPECT_TRUE(one.ok());
  one.value = 5.1;
  EXPECT_FALSE(one.ok());
}

TEST(figure, without_a_bar_is_printed_only) {
  const figure one{.value = 1e9, .floor = 1.0};
  EXPECT_TRUE(one.ok());
  EXPECT_EQ(bar_text(one), "-");
}

TEST(figure, without_a_floor_has_no_ratio_and_keeps_no_bar_of_one_from_below) {
  const figure one{.value = 7, .must = bar{1.1, bound::at_least}};
  EXPECT_FALSE(one.ratio());
  EXPECT_FALSE(one.ok());
}

TEST(figure, says_its_bar_with_what_it_bounds) {
  EXPECT_EQ(bar_text({.must = bar{1.3}}), "<= 1.3");
  EXPECT_EQ(bar_text({.must = bar{100, bound::at_least}}), ">= 100");
  EXPECT_EQ(bar_text({.unit = "ms", .must = bar{9, bound::at_most, bounded::value}}), "<= 9 ms");
}

}  // namespace
}  // namespace holdfast::bench
