// SPDX-License-Identifier: Apache-2.0
#include "serve/guest_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "serve/served.hpp"

namespace holdfast::serve {
namespace {

using namespace testing_support;
using testing::ElementsAre;

class lines_of_guests : public testing::Test {
 protected:
  void print(std::string_view text, std::uint64_t call = 1, std::uint32_t cell = 0,
             guest_stream stream = guest_stream::out) const {
    output({.stream = stream, .untrusted = text, .from = {cell, 1}, .call = {.high = 0, .low = call}});
  }
  std::vector<std::string> seen;
  std::shared_ptr<guest_lines> lines = guest_lines::to([this](const guest_line& line) {
    seen.push_back(std::string(line.component) + " " + std::to_string(line.call.low) + " " +
                   std::string(line.untrusted));
  });
  guest_output output = lines->output("shop");
};

TEST_F(lines_of_guests, come_whole_however_their_text_was_cut) {
  print("good ");
  print("morning\nhow ");
  print("are you\n\n");
  EXPECT_THAT(seen, ElementsAre("shop 1 good morning", "shop 1 how are you", "shop 1 "));
}

TEST_F(lines_of_guests, of_two_instances_and_of_two_streams_are_not_mixed) {
  print("one", 1, 0);
  print("two", 2, 1);
  print("three", 1, 0, guest_stream::err);
  print("\n", 1, 0);
  print("\n", 2, 1);
  print("\n", 1, 0, guest_stream::err);
  EXPECT_THAT(seen, ElementsAre("shop 1 one", "shop 2 two", "shop 1 three"));
}

TEST_F(lines_of_guests, of_two_calls_are_not_mixed) {
  print("no end", 1);
  print("another\n", 2);
  EXPECT_THAT(seen, ElementsAre("shop 1 no end", "shop 2 another"));
}

TEST_F(lines_of_guests, without_an_end_take_room_for_so_many_instances_alone) {
  for (std::uint32_t cell = 0; cell < 2000; ++cell) print("unfinished", cell, cell);
  EXPECT_EQ(seen.size(), 2000U - 1024U);
  EXPECT_EQ(seen.front(), "shop 0 unfinished");
}

TEST_F(lines_of_guests, without_an_end_are_cut_where_they_get_long_and_told_at_the_end) {
  print(std::string((16U << 10) + 3, 'a'));
  ASSERT_EQ(seen.size(), 1U);
  output = {};
  lines.reset();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen.back(), "shop 1 aaa");
}

TEST(line_of_a_guest, has_nothing_that_a_terminal_would_obey) {
  const std::string line = log_line({.component = "shop", .untrusted = "a\x1b[2J\xe2\x80\xae"});
  EXPECT_THAT(line, testing::Not(testing::HasSubstr("\x1b")));
  EXPECT_THAT(line, testing::Not(testing::HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(line, testing::HasSubstr(R"("text":"a)"));
}

class log_of_guests : public served_test {
 protected:
  log_of_guests() {
    settings.components = {{.name = "greet", .path = HOLDFAST_GUESTS_DIR "/greet-js.wasm"}};
    settings.log.guests = log;
  }
  std::string say(const char* what) const {
    const auto told = json(ask(call_request("/v1/call/greet/say", "[\"" + std::string(what) + "\"]")));
    EXPECT_EQ(text(told, "outcome"), "completed");
    return text(told, "id");
  }
  static boost::json::object first_line_of(const std::string& path) {
    std::string line;
    while (!std::getline(std::ifstream(path), line)) std::this_thread::yield();
    return boost::json::parse(line).as_object();
  }
  const std::string log = folder / "guests.log";
};

TEST_F(log_of_guests, says_which_call_of_which_component_printed_what_and_begins_anew_when_told_to) {
  start();
  const std::string call = say("good\\u001b[31m morning");
  const auto line = first_line_of(log);
  EXPECT_EQ(text(line, "component"), "greet");
  EXPECT_EQ(text(line, "call"), call);
  EXPECT_EQ(text(line, "stream"), "stdout");
  EXPECT_THAT(text(line, "text"), testing::HasSubstr("good\\x1b[31m morning"));

  std::filesystem::rename(log, log + ".1");
  ASSERT_TRUE(running->reload(settings));
  const std::string next = say("again");
  EXPECT_EQ(text(first_line_of(log), "call"), next);
}

}  // namespace
}  // namespace holdfast::serve
