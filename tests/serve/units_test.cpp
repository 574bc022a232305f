// SPDX-License-Identifier: Apache-2.0
#include "serve/units.hpp"

#include <gtest/gtest.h>

using namespace holdfast;
using namespace holdfast::serve;
using namespace std::chrono_literals;

TEST(units, of_durations_are_written_as_they_are_read) {
  for (const duration length : {duration(0ns), duration(1ns), duration(1500us), duration(10ms), duration(90s),
                                duration(2min), duration(24h), no_limit}) {
    const auto read = parse_duration(written(length));
    ASSERT_TRUE(read) << written(length);
    EXPECT_EQ(*read, length) << written(length);
  }
  EXPECT_EQ(written(1500us), "1500us");
  EXPECT_EQ(written(120s), "2m");
  EXPECT_EQ(written(no_limit), "none");
}

TEST(units, of_sizes_are_written_as_they_are_read) {
  for (const std::uint64_t bytes :
       {0ULL, 1ULL, 1023ULL, 1024ULL, 64ULL << 20, (3ULL << 30) + 1, 4ULL << 30}) {
    const auto read = parse_size(written_size(bytes));
    ASSERT_TRUE(read) << written_size(bytes);
    EXPECT_EQ(*read, bytes) << written_size(bytes);
  }
  EXPECT_EQ(written_size(64U << 20), "64MiB");
}

TEST(units, are_needed_of_durations_and_known_of_sizes) {
  for (const char* text : {"", "5", "5 s", "-1s", "s", "1e3s", "nans", "infs", "1d", "9999999999h"})
    EXPECT_FALSE(parse_duration(text)) << text;
  for (const char* text : {"", "-1", "1kib", "1TiB", "KiB", "nan", "none", "9999999999GiB"})
    EXPECT_FALSE(parse_size(text)) << text;
}
