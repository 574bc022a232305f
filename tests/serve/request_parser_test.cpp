// SPDX-License-Identifier: Apache-2.0
#include "serve/request_parser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

/// What comes of a body in chunks, in whatever pieces it comes.
namespace holdfast::serve {
namespace {

constexpr http_limits limits{.head_bytes = 2048};
constexpr const char* head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";

struct outcome_of_body {
  std::string body{};
  bool whole = false;
  std::size_t used = 0;
  std::optional<http_refusal> wrong{};
};

// As a connection does: what was not used is given again, with what has come since.
outcome_of_body read(std::string_view wire, std::size_t piece) {
  http_request asked;
  request_parser parser(limits, asked);
  EXPECT_FALSE(parser.read_head(head));
  outcome_of_body made;
  std::size_t come = 0;
  for (;;) {
    std::array<char, 7> into;  // NOLINT: written before it is read
    const auto taken = parser.read_body(wire.substr(made.used, come - made.used), into.data(), into.size());
    made.used += taken.used;
    made.body.append(into.data(), taken.filled);
    made.wrong = taken.wrong;
    made.whole = parser.done();
    if (made.wrong || made.whole) return made;
    if (taken.filled != 0) continue;
    if (come == wire.size()) return made;
    come = std::min(wire.size(), come + piece);
  }
}

// However it is cut. Sizes beyond the text give it at once.
template <class Check>
void in_any_pieces(const std::string& wire, Check check) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7},
                                  std::size_t{64}, std::size_t{1000}, wire.size()}) {
    SCOPED_TRACE("in pieces of " + std::to_string(piece) + " bytes");
    check(read(wire, piece));
  }
}
void expect_refused(const std::string& wire, const char* why) {
  in_any_pieces(wire, [&](const outcome_of_body& made) {
    ASSERT_TRUE(made.wrong) << wire.substr(0, 80);
    EXPECT_EQ(made.wrong->status, 400U);
    EXPECT_NE(made.wrong->why.find(why), std::string::npos) << made.wrong->why;
  });
}

TEST(request_parser, reads_chunks_to_the_last_byte_and_no_further) {
  const std::string wire = "3;a=\"b \\\" c\"\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\n";
  in_any_pieces(wire + "GET /", [&](const outcome_of_body& made) {
    EXPECT_FALSE(made.wrong);
    EXPECT_TRUE(made.whole);
    EXPECT_EQ(made.body, "abc0123456789abcdef");
    EXPECT_EQ(made.used, wire.size());
  });
}

TEST(request_parser, waits_for_all_of_the_last_chunk) {
  const std::string wire = "1\r\na\r\n0\r\n\r\n";
  for (std::size_t bytes = 0; bytes < wire.size(); ++bytes) {
    const auto made = read(std::string_view(wire).substr(0, bytes), 1);
    EXPECT_FALSE(made.wrong) << bytes;
    EXPECT_FALSE(made.whole) << bytes;
  }
}

TEST(request_parser, refuses_line_feeds_within_the_quotation_of_an_extension) {
  expect_refused("3;a=\"b\nc\"\r\nabc\r\n0\r\n\r\n", "the extension of a chunk is malformed");
  expect_refused("3\r\nabc\r\n0;a=\"b\nGET / HTTP/1.1\"\r\n\r\n", "the extension of a chunk is malformed");
}

TEST(request_parser, refuses_a_quotation_that_does_not_end_in_its_line) {
  expect_refused("3;a=\"b\r\nabc\r\n0;c=\"\r\n\r\n", "the extension of a chunk is malformed");
  expect_refused("3;a=\"b\\\"\r\nabc\r\n0\r\n\r\n", "the extension of a chunk is malformed");
}

TEST(request_parser, refuses_a_trailer_that_goes_on_in_the_next_line) {
  expect_refused("1\r\na\r\n0\r\nA: b\r\n c\r\n\r\n", "goes on in the next line");
  expect_refused("0\r\nA: b\r\n\tc\r\n\r\n", "goes on in the next line");
}

TEST(request_parser, bounds_the_extensions_of_one_chunk_and_of_all_together) {
  const auto chunk = [](std::size_t bytes) { return "1;" + std::string(bytes - 1, 'b') + "\r\na\r\n"; };
  EXPECT_TRUE(read(chunk(256) + "0\r\n\r\n", 1).whole);
  expect_refused(chunk(257) + "0\r\n\r\n", "too long");
  std::string many;
  for (int i = 0; i < 65; ++i) many += chunk(256);
  expect_refused(many + "0\r\n\r\n", "too long");
}

TEST(request_parser, bounds_trailers_wherever_they_are_cut) {
  const auto with_trailer = [](std::size_t bytes) {
    return "0\r\nA: " + std::string(bytes, 'b') + "\r\n\r\n";
  };
  in_any_pieces(with_trailer(2000), [](const outcome_of_body& made) { EXPECT_TRUE(made.whole); });
  expect_refused(with_trailer(2100), "too long");
  // Also one that has no end.
  const auto made = read("0\r\nA: " + std::string(2100, 'b'), 100);
  ASSERT_TRUE(made.wrong);
  EXPECT_EQ(made.wrong->status, 400U);
}

}  // namespace
}  // namespace holdfast::serve
