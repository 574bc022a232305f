// SPDX-License-Identifier: Apache-2.0
#include "serve/problem.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace holdfast::serve {
namespace {

using namespace std::chrono_literals;

std::string field_of(const http_answer& of, const char* name) {
  for (const auto& [each, value] : of.fields)
    if (each == name) return value;
  return {};
}
std::string text_of(const http_answer& of, const char* name) {
  return std::string(boost::json::parse(of.body).at(name).as_string());
}

TEST(problem, says_when_to_come_again_where_it_makes_sense_and_nowhere_else) {
  for (const errc each : {errc::queue_full, errc::draining, errc::broken, errc::deadline_too_close,
                          errc::journal_full, errc::no_resources})
    EXPECT_EQ(field_of(problem_of(error(each, "")), "Retry-After"), "1") << to_string(each);
  for (const errc each : {errc::bad_arguments, errc::trapped, errc::gone, errc::key_conflict})
    EXPECT_EQ(field_of(problem_of(error(each, "")), "Retry-After"), "") << to_string(each);
}

TEST(problem, never_asks_a_client_to_come_too_soon) {
  EXPECT_EQ(field_of(too_many("", 1ms), "Retry-After"), "1");
  EXPECT_EQ(field_of(too_many("", 1s), "Retry-After"), "1");
  EXPECT_EQ(field_of(too_many("", 1001ms), "Retry-After"), "2");
  EXPECT_EQ(field_of(too_many("", 24h), "Retry-After"), "3600");
}

TEST(problem, says_that_the_guest_ran_whose_result_cannot_be_written) {
  const reply told{.outcome = outcome::completed, .value = wit::value(std::string("text"))};
  const http_answer answer = answer_of(told, wit::type(wit::kind::u32));
  EXPECT_EQ(answer.status, 500U);
  EXPECT_EQ(text_of(answer, "outcome"), "completed");
  EXPECT_EQ(text_of(answer, "effect"), "executed");
}

TEST(problem, tells_the_effect_of_what_nobody_knows_the_end_of) {
  EXPECT_EQ(text_of(answer_of({.code = make_error_code(errc::detached)}, {}), "effect"), "unknown");
  EXPECT_EQ(text_of(problem_of(error(errc::gone, "")), "effect"), "unknown");
  EXPECT_EQ(text_of(problem_of(http_refusal(400, "")), "effect"), "not_executed");
}

}  // namespace
}  // namespace holdfast::serve
