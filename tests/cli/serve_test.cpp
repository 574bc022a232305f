// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <thread>

#include "cli/background.hpp"
#include "support/contents_of.hpp"
#include "support/counting_guest.hpp"
#include "support/scratch_folder.hpp"

/// The life of `holdfast serve`: how it begins, what signals do to it, and that what goes wrong around it
/// does not end it.
namespace holdfast::testing_support {
namespace {

using testing::HasSubstr;

TEST(serve, says_where_it_listens_and_what_it_serves) {
  const running_server server;
  EXPECT_THAT(server.url(), testing::StartsWith("http://127.0.0.1:"));
  const ended told = server.ask({"components"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("counting"));
}

TEST(serve, ends_with_0_when_it_is_told_to) {
  running_server server;
  EXPECT_EQ(server.process().end(SIGTERM), 0);
}

TEST(serve, ends_though_a_guest_loops_at_the_second_signal) {
  running_server server;
  const std::string call = server.submit("forever");
  ::kill(server.process().id(), SIGTERM);
  // Two signals at once would be one.
  while (run({"curl", "-sf", "--max-time", "60", "-o", "/dev/null", server.url() + "readyz"}).code == 0)
    std::this_thread::yield();
  EXPECT_EQ(server.process().end(SIGTERM), 0);
}

TEST(serve, begins_with_nothing_that_it_could_not_keep) {
  const scratch_folder folder;
  const ended told =
      run_holdfast({"serve", folder.write("bad.wat", "(component"), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(told.code, 2);
  EXPECT_THAT(told.err, HasSubstr("component `bad`"));
  const ended nowhere =
      run_holdfast({"serve", folder.write("good.wat", counting_guest), "--listen", "nowhere"});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("nowhere"));
}

class configured : public testing::Test {
 protected:
  void write(const std::string& more = {}) const {
    folder.write("holdfast.toml", "[server]\nlisten = [\"127.0.0.1:0\"]\n[log]\naccess = \"" +
                                      (folder.path() / "access.log").string() +
                                      "\"\n[components.counting]\npath = \"counting.wat\"\n" + more);
  }
  configured() {
    folder.write("counting.wat", counting_guest);
    write();
  }
  std::vector<std::string> command() const {
    return {HOLDFAST_COMMAND, "serve", "--json", (folder.path() / "holdfast.toml").string()};
  }
  // The first line says where it listens.
  static std::string url_of(background& server) {
    const std::string line = server.line();
    const std::size_t begin = line.find("http://");
    EXPECT_NE(begin, std::string::npos) << line;
    return line.substr(begin, line.find('"', begin) - begin);
  }
  static ended components(const std::string& url) { return run_holdfast({"components", "--server", url}); }
  const scratch_folder folder;
};

TEST_F(configured, server_reads_its_configuration_again_at_a_signal_and_goes_on_where_that_is_wrong) {
  background server(command());
  const std::string url = url_of(server);
  write("[components.second]\npath = \"counting.wat\"\n");
  ::kill(server.id(), SIGHUP);
  while (components(url).out.find("second") == std::string::npos) std::this_thread::yield();
  write("nonsense = 1\n");
  ::kill(server.id(), SIGHUP);
  EXPECT_THAT(components(url).out, HasSubstr("second"));
  EXPECT_EQ(server.end(SIGTERM), 0);
}

TEST_F(configured, server_writes_a_line_for_each_request_and_begins_a_new_file_when_the_old_one_is_moved) {
  background server(command());
  const std::string url = url_of(server);
  components(url);
  const std::string log = (folder.path() / "access.log").string();
  while (lines_in(contents_of(log)) == 0) std::this_thread::yield();
  EXPECT_THAT(contents_of(log), HasSubstr("\"target\":\"/v1/components\""));
  std::filesystem::rename(log, log + ".1");
  ::kill(server.id(), SIGHUP);
  while (!std::filesystem::exists(log)) std::this_thread::yield();
  EXPECT_EQ(server.end(SIGTERM), 0);
}

TEST_F(configured, server_goes_on_where_its_log_has_no_room) {
  folder.write("holdfast.toml",
               "[server]\nlisten = [\"127.0.0.1:0\"]\n[log]\naccess = \"/dev/full\"\n"
               "[components.counting]\npath = \"counting.wat\"\n");
  background server(command());
  const std::string url = url_of(server);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(components(url).code, 0);
  EXPECT_EQ(server.end(SIGTERM), 0);
}

TEST_F(configured, server_tells_the_manager_of_services_when_it_is_ready_and_when_it_ends) {
  const std::string path = (folder.path() / "notify").string();
  const int from = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::memcpy(at.sun_path, path.c_str(), path.size() + 1);
  ASSERT_EQ(::bind(from, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  std::vector<std::string> with = command();
  with.insert(with.begin(), {"/usr/bin/env", "NOTIFY_SOCKET=" + path});
  background server(with);
  const auto told = [&] {
    std::array<char, 256> text{};
    const ssize_t bytes = ::recv(from, text.data(), text.size(), 0);
    return std::string(text.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  };
  EXPECT_EQ(told(), "READY=1");
  EXPECT_EQ(server.end(SIGTERM), 0);
  EXPECT_EQ(told(), "STOPPING=1");
  ::close(from);
}

}  // namespace
}  // namespace holdfast::testing_support
