// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "cli/background.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> all(1);
  for (const char c : line) {
    if (c == '\n') break;
    if (c == '\t')
      all.emplace_back();
    else
      all.back() += c;
  }
  return all;
}

const std::string nobody_knows = "0123456789abcdef0123456789abcdef";

}  // namespace

TEST(calls, are_listed_while_they_run_a_plain_line_each_in_a_pipe) {
  const running_server server;
  const std::string id = server.submit("forever");
  const ended told = server.ask({"calls", "list"});
  EXPECT_EQ(told.code, 0) << told.err;
  ASSERT_EQ(lines_in(told.out), 1U) << told.out;
  const auto words = words_of(told.out);
  ASSERT_EQ(words.size(), 9U);
  EXPECT_EQ(words[0], id);
  EXPECT_EQ(words[1], "counting");
  EXPECT_EQ(words[2], "forever");
  EXPECT_EQ(words[8], "nobody");
  const auto json = boost::json::parse(server.ask({"calls", "list", "--json"}).out);
  EXPECT_EQ(json.at("calls").as_array().at(0).at("id").as_string(), id);
  EXPECT_EQ(server.ask({"calls", "kill", id}).code, 0);
}

TEST(calls, have_heads_and_columns_on_a_terminal) {
  const running_server server;
  const std::string id = server.submit("forever");
  const ended told = server.ask({"calls", "list"}, {.terminal_columns = 120});
  EXPECT_THAT(told.out, StartsWith("ID "));
  EXPECT_THAT(told.out, HasSubstr(id + "  counting   forever"));
  EXPECT_EQ(server.ask({"calls", "kill", id}).code, 0);
}

TEST(calls, that_ended_are_attached_with_their_value) {
  const running_server server;
  const std::string id = server.submit("add", "[2, 3]");
  const ended told = server.ask({"calls", "attach", id, "--wait", "30s"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(told.out, "5\n");
  const ended shown = server.ask({"calls", "show", id});
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.out, HasSubstr("outcome\tcompleted\n"));
  EXPECT_THAT(shown.out, HasSubstr("value\t5\n"));
}

TEST(calls, that_trapped_exit_with_1_when_attached_and_are_shown_with_0) {
  const running_server server;
  const std::string id = server.submit("trap");
  const ended told = server.ask({"calls", "attach", id});
  EXPECT_EQ(told.code, 1);
  EXPECT_EQ(told.out, "");
  EXPECT_THAT(told.err, StartsWith("holdfast: trapped: "));
  const ended shown = server.ask({"calls", "show", id});
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.out, HasSubstr("outcome\ttrapped\n"));
  EXPECT_THAT(shown.out, HasSubstr("effect\texecuted\n"));
}

TEST(calls, whose_wait_is_over_first_exit_with_4_and_go_on_until_they_are_killed) {
  const running_server server;
  const std::string id = server.submit("forever");
  const ended told = server.ask({"calls", "attach", id, "--wait", "20ms"});
  EXPECT_EQ(told.code, 4);
  EXPECT_THAT(told.err, HasSubstr("goes on"));
  const ended late = server.ask({"calls", "revoke", id});
  EXPECT_EQ(late.code, 4);
  EXPECT_THAT(late.err, HasSubstr("too late"));
  const ended killed = server.ask({"calls", "kill", id});
  EXPECT_EQ(killed.code, 0);
  EXPECT_THAT(killed.out, StartsWith("stopping"));
  const ended end = server.ask({"calls", "attach", id});
  EXPECT_EQ(end.code, 1);
  EXPECT_THAT(end.err, HasSubstr("killed"));
  EXPECT_EQ(server.ask({"calls", "kill", id}).code, 1);
}

TEST(calls, that_wait_are_revoked_and_the_guest_is_never_entered) {
  const running_server server({"--cells", "1"});
  const std::string running = server.submit("forever");
  const std::string waiting = server.submit("count");
  const ended told = server.ask({"calls", "revoke", waiting});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out, StartsWith("revoked"));
  EXPECT_EQ(server.ask({"calls", "attach", waiting}).code, 3);
  EXPECT_EQ(server.ask({"calls", "kill", running}).code, 0);
}

TEST(calls, that_nobody_knows_exit_with_4_and_what_is_no_id_with_2) {
  const running_server server;
  for (const char* verb : {"show", "attach", "revoke", "kill"}) {
    EXPECT_EQ(server.ask({"calls", verb, nobody_knows}).code, 4) << verb;
    EXPECT_EQ(server.ask({"calls", verb, "../components"}).code, 2) << verb;
  }
}

TEST(calls, without_a_server_exit_with_2_and_say_where_it_was_looked_for) {
  for (const std::string where : {"http://127.0.0.1:1", "unix:/no/such/socket"}) {
    const ended told = run_holdfast({"calls", "list", "--server", where});
    EXPECT_EQ(told.code, 2);
    EXPECT_EQ(told.out, "");
    EXPECT_THAT(told.err, StartsWith("holdfast: no server is reached at " + where + ": "));
    EXPECT_EQ(lines_in(told.err), 1U);
    const ended json = run_holdfast({"calls", "kill", nobody_knows, "--json", "--server", where});
    EXPECT_EQ(json.code, 2);
    EXPECT_EQ(boost::json::parse(json.out).at("error").as_string(), "unreachable");
  }
}

TEST(calls, of_an_address_that_is_none_exit_with_2) {
  for (const char* where : {"", "ftp://example.org", "http://", "http://a b:80", "http://h:0",
                            "http://h:70000", "http://user@h", "unix:", "http://[::1", "http://h\r\nX: y"}) {
    const ended told = run_holdfast({"calls", "list", "--server", where});
    EXPECT_EQ(told.code, 2) << where;
    EXPECT_EQ(obeyed_in(told.err), "") << where;
  }
}

TEST(calls, are_asked_for_at_the_server_that_the_environment_names) {
  const running_server server;
  const ended told = run({"env", "HOLDFAST_SERVER=" + server.url(), HOLDFAST_COMMAND, "components"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out, StartsWith("counting\t"));
}

TEST(calls, are_reached_through_a_unix_socket) {
  const scratch_folder folder;
  const std::string where = "unix:" + (folder.path() / "s").string();
  running_server server({"--listen", where});
  const ended told = run_holdfast({"components", "--server", where});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out, StartsWith("counting\t"));
}

TEST(calls, of_a_server_that_wants_a_token_are_shown_to_who_has_it) {
  const scratch_folder folder;
  const std::string token = "a-token-of-this-test";
  const ended sum = run({"sha256sum"}, {.input = token});
  const std::string guest_file = folder.write("app.wat", "(component)");
  const std::string settings = folder.write(
      "holdfast.toml",
      "[server]\nlisten = [\"127.0.0.1:0\"]\n[[principals]]\nname = \"ops\"\n"
      "token_sha256 = \"" +
          sum.out.substr(0, 64) + "\"\nrights = [\"kill\"]\n[components.app]\npath = \"app.wat\"\n");
  background process({HOLDFAST_COMMAND, "serve", settings, "--json"});
  const std::string begun = process.line();
  ASSERT_NE(begun, "");
  const std::string url = boost::json::parse(begun).at("listening").as_array().at(0).as_string().c_str();
  const ended refused = run_holdfast({"calls", "list", "--server", url});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("$HOLDFAST_TOKEN"));
  const std::string file = folder.write("token", token + "\n");
  EXPECT_EQ(run_holdfast({"calls", "list", "--server", url, "--token-file", file}).code, 0);
  EXPECT_EQ(run({"env", "HOLDFAST_TOKEN=" + token, HOLDFAST_COMMAND, "calls", "list", "--server", url}).code,
            0);
  EXPECT_EQ(run({"env", "HOLDFAST_TOKEN=another", HOLDFAST_COMMAND, "calls", "list", "--server", url}).code,
            2);
}

TEST(calls, of_a_server_with_tls_are_asked_for_only_where_its_certificate_is_trusted) {
  const scratch_folder folder;
  const ended made = run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                          "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj",
                          "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"},
                         {.folder = folder.path()});
  ASSERT_EQ(made.code, 0) << made.err;
  const std::string certificate = (folder.path() / "cert.pem").string();
  folder.write("app.wat", "(component)");
  const std::string settings =
      folder.write("holdfast.toml",
                   "[server]\nlisten = [\"127.0.0.1:0\"]\n[server.tls]\ncertificate = \"cert.pem\"\n"
                   "key = \"key.pem\"\n[components.app]\npath = \"app.wat\"\n");
  background process({HOLDFAST_COMMAND, "serve", settings, "--json"});
  const std::string begun = process.line();
  ASSERT_NE(begun, "");
  const std::string url = boost::json::parse(begun).at("listening").as_array().at(0).as_string().c_str();
  ASSERT_THAT(url, StartsWith("https://127.0.0.1:"));
  const std::string by_name = "https://localhost" + url.substr(url.rfind(':'));
  for (const std::string& where : {url, by_name}) {
    const ended trusted =
        run({"env", "SSL_CERT_FILE=" + certificate, HOLDFAST_COMMAND, "components", "--server", where});
    EXPECT_EQ(trusted.code, 0) << trusted.err;
    EXPECT_THAT(trusted.out, StartsWith("app\t"));
    const ended stranger = run_holdfast({"components", "--server", where});
    EXPECT_EQ(stranger.code, 2);
    EXPECT_THAT(stranger.err, HasSubstr("certificate verify failed"));
  }
}

TEST(components, are_listed_with_their_cells_and_one_with_its_exports) {
  const running_server server;
  const auto words = words_of(server.ask({"components"}).out);
  ASSERT_EQ(words.size(), 6U);
  EXPECT_EQ(words[0], "counting");
  EXPECT_EQ(words[1], "pool");
  const ended one = server.ask({"components", "counting"});
  EXPECT_EQ(one.code, 0);
  EXPECT_EQ(lines_in(one.out), 5U);
  EXPECT_THAT(one.out, HasSubstr("add\t"));
  const ended none = server.ask({"components", "no such/one"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("there is no component `no such/one`"));
}

TEST(actors, of_a_server_without_any_are_no_line) {
  const running_server server;
  const ended told = server.ask({"actors"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(told.out, "");
  EXPECT_EQ(boost::json::parse(server.ask({"actors", "--json"}).out).at("actors").as_array().size(), 0U);
}
