// SPDX-License-Identifier: Apache-2.0
#include "serve/patience.hpp"

#include <gtest/gtest.h>

namespace holdfast::serve {
namespace {

using namespace std::chrono_literals;

TEST(patience, has_a_pause_for_each_piece_that_comes_fast_enough) {
  patience with(10s, 100);
  EXPECT_EQ(with.next(), 10s);
  for (int i = 0; i < 1000; ++i) {
    with.note(9s, 1000);
    ASSERT_EQ(with.next(), 10s) << i;
  }
}

TEST(patience, ends_with_a_client_that_sends_a_byte_now_and_then) {
  patience with(10s, 8);
  with.note(9s, 1);
  EXPECT_EQ(with.next(), 1s + 125ms);
  with.note(1s, 1);
  EXPECT_EQ(with.next(), 250ms);
  with.note(250ms, 0);
  EXPECT_EQ(with.next(), 0s);
  with.note(1h, 0);
  EXPECT_EQ(with.next(), 0s);
}

TEST(patience, counts_the_time_alone_that_a_client_was_waited_for) {
  patience with(10s, 1);
  with.note(8s, 0);
  EXPECT_EQ(with.next(), 2s);
  with.note(0s, 3);  // what came before anybody waited for it
  EXPECT_EQ(with.next(), 5s);
}

TEST(patience, begins_anew_with_each_body) {
  patience with(10s, 1);
  with.note(9s, 0);
  with.reset();
  EXPECT_EQ(with.next(), 10s);
}

TEST(patience, asks_for_no_rate_where_there_is_none) {
  patience with(10s, 0);
  with.note(24h, 0);
  EXPECT_EQ(with.next(), 10s);
}

TEST(patience, is_at_no_loss_with_what_is_very_large) {
  patience with(duration::max(), 1);
  EXPECT_EQ(with.next(), duration::max());
  with.note(1h, 1ULL << 62);
  EXPECT_EQ(with.next(), duration::max());
}

}  // namespace
}  // namespace holdfast::serve
