// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <string>
#include <vector>

#include "cli/run_command.hpp"
#include "support/scratch_folder.hpp"

/// A program that runs while a test does something else.
namespace holdfast::testing_support {

/// Ended by SIGTERM, and waited for, at the latest when this is destroyed. Its input and output are a
/// terminal where that has columns, else its output is a pipe and its input that of the test.
class background {
 public:
  /// @throws std::system_error where it cannot be started
  explicit background(const std::vector<std::string>& command, unsigned terminal_columns = 0);
  background(const background&) = delete;
  background& operator=(const background&) = delete;
  ~background();

  /// The next line on its standard output; empty: there is none within a minute.
  std::string line();
  /// Reads until its output has that text: whether it came within a minute.
  bool shows(const std::string& text);
  /// Presses keys on its terminal.
  void type(const std::string& keys) const;
  /// Changes its terminal, which tells the program.
  void resize(unsigned columns, unsigned rows) const;
  /// What the terminal is set to.
  termios settings() const;
  /// Waits for its end: the exit code, -1 for none.
  int wait();
  /// All that it printed and `line` did not take.
  const std::string& output() const noexcept { return read_; }
  pid_t id() const noexcept { return child_; }

  /// Ends it by the signal and waits; -1: it did not exit.
  int end(int signal);

 private:
  bool fill();

  pid_t child_ = -1;
  int out_ = -1;
  int far_ = -1;  // the program's side of the terminal, which so outlives it
  std::string read_;
};

/// `holdfast serve` with the counting guest, ready to be asked.
class running_server {
 public:
  explicit running_server(std::vector<std::string> more = {});

  /// `http://127.0.0.1:PORT/`
  const std::string& url() const noexcept { return url_; }
  /// Runs `holdfast` with these arguments and `--server`.
  ended ask(std::vector<std::string> arguments, const surroundings& around = {}) const;
  /// Begins a call that is kept: its id.
  std::string submit(const std::string& function, const std::string& arguments = "[]") const;
  background& process() noexcept { return process_; }

 private:
  scratch_folder folder_;
  background process_;
  std::string url_;
};

}  // namespace holdfast::testing_support
