// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <csignal>

#include "cli/run_command.hpp"

using namespace holdfast::testing_support;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

namespace {

std::vector<std::string> keys_of(const boost::json::value& object) {
  std::vector<std::string> keys;
  for (const auto& entry : object.as_object()) keys.emplace_back(entry.key());
  return keys;
}

ended call(std::string_view file, std::string text, std::vector<std::string> more = {},
           const surroundings& around = {}) {
  std::vector<std::string> words{"call", guest(file), std::move(text)};
  words.insert(words.end(), more.begin(), more.end());
  return run_holdfast(words, around);
}

void expect_prints(std::string_view file, const std::string& text, const std::string& wave) {
  const ended told = call(file, text);
  EXPECT_EQ(told.out, wave + "\n") << text;
  EXPECT_EQ(told.err, "") << text;
  EXPECT_EQ(told.code, 0) << text;
}

}  // namespace

TEST(call, prints_the_value_in_wave_and_nothing_else) {
  expect_prints("hello.wat", "greet(\"ada\")", "\"hello ada\"");
  expect_prints("orders.wasm", "add(2, 3)", "5");
  expect_prints("orders.wasm", "place(7, \"book\", 2)", "ok({serial: 1, id: 7, total: 2500})");
  expect_prints("orders.wasm", "lookup(7)", "none");
  expect_prints("echo.wat", "place(9)", "(1, 9)");
}

TEST(call, takes_and_prints_every_kind_of_value) {
  for (const auto& [function, wave] : std::vector<std::pair<std::string, std::string>>{
           {"bool", "true"},
           {"s8", "-128"},
           {"u64", "18446744073709551615"},
           {"f64", "0.5"},
           {"char", "'x'"},
           {"string", "\"a \\\"b\\\" c\""},
           {"bytes", "[0, 255]"},
           {"table", "[[1, 2], [], [3]]"},
           {"person", "{name: \"ada\", age: 36, aliases: [\"a\"], home: some({x: 1, y: -2})}"},
           {"tuple", "(1, \"two\", 3)"},
           {"shape", "polygon([{x: 1, y: 2}])"},
           {"color", "green"},
           {"rights", "{read, run}"},
           {"maybe-maybe", "some(none)"},
           {"result", "err(\"no\")"},
           {"done", "ok"}})
    expect_prints("kinds.wasm", "echo-" + function + "(" + wave + ")", wave);
}

TEST(call, prints_no_line_for_an_export_without_a_result) {
  const ended told = call("kinds.wasm", "nothing()");
  EXPECT_EQ(told.out, "");
  EXPECT_EQ(told.err, "");
  EXPECT_EQ(told.code, 0);
}

TEST(call, takes_an_error_of_the_guests_own_for_a_value) {
  expect_prints("orders.wasm", "place(7, \"sword\", 2)", "err(unknown-item(\"sword\"))");
}

TEST(call, answers_in_json_with_the_documented_keys) {
  const ended told = call("orders.wasm", "place(7, \"book\", 2)", {"--json"});
  EXPECT_EQ(told.err, "");
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(lines_in(told.out), 1);
  const auto json = boost::json::parse(told.out);
  EXPECT_THAT(keys_of(json), ElementsAre("id", "outcome", "value", "generation", "attempts", "effect"));
  EXPECT_THAT(std::string(json.at("id").as_string()), MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(json.at("outcome"), "completed");
  EXPECT_EQ(json.at("effect"), "executed");
  EXPECT_EQ(json.at("generation"), 1);
  EXPECT_EQ(json.at("attempts"), 1);
  EXPECT_EQ(json.at("value"), boost::json::parse(R"({"ok":{"serial":1,"id":7,"total":2500}})"));
}

TEST(call, tells_a_refusal_in_json_too) {
  const ended told = call("orders.wasm", "plase()", {"--json"});
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.err, "");
  EXPECT_EQ(lines_in(told.out), 1);
  const auto json = boost::json::parse(told.out);
  EXPECT_THAT(keys_of(json), ElementsAre("outcome", "effect", "error", "detail"));
  EXPECT_EQ(json.at("outcome"), "refused");
  EXPECT_EQ(json.at("effect"), "not_executed");
  EXPECT_EQ(json.at("error"), "no_such_export");
}

TEST(call, reads_the_call_from_standard_input) {
  const ended told = call("orders.wasm", "-", {}, {.input = "add(2,\n  3)\n"});
  EXPECT_EQ(told.out, "5\n");
  EXPECT_EQ(told.code, 0);
}

TEST(call, takes_options_before_the_component) {
  const ended told =
      run_holdfast({"call", "--env", "A=1", "--env", "B=2", "--arg", "x", guest("orders.wasm"), "add(1, 2)"});
  EXPECT_EQ(told.out, "3\n");
  EXPECT_EQ(told.code, 0);
}

TEST(call, finds_an_export_by_its_short_and_by_its_full_name) {
  for (const char* name :
       {"counter.alive", "things.counter.alive", "holdfast:kinds/things#[static]counter.alive"})
    expect_prints("kinds.wasm", std::string(name) + "()", "0");
}

class stranger : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(call, stranger, testing::Values("greet-js.wasm", "greet-py.wasm"),
                         [](const auto& of) { return std::string(of.param).substr(6, 2); });

TEST_P(stranger, greets_and_reads_the_clock_and_rolls_a_die) {
  expect_prints(GetParam(), "greet(\"ada\")", "\"hello ada\"");
  const auto before = static_cast<std::uint64_t>(::time(nullptr));
  const ended now = call(GetParam(), "now()");
  const auto after = static_cast<std::uint64_t>(::time(nullptr));
  ASSERT_EQ(now.code, 0) << now.err;
  EXPECT_GE(std::stoull(now.out), before);
  EXPECT_LE(std::stoull(now.out), after);
  const ended first = call(GetParam(), "dice()");
  const ended second = call(GetParam(), "dice()");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_NE(first.out, second.out);
}

TEST_P(stranger, speaks_on_standard_error_under_its_own_name) {
  const ended told = call(GetParam(), "say(\"good morning\\nada\")");
  EXPECT_EQ(told.out, "");
  EXPECT_EQ(told.err, "guest stdout: good morning\nguest stdout: ada\n");
  EXPECT_EQ(told.code, 0);
}

TEST(call, tells_a_trap_with_its_frames_and_exits_with_1) {
  const ended told = call("orders.wasm", "trap(7)");
  EXPECT_EQ(told.out, "");
  EXPECT_EQ(told.code, 1);
  EXPECT_THAT(told.err,
              StartsWith("holdfast: trapped: wasm trap: wasm `unreachable` instruction executed\n  0: "));
  EXPECT_THAT(told.err, testing::Not(HasSubstr("\n\n")));
  const auto json = boost::json::parse(call("orders.wasm", "trap(7)", {"--json"}).out);
  EXPECT_THAT(keys_of(json), ElementsAre("id", "outcome", "value", "generation", "attempts", "effect",
                                         "error", "detail", "backtrace"));
  EXPECT_EQ(json.at("outcome"), "trapped");
  EXPECT_EQ(json.at("effect"), "executed");
  EXPECT_TRUE(json.at("value").is_null());
}

TEST(call, cuts_an_endless_loop_at_its_run_limit) {
  const ended told =
      call("orders.wasm", "spin(7)", {"--run-limit", "200ms"}, {.limit = std::chrono::seconds(20)});
  EXPECT_FALSE(told.hung);
  EXPECT_GE(told.took.count(), 200);
  EXPECT_THAT(told.err, StartsWith("holdfast: deadline_killed: stopped at its deadline"));
  EXPECT_EQ(told.code, 1);
}

TEST(call, cuts_a_loop_in_post_return_too) {
  const ended told =
      call("post-return.wat", "spin()", {"--run-limit", "200ms"}, {.limit = std::chrono::seconds(20)});
  EXPECT_FALSE(told.hung);
  EXPECT_THAT(told.err, StartsWith("holdfast: deadline_killed: "));
  EXPECT_EQ(told.code, 1);
}

TEST(call, tells_the_memory_limit_that_a_growing_guest_ran_into) {
  const ended told = call("orders.wasm", "hog(50000000)", {"--memory", "16MiB"});
  EXPECT_EQ(told.code, 1);
  EXPECT_THAT(told.err, HasSubstr("its limit is 16777216 bytes"));
  EXPECT_EQ(call("orders.wasm", "hog(50000000)", {"--memory", "64MiB"}).code, 0);
  EXPECT_EQ(call("echo.wat", "grow(1000)", {"--memory", "16MiB"}).out, "-1\n");
}

TEST(call, lets_a_component_have_the_memory_that_it_is_given) {
  const ended told = call("greedy.wat", "count()", {"--memory", "2GiB"});
  EXPECT_EQ(told.out, "0\n") << told.err;
  EXPECT_EQ(told.code, 0);
}

TEST(call, ends_quietly_where_nobody_reads_its_output) {
  const ended told = call("orders.wasm", "add(2, 3)", {}, {.closed_output = true});
  EXPECT_THAT(told.signal, AnyOf(0, SIGPIPE));
  EXPECT_FALSE(told.hung);
  const ended much = call("kinds.wasm", "bytes(1000000)", {}, {.closed_output = true});
  EXPECT_THAT(much.signal, AnyOf(0, SIGPIPE));
}

TEST(call, says_when_its_output_cannot_be_written) {
  const ended told = call("orders.wasm", "add(2, 3)", {}, {.full_device = "/dev/full"});
  EXPECT_EQ(told.err, "holdfast: the output could not be written\n");
  EXPECT_EQ(told.code, 1);
  EXPECT_EQ(call("kinds.wasm", "bytes(100000)", {}, {.full_device = "/dev/full"}).code, 1);
}
