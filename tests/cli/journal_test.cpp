// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <holdfast/journal.hpp>
#include <string>

#include "cli/run_command.hpp"
#include "host/keyed_export.hpp"
#include "support/contents_of.hpp"
#include "support/scratch_folder.hpp"
#include "wit/packed.hpp"

using namespace holdfast::testing_support;
using holdfast::errc;
using holdfast::journal_record;
using holdfast::outcome;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// A journal with an answer, a failure with hostile text, and two that were cut short.
class journal_command : public testing::Test {
 protected:
  void SetUp() override {
    const auto here = holdfast::open_journal(path).value();
    const auto type = holdfast::wit::encode_type(holdfast::wit::type(holdfast::wit::kind::string));
    const auto value = holdfast::wit::encode_value(holdfast::wit::type(holdfast::wit::kind::string),
                                                   holdfast::wit::value("hello ada"))
                           .value();
    const auto record = [](std::string_view name) {
      return journal_record{.key = holdfast::detail::print_of("shop", {}, "greet", name),
                            .call = {1, name.size()},
                            .pool = "shop",
                            .function = "greet",
                            .name = name};
    };
    journal_record answered = record("order-1");
    answered.done = true;
    answered.at = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123));
    answered.attempts = 1;
    answered.generation = 4;
    answered.result_type = type;
    answered.value = value;
    journal_record failed = record("\x1b[31m\xff");
    failed.done = true;
    failed.what = outcome::trapped;
    failed.code = errc::trapped;
    failed.detail = "the guest says \x1b[2J";
    journal_record once = record("cut");
    journal_record twice = record("cut again");
    twice.arguments = bytes_of("x");
    const std::array all{answered, failed, once, twice};
    ASSERT_FALSE(here->commit({all, {}}));
  }

  scratch_folder folder;
  const std::string path = (folder.path() / "calls.journal").string();
};

}  // namespace

TEST_F(journal_command, check_says_that_a_journal_is_sound_and_what_is_in_it) {
  {
    const auto here = holdfast::open_journal(path).value();
    const holdfast::journal_state state{.actor = {std::byte{1}}, .group = "bank", .key = "ada"};
    const holdfast::journal_step step{.actor = {std::byte{1}}, .serial = 1, .function = "f"};
    const holdfast::journal_timer timer{.actor = {std::byte{1}}, .name = "t", .group = "bank", .key = "ada"};
    ASSERT_FALSE(here->commit({.states = {&state, 1}, .steps = {&step, 1}, .timers = {&timer, 1}}));
  }
  const ended told = run_holdfast({"journal", "check", path});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out,
              HasSubstr("sound. Version 3, 4 records, 2 of them not finished, 1 actors with 1 calls to "
                        "do again and 1 timers, "));
  const auto json = boost::json::parse(run_holdfast({"journal", "check", path, "--json"}).out);
  EXPECT_EQ(json.at("sound"), true);
  EXPECT_EQ(json.at("records"), 4);
  EXPECT_EQ(json.at("unfinished"), 2);
  EXPECT_EQ(json.at("actors"), 1);
  EXPECT_EQ(json.at("steps"), 1);
  EXPECT_EQ(json.at("timers"), 1);
}

TEST_F(journal_command, check_tells_a_record_that_stands_under_another_key) {
  {
    const auto here = holdfast::open_journal(path).value();
    const journal_record wrong{
        .key = {std::byte{9}}, .call = {7, 7}, .pool = "shop", .function = "greet", .name = "x"};
    ASSERT_FALSE(here->commit({{&wrong, 1}, {}}));
  }
  const ended told = run_holdfast({"journal", "check", path});
  EXPECT_EQ(told.code, 2);
  EXPECT_THAT(told.err, HasSubstr("00000000000000070000000000000007 stands under another key"));
}

TEST_F(journal_command, export_prints_a_line_a_record_that_is_safe_to_show) {
  const ended told = run_holdfast({"journal", "export", path});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(lines_in(told.out), 4U);
  EXPECT_THAT(obeyed_in(told.out), IsEmpty());
  std::map<std::string, boost::json::value> by_state;
  for (std::size_t at = 0; at < told.out.size();) {
    const std::size_t end = told.out.find('\n', at);
    const auto json = boost::json::parse(told.out.substr(at, end - at));
    const std::string name(json.at("state").as_string());
    by_state[name == "done" ? std::string(json.at("outcome").as_string())
                            : name + (json.at("runs_again").as_bool() ? " again" : "")] = json;
    at = end + 1;
  }
  ASSERT_EQ(by_state.size(), 4U);
  const auto& answered = by_state.at("completed");
  EXPECT_EQ(answered.at("value"), "hello ada");
  EXPECT_EQ(answered.at("type"), "string");
  EXPECT_EQ(answered.at("effect"), "executed");
  EXPECT_EQ(answered.at("at"), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(answered.at("key"), "order-1");
  EXPECT_EQ(answered.at("generation"), 4);
  EXPECT_EQ(by_state.at("trapped").at("detail"), "the guest says \x1b[2J");
  EXPECT_TRUE(by_state.contains("unfinished"));
  EXPECT_TRUE(by_state.contains("unfinished again"));
}

TEST_F(journal_command, compact_gives_room_back_and_leaves_what_is_there) {
  const ended told = run_holdfast({"journal", "compact", path});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("MiB, was"));
  const auto json = boost::json::parse(run_holdfast({"journal", "compact", path, "--json"}).out);
  EXPECT_GE(json.at("bytes_before").as_int64(), json.at("bytes").as_int64());
  EXPECT_EQ(lines_in(run_holdfast({"journal", "export", path}).out), 4U);
}

TEST_F(journal_command, is_refused_while_a_host_uses_the_journal) {
  const auto here = holdfast::open_journal(path).value();
  for (const char* what : {"check", "compact", "export"}) {
    const ended told = run_holdfast({"journal", what, path});
    EXPECT_EQ(told.code, 2);
    EXPECT_THAT(told.err + told.out, HasSubstr("in use by another process"));
  }
}

TEST_F(journal_command, names_a_file_that_is_none) {
  const std::string other = folder.write("notes.txt", std::string(5000, 'n'));
  for (const char* what : {"check", "compact", "export"}) {
    const ended told = run_holdfast({"journal", what, other});
    EXPECT_EQ(told.code, 2);
    EXPECT_THAT(told.err + told.out, HasSubstr("no journal of Holdfast's"));
    EXPECT_EQ(contents_of(other), std::string(5000, 'n')) << "it is left as it was";
    const ended none = run_holdfast({"journal", what, (folder.path() / "none").string()});
    EXPECT_EQ(none.code, 2);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "none"));
  }
}

TEST_F(journal_command, needs_to_be_told_what_to_do) {
  const ended told = run_holdfast({"journal"});
  EXPECT_EQ(told.code, 2);
  EXPECT_THAT(told.err, HasSubstr("holdfast journal --help"));
  EXPECT_THAT(run_holdfast({"journal", "check"}).err, HasSubstr("holdfast journal check --help"));
}
