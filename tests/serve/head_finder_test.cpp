// SPDX-License-Identifier: Apache-2.0
#include "serve/head_finder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace holdfast::serve {
namespace {

constexpr http_limits limits{.head_bytes = 200, .fields = 3, .target_bytes = 100};
const std::string line = "GET / HTTP/1.1\r\n";

head_finder::found look(std::string_view bytes) {
  head_finder finder(limits);
  return finder.look(bytes);
}
unsigned refusal_of(std::string_view bytes) {
  const auto found = look(bytes);
  return found.wrong ? found.wrong->status : 0;
}

TEST(head_finder, finds_where_a_head_ends_however_it_comes) {
  const std::string head = line + "Host: a\r\n\r\n";
  EXPECT_EQ(look(head + "and more").size, head.size());
  head_finder finder(limits);
  for (std::size_t come = 1; come < head.size(); ++come) {
    const auto found = finder.look(std::string_view(head).substr(0, come));
    ASSERT_FALSE(found.size || found.wrong) << come;
  }
  EXPECT_EQ(finder.look(head).size, head.size());
}

TEST(head_finder, wants_both_bytes_at_the_end_of_a_line) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\n"), 400U);
  EXPECT_EQ(refusal_of(line + "Host: a\n\r\n"), 400U);
  EXPECT_EQ(refusal_of(line + "\n"), 400U);
  EXPECT_EQ(refusal_of(line + "Host: a\rb\r\n"), 400U);
}

TEST(head_finder, refuses_control_characters_and_lines_that_go_on) {
  for (const char* field : {"A: \x01\r\n", "A: \x1b[2J\r\n", "A: \x7f\r\n", " A: b\r\n", "\tA: b\r\n"})
    EXPECT_EQ(refusal_of(line + field), 400U) << field;
  EXPECT_EQ(refusal_of(line + "A: b\tc\r\n"), 0U);
}

TEST(head_finder, takes_as_many_fields_as_the_limit_says) {
  const std::string field = "A: b\r\n";
  EXPECT_TRUE(look(line + field + field + field + "\r\n").size);
  EXPECT_EQ(refusal_of(line + field + field + field + field), 431U);
}

TEST(head_finder, takes_as_many_bytes_as_the_limit_says) {
  const auto head_of = [](std::size_t bytes) {
    return line + "A: " + std::string(bytes - line.size() - 7, 'b') + "\r\n\r\n";
  };
  EXPECT_EQ(look(head_of(200)).size, 200U);
  EXPECT_EQ(refusal_of(head_of(201)), 431U);
  // Also where its end has not come.
  EXPECT_EQ(refusal_of(head_of(205).substr(0, 200)), 0U);
  EXPECT_EQ(refusal_of(head_of(205).substr(0, 201)), 431U);
  EXPECT_EQ(refusal_of("GET /" + std::string(195, 'a')), 414U);
}

}  // namespace
}  // namespace holdfast::serve
