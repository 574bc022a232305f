// SPDX-License-Identifier: Apache-2.0
#include "cli/background.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
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

namespace holdfast::testing_support {
namespace {

constexpr int longest_wait_ms = 60'000;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

std::vector<std::string> serve_command(const scratch_folder& folder, std::vector<std::string> more) {
  std::vector<std::string> command{
      HOLDFAST_COMMAND, "serve",       folder.write("counting.wat", counting_guest),
      "--listen",       "127.0.0.1:0", "--json"};
  for (std::string& each : more) command.push_back(std::move(each));
  return command;
}

}  // namespace

background::background(const std::vector<std::string>& command, unsigned terminal_columns) {
  if (terminal_columns != 0) {
    if (::openpty(&out_, &far_, nullptr, nullptr, nullptr) != 0) fail("openpty");
    for (const int each : {out_, far_}) ::fcntl(each, F_SETFD, FD_CLOEXEC);
    resize(terminal_columns, 40);
  } else {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
    out_ = ends[0];
    far_ = ends[1];
  }
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  child_ = ::fork();
  if (child_ < 0) fail("fork");
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is cut short leaves no server behind
    if (terminal_columns != 0) {
      ::setsid();
      ::dup2(far_, STDIN_FILENO);
      ::ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    }
    ::dup2(far_, STDOUT_FILENO);
    ::execvp(words.front(), words.data());
    ::_exit(127);
  }
  if (terminal_columns == 0) ::close(std::exchange(far_, -1));
}

background::~background() {
  end(SIGTERM);
  ::close(out_);
  if (far_ >= 0) ::close(far_);
}

bool background::fill() {
  pollfd from{out_, POLLIN, 0};
  if (::poll(&from, 1, longest_wait_ms) != 1) return false;
  std::array<char, 4096> piece{};
  const ssize_t got = ::read(out_, piece.data(), piece.size());
  if (got <= 0) return false;
  read_.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

std::string background::line() {
  for (;;) {
    if (const auto end = read_.find('\n'); end != std::string::npos) {
      std::string first = read_.substr(0, end);
      read_.erase(0, end + 1);
      return first;
    }
    if (!fill()) return {};
  }
}

bool background::shows(const std::string& text) {
  for (;;) {
    if (const auto at = read_.find(text); at != std::string::npos) {
      read_.erase(0, at + text.size());
      return true;
    }
    if (!fill()) return false;
  }
}

void background::type(const std::string& keys) const {
  EXPECT_EQ(::write(out_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
}

void background::resize(unsigned columns, unsigned rows) const {
  const winsize size{.ws_row = static_cast<unsigned short>(rows),
                     .ws_col = static_cast<unsigned short>(columns),
                     .ws_xpixel = 0,
                     .ws_ypixel = 0};
  if (::ioctl(out_, TIOCSWINSZ, &size) != 0) fail("TIOCSWINSZ");
}

termios background::settings() const {
  termios told{};
  if (::tcgetattr(far_, &told) != 0) fail("tcgetattr");
  return told;
}

int background::wait() {
  if (child_ < 0) return -1;
  int status = 0;
  ::waitpid(std::exchange(child_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int background::end(int signal) {
  if (child_ < 0) return -1;
  ::kill(child_, signal);
  return wait();
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

}  // namespace holdfast::testing_support
