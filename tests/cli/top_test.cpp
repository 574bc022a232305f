// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <boost/json/parse.hpp>
#include <csignal>

#include "cli/background.hpp"

using namespace holdfast::testing_support;
using testing::HasSubstr;

namespace {

const std::string other_screen = "\x1b[?1049h";
const std::string gives_back = "\x1b[?1049l";

class watched_server : public testing::Test {
 protected:
  running_server server;
  background watch() { return background({HOLDFAST_COMMAND, "top", "--server", server.url()}, 140); }
  bool ended(const std::string& id) {
    return boost::json::parse(server.ask({"calls", "attach", id, "--json"}).out).at("outcome") == "killed";
  }
};
using top = watched_server;

}  // namespace

TEST_F(top, prints_one_picture_in_a_pipe_that_a_terminal_would_not_obey) {
  const std::string id = server.submit("forever");
  const auto told = server.ask({"top"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(obeyed_in(told.out), "");
  EXPECT_THAT(told.out, HasSubstr("1 in flight: 1 running"));
  EXPECT_THAT(told.out, HasSubstr("nobody waits for 1"));
  EXPECT_THAT(told.out, HasSubstr("counting           [#] 1 running"));
  EXPECT_THAT(told.out, HasSubstr(id));
  EXPECT_EQ(server.ask({"calls", "kill", id}).code, 0);
}

TEST_F(top, tells_a_trap_among_the_outcomes_and_the_faults) {
  EXPECT_EQ(server.ask({"calls", "attach", server.submit("trap")}).code, 1);
  const auto told = server.ask({"top", "--once"});
  EXPECT_THAT(told.out, testing::ContainsRegex("\n  trapped +1 "));
  EXPECT_THAT(told.out, testing::ContainsRegex("\n  ..:..:.. counting +trapped "));
}

TEST_F(top, ends_by_q_and_gives_the_terminal_back_as_it_was) {
  background shown = watch();
  const auto before = shown.settings();
  ASSERT_TRUE(shown.shows(other_screen));
  ASSERT_TRUE(shown.shows("q quit"));
  EXPECT_EQ(shown.settings().c_lflag & ICANON, 0U);
  shown.type("q");
  EXPECT_EQ(shown.wait(), 0);
  EXPECT_TRUE(shown.shows(gives_back));
  EXPECT_EQ(shown.settings().c_lflag, before.c_lflag);
}

TEST_F(top, gives_the_terminal_back_whatever_signal_ends_it) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT}) {
    SCOPED_TRACE(signal);
    background shown = watch();
    const auto before = shown.settings();
    ASSERT_TRUE(shown.shows("q quit"));
    shown.end(signal);
    EXPECT_TRUE(shown.shows(gives_back));
    EXPECT_EQ(shown.settings().c_lflag, before.c_lflag);
  }
}

TEST_F(top, gives_the_terminal_back_while_it_is_stopped_and_takes_it_again_after_that) {
  background shown = watch();
  const auto before = shown.settings();
  ASSERT_TRUE(shown.shows("q quit"));
  ::kill(shown.id(), SIGTSTP);
  int status = 0;
  ASSERT_EQ(::waitpid(shown.id(), &status, WUNTRACED), shown.id());
  EXPECT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(shown.settings().c_lflag, before.c_lflag);
  ASSERT_TRUE(shown.shows(gives_back));
  ::kill(shown.id(), SIGCONT);
  ASSERT_TRUE(shown.shows(other_screen));
  ASSERT_TRUE(shown.shows("q quit"));
  shown.type("q");
  EXPECT_EQ(shown.wait(), 0);
}

TEST_F(top, shows_a_call_that_begins_while_it_watches_and_forgets_it_when_it_ends) {
  background shown = watch();
  ASSERT_TRUE(shown.shows("0 in flight"));
  const std::string id = server.submit("forever");
  EXPECT_TRUE(shown.shows(id));
  EXPECT_EQ(server.ask({"calls", "kill", id}).code, 0);
  EXPECT_TRUE(shown.shows("0 in flight"));
}

TEST_F(top, asks_before_it_kills_and_kills_nothing_when_the_answer_is_no) {
  const std::string id = server.submit("forever");
  background shown = watch();
  ASSERT_TRUE(shown.shows("> "));
  shown.type("k");
  ASSERT_TRUE(shown.shows("Stop the guest of counting forever"));
  shown.type("n");
  ASSERT_TRUE(shown.shows("not killed"));
  EXPECT_EQ(server.ask({"calls", "attach", id, "--wait", "10ms"}).code, 4);
  shown.type("k");
  ASSERT_TRUE(shown.shows("y/n"));
  shown.type("y");
  EXPECT_TRUE(shown.shows(id.substr(0, 8) + ": stopping"));
  EXPECT_TRUE(ended(id));
}

TEST_F(top, revokes_the_call_that_the_arrows_chose) {
  // One runs, two wait behind it: the oldest stands first.
  const std::string running = server.submit("forever");
  const std::string first = server.submit("count");
  const std::string second = server.submit("count");
  background shown = watch();
  ASSERT_TRUE(shown.shows(second));
  shown.type("\x1b[B\x1b[B");
  shown.type("r");
  EXPECT_TRUE(shown.shows(second.substr(0, 8) + ": revoked"));
  EXPECT_EQ(server.ask({"calls", "attach", second}).code, 3);
  EXPECT_EQ(server.ask({"calls", "kill", running}).code, 0);
  EXPECT_EQ(server.ask({"calls", "attach", first}).out, "1\n");
}

TEST_F(top, draws_within_the_terminal_after_it_was_made_smaller) {
  background shown = watch();
  ASSERT_TRUE(shown.shows("q quit   arrows choose a call"));
  shown.resize(20, 10);
  EXPECT_TRUE(shown.shows("q quit   arrows choo\x1b[K"));
}

TEST_F(top, tells_that_the_server_is_gone_and_goes_on_watching) {
  background shown = watch();
  ASSERT_TRUE(shown.shows("live"));
  server.process().end(SIGKILL);
  EXPECT_TRUE(shown.shows("NOT CONNECTED"));
  shown.type("q");
  EXPECT_EQ(shown.wait(), 0);
}

TEST_F(top, of_a_server_that_is_not_there_exits_with_2_and_leaves_the_screen_alone) {
  const auto told = run_holdfast({"top", "--server", "http://127.0.0.1:1"}, {.terminal_columns = 80});
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.out, "");
  EXPECT_THAT(told.err, HasSubstr("no server is reached at http://127.0.0.1:1"));
}
