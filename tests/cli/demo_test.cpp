// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <sstream>

#include "cli/run_command.hpp"

using namespace holdfast::testing_support;
using testing::HasSubstr;
using testing::IsSupersetOf;

namespace {

ended demo(std::vector<std::string> more, const surroundings& around = {}) {
  std::vector<std::string> words{"demo", "--calls", "3000", "--callers", "64", "--guests", guest("")};
  words.insert(words.end(), more.begin(), more.end());
  return run_holdfast(words, around);
}

std::vector<std::string> keys_of(const boost::json::value& object) {
  std::vector<std::string> keys;
  for (const auto& entry : object.as_object()) keys.emplace_back(entry.key());
  return keys;
}

void expect_every_claim_held(const ended& told) {
  EXPECT_FALSE(told.hung);
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, "");
  ASSERT_EQ(lines_in(told.out), 1);
  const auto json = boost::json::parse(told.out);
  EXPECT_THAT(keys_of(json), testing::ElementsAre("direct", "held"));
  const auto& direct = json.at("direct");
  EXPECT_THAT(keys_of(direct), testing::ElementsAre("calls", "left", "failed_after", "error"));
  EXPECT_THAT(std::string(direct.at("error").as_string()), HasSubstr("cannot enter component instance"));
  EXPECT_GT(direct.at("left").to_number<std::uint64_t>(), 0U);
  EXPECT_GT(direct.at("failed_after").to_number<std::uint64_t>(), 0U);
  EXPECT_LT(direct.at("failed_after").to_number<std::uint64_t>(),
            direct.at("calls").to_number<std::uint64_t>());
  const auto& held = json.at("held");
  EXPECT_THAT(keys_of(held),
              IsSupersetOf({"calls", "completed", "detached", "trapped", "deadline_killed", "refused", "lost",
                            "wrong", "rebuilt", "next_call_ok", "calls_per_second"}));
  EXPECT_EQ(held.at("calls"), 3000);
  EXPECT_EQ(held.at("lost"), 0);
  EXPECT_EQ(held.at("wrong"), 0);
  EXPECT_EQ(held.at("next_call_ok"), true);
  const auto count = [&held](const char* key) { return held.at(key).to_number<std::uint64_t>(); };
  // 3000 dice: of the twentieth that traps and the hundredth that loops some are revoked, and none is far
  // from its share.
  EXPECT_GT(count("trapped"), 75U);
  EXPECT_GT(count("deadline_killed"), 5U);
  EXPECT_GT(count("detached"), 300U);
  EXPECT_GE(count("rebuilt"), count("trapped") + count("deadline_killed"));
  EXPECT_EQ(count("completed") + count("trapped") + count("deadline_killed") + count("host_failed") +
                count("revoked"),
            3000U);
}

}  // namespace

TEST(demo, shows_the_problem_and_the_cure_as_one_line_of_json) { expect_every_claim_held(demo({"--json"})); }

TEST(demo, prints_the_same_json_in_a_pipe_and_nothing_else) { expect_every_claim_held(demo({})); }

TEST(demo, draws_lines_that_fit_a_terminal_of_80_columns) {
  const ended told = demo({}, {.terminal_columns = 80});
  EXPECT_FALSE(told.hung);
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, "");
  EXPECT_THAT(told.out, HasSubstr("DIRECT "));
  EXPECT_THAT(told.out, HasSubstr("cannot enter component instance"));
  EXPECT_THAT(told.out, HasSubstr("3,000 of 3,000 calls"));
  EXPECT_THAT(told.out, HasSubstr("Every accepted call has one outcome."));
  EXPECT_EQ(told.out.find("{\"direct\""), std::string::npos);
  std::istringstream lines(told.out);
  for (std::string line; std::getline(lines, line);) {
    std::string shown;
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (line[at] == '\x1b') {
        at = line.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", at);
        ASSERT_NE(at, std::string::npos) << "an escape without an end";
      } else if (line[at] != '\r') {
        shown.push_back(line[at]);
      }
    }
    EXPECT_LE(shown.size(), 80U) << shown;
  }
}
