// SPDX-License-Identifier: Apache-2.0
#include "serve/http_answer.hpp"

#include <gtest/gtest.h>

namespace holdfast::serve {
namespace {

std::string head_of(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string text;
  write_head(text, 200, fields, answer_framing::length, 3, "close", "now");
  return text;
}

TEST(http_answer, has_its_fields_and_its_framing_in_its_head) {
  EXPECT_EQ(head_of({{"A", "b"}}),
            "HTTP/1.1 200 OK\r\nDate: now\r\nA: b\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST(http_answer, leaves_out_fields_that_would_end_a_line_or_are_no_fields) {
  const std::string without = head_of({});
  EXPECT_EQ(head_of({{"A", "b\r\nSet-Cookie: c"}}), without);
  EXPECT_EQ(head_of({{"A", "b\nc"}}), without);
  EXPECT_EQ(head_of({{"A", std::string("b\0", 2)}}), without);
  EXPECT_EQ(head_of({{"A: b\r\nC", "d"}}), without);
  EXPECT_EQ(head_of({{"", "d"}}), without);
}

}  // namespace
}  // namespace holdfast::serve
