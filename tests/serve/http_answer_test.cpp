// SPDX-License-Identifier: Apache-2.0
#include "serve/http_answer.hpp"

#include <gtest/gtest.h>

namespace holdfast::serve {
namespace {

std::string head_of(const http_answer& of) {
  std::string text;
  write_head(text, of, answer_framing::length, 3, "close", "now");
  return text;
}
std::string head_with(std::vector<std::pair<std::string, std::string>> fields) {
  http_answer answer;
  answer.fields = std::move(fields);
  return head_of(answer);
}

TEST(http_answer, has_its_fields_and_its_framing_in_its_head) {
  EXPECT_EQ(head_with({{"A", "b"}}),
            "HTTP/1.1 200 OK\r\nDate: now\r\nA: b\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST(http_answer, says_its_type_and_that_there_is_no_other) {
  http_answer answer(404, "text/plain");
  answer.no_sniffing = true;
  EXPECT_EQ(head_of(answer),
            "HTTP/1.1 404 Not Found\r\nDate: now\r\nContent-Type: text/plain\r\n"
            "X-Content-Type-Options: nosniff\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST(http_answer, leaves_out_fields_that_would_end_a_line_or_are_no_fields) {
  const std::string without = head_with({});
  EXPECT_EQ(head_with({{"A", "b\r\nSet-Cookie: c"}}), without);
  EXPECT_EQ(head_with({{"A", "b\nc"}}), without);
  EXPECT_EQ(head_with({{"A", std::string("b\0", 2)}}), without);
  EXPECT_EQ(head_with({{"A: b\r\nC", "d"}}), without);
  EXPECT_EQ(head_with({{"", "d"}}), without);
}

}  // namespace
}  // namespace holdfast::serve
