// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <csignal>

#include "cli/background.hpp"
#include "support/counting_guest.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

boost::json::object totals_of(const ended& told) {
  EXPECT_EQ(told.code, 0) << told.err;
  boost::system::error_code failed;
  const auto json = boost::json::parse(told.out, failed);
  EXPECT_FALSE(failed) << told.out;
  return json.is_object() ? json.as_object() : boost::json::object();
}

std::int64_t count(const boost::json::object& totals, const char* member, const char* name) {
  const auto* const found = totals.at(member).as_object().if_contains(name);
  return found == nullptr ? 0 : found->as_int64();
}

std::int64_t sum(const boost::json::object& totals, const char* member) {
  std::int64_t all = 0;
  for (const auto& [name, each] : totals.at(member).as_object()) all += each.as_int64();
  return all;
}

}  // namespace

TEST(load, on_a_server_counts_each_call_once_by_outcome_and_by_effect) {
  const running_server server;
  const auto totals = totals_of(run_holdfast({"load", server.url(), "--export", "add", "--args", "[2, 3]",
                                              "--callers", "4", "--duration", "300ms", "--json"}));
  const std::int64_t calls = totals.at("calls").as_int64();
  EXPECT_GT(calls, 0);
  EXPECT_EQ(sum(totals, "outcomes"), calls);
  EXPECT_EQ(sum(totals, "effects"), calls);
  EXPECT_EQ(count(totals, "outcomes", "completed"), calls);
  EXPECT_EQ(totals.at("latency").at("count").as_int64(), calls);
  EXPECT_EQ(totals.at("latency_from").as_string(), "sent");
  double before = 0;
  for (const char* mark : {"p50", "p90", "p99", "p99.9", "max"}) {
    const double now = totals.at("latency").at(mark).as_double();
    EXPECT_GE(now, before) << mark;
    before = now;
  }
  EXPECT_GT(totals.at("latency").at("p50").as_double(), 0);
}

TEST(load, is_what_the_server_saw_too) {
  const running_server server;
  const auto totals =
      totals_of(run_holdfast({"load", server.url() + "v1/call/counting/add", "--args", "[2, 3]", "--callers",
                              "4", "--duration", "300ms", "--trap", "trap:0.2", "--json"}));
  const auto seen = boost::json::parse(server.ask({"top", "--once", "--json"}).out).at("data").at("totals");
  EXPECT_EQ(seen.at("completed").as_int64(), count(totals, "outcomes", "completed"));
  EXPECT_EQ(seen.at("trapped").as_int64(), count(totals, "outcomes", "trapped"));
  EXPECT_GT(count(totals, "outcomes", "trapped"), 0);
}

TEST(load, whose_callers_leave_and_whose_guests_trap_and_hang_ends_and_leaves_a_server_that_answers) {
  const running_server server({"--cells", "2"});
  const auto totals = totals_of(run_holdfast(
      {"load",     server.url(), "--component", "counting",     "--export",   "spin",    "--args",
       "[200000]", "--callers",  "16",          "--duration",   "1s",         "--leave", "0.3",
       "--trap",   "trap:0.05",  "--hang",      "forever:0.02", "--deadline", "100ms",   "--json"}));
  EXPECT_GT(count(totals, "outcomes", "completed"), 0);
  EXPECT_GT(count(totals, "outcomes", "trapped"), 0);
  EXPECT_GT(count(totals, "outcomes", "left"), 0);
  EXPECT_EQ(sum(totals, "outcomes"), totals.at("calls").as_int64());
  const std::string id = server.submit("add", "[2, 3]");
  EXPECT_EQ(server.ask({"calls", "attach", id}).out, "5\n");
}

TEST(load, with_a_rate_counts_latency_from_when_a_call_was_due) {
  const running_server server({"--cells", "1"});
  // One caller that is to send a hundred calls a second, of which each takes longer than that: the last is
  // sent late by nearly all of the second, and only whoever counts from the due moment sees it.
  const auto totals =
      totals_of(run_holdfast({"load", server.url(), "--export", "spin", "--args", "[100000000]", "--callers",
                              "1", "--rate", "100", "--duration", "1s", "--json"}));
  EXPECT_EQ(totals.at("latency_from").as_string(), "due");
  const double calls = static_cast<double>(totals.at("calls").as_int64());
  ASSERT_LT(calls, 100);
  const double each = totals.at("seconds").as_double() / calls;
  EXPECT_GT(totals.at("latency").at("max").as_double(), each * 1.5);
}

TEST(load, with_a_rate_that_is_kept_sends_no_more_than_that) {
  const running_server server;
  const auto totals =
      totals_of(run_holdfast({"load", server.url(), "--export", "add", "--args", "[2, 3]", "--callers", "4",
                              "--rate", "50", "--duration", "1s", "--json"}));
  EXPECT_EQ(totals.at("calls").as_int64(), 50);
}

TEST(load, on_a_component_in_this_process_needs_no_server) {
  const scratch_folder folder;
  const std::string path = folder.write("counting.wat", counting_guest);
  const auto totals =
      totals_of(run_holdfast({"load", path, "--export", "add", "--args", "[2, 3]", "--callers", "8",
                              "--duration", "300ms", "--leave", "0.2", "--trap", "trap:0.05", "--json"}));
  EXPECT_GT(count(totals, "outcomes", "completed"), 0);
  EXPECT_GT(count(totals, "outcomes", "trapped"), 0);
  EXPECT_EQ(sum(totals, "outcomes"), totals.at("calls").as_int64());
}

TEST(load, shows_totals_and_a_plot_and_no_progress_in_a_pipe) {
  const running_server server;
  const ended told =
      run_holdfast({"load", server.url(), "--export", "add", "--args", "[2, 3]", "--duration", "200ms"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(obeyed_in(told.out), "");
  for (const char* each : {"completed", "p50 ", "p90 ", "p99 ", "p99.9 ", "max ", "##"})
    EXPECT_THAT(told.out, HasSubstr(each));
}

TEST(load, that_is_interrupted_tells_what_it_saw) {
  const running_server server;
  background process(
      {HOLDFAST_COMMAND, "load", server.url(), "--export", "add", "--args", "[2, 3]", "--duration", "1h"},
      100);
  ASSERT_TRUE(process.shows("under way"));
  EXPECT_EQ(process.end(SIGINT), 0);
  EXPECT_TRUE(process.shows("max "));
}

TEST(load, that_cannot_begin_exits_with_2_and_says_why) {
  const running_server server;
  const std::vector<std::pair<std::vector<std::string>, std::string>> all{
      {{"http://127.0.0.1:1", "--export", "add"}, "no server is reached at http://127.0.0.1:1"},
      {{server.url()}, "--export has to say"},
      {{server.url(), "--export", "add", "--args", "[2"}, "not JSON"},
      {{server.url() + "v1/calls", "--export", "add"}, "is neither a server nor the place of an export"},
      {{server.url(), "--export", "add", "--trap", "trap"}, "--trap: `trap` is not EXPORT:SHARE"},
      {{server.url(), "--export", "add", "--hang", "forever:2"}, "--hang: `forever:2` is not EXPORT:SHARE"},
      {{server.url(), "--export", "add", "--duration", "0s"}, "--duration: `0s`"},
      {{"/no/such/file.wasm", "--export", "add"}, "/no/such/file.wasm"}};
  for (const auto& [arguments, why] : all) {
    std::vector<std::string> words = arguments;
    words.insert(words.begin(), "load");
    const ended told = run_holdfast(words);
    EXPECT_EQ(told.code, 2) << why;
    EXPECT_THAT(told.err, HasSubstr(why));
  }
}

TEST(load, that_nobody_completed_exits_with_1) {
  const running_server server;
  const ended told = run_holdfast({"load", server.url(), "--export", "trap", "--duration", "100ms"});
  EXPECT_EQ(told.code, 1);
  EXPECT_THAT(told.out, HasSubstr("trapped"));
}
