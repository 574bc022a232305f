// SPDX-License-Identifier: Apache-2.0
#include "cli/background.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/counting_guest.hpp"

namespace holdfast::test {
namespace {

constexpr int longest_wait_ms = 60'000;

std::vector<std::string> serve_command(const temporary_folder& folder, std::vector<std::string> more) {
  std::vector<std::string> command{
      HOLDFAST_COMMAND, "serve",       folder.write("counting.wat", testing_support::counting_guest),
      "--listen",       "127.0.0.1:0", "--json"};
  for (std::string& each : more) command.push_back(std::move(each));
  return command;
}

}  // namespace

background::background(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::system_category(), "pipe2");
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  child_ = ::fork();
  if (child_ < 0) throw std::system_error(errno, std::system_category(), "fork");
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is cut short leaves no server behind
    ::dup2(ends[1], STDOUT_FILENO);
    ::execvp(words.front(), words.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  out_ = ends[0];
}

background::~background() {
  end(SIGTERM);
  ::close(out_);
}

std::string background::line() {
  for (;;) {
    if (const auto end = read_.find('\n'); end != std::string::npos) {
      std::string first = read_.substr(0, end);
      read_.erase(0, end + 1);
      return first;
    }
    pollfd from{out_, POLLIN, 0};
    if (::poll(&from, 1, longest_wait_ms) != 1) return {};
    std::array<char, 4096> piece{};
    const ssize_t got = ::read(out_, piece.data(), piece.size());
    if (got <= 0) return {};
    read_.append(piece.data(), static_cast<std::size_t>(got));
  }
}

int background::end(int signal) {
  if (child_ < 0) return -1;
  ::kill(child_, signal);
  int status = 0;
  ::waitpid(std::exchange(child_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

running_server::running_server(std::vector<std::string> more)
    : process_(serve_command(folder_, std::move(more))) {
  const std::string told = process_.line();
  boost::system::error_code failed;
  const auto json = boost::json::parse(told, failed);
  if (failed) throw std::runtime_error("the server did not begin: " + told);
  url_ = json.at("listening").as_array().at(0).as_string().c_str();
}

ended running_server::ask(std::vector<std::string> arguments, const surroundings& around) const {
  arguments.insert(arguments.end(), {"--server", url_});
  return run_holdfast(std::move(arguments), around);
}

std::string running_server::submit(const std::string& function, const std::string& arguments) const {
  const ended told = run({"curl", "-sS", "--max-time", "60", "-H", "content-type: application/json", "-H",
                          "prefer: respond-async", "-d", arguments, url_ + "v1/call/counting/" + function});
  boost::system::error_code failed;
  const auto json = boost::json::parse(told.out, failed);
  if (failed || !json.is_object() || !json.as_object().contains("id")) {
    ADD_FAILURE() << told.out << told.err;
    return {};
  }
  return json.at("id").as_string().c_str();
}

}  // namespace holdfast::test
