// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/run_command.hpp"

/// A program that runs while a test does something else.
namespace holdfast::test {

/// Ended by SIGTERM, and waited for, at the latest when this is destroyed.
class background {
 public:
  /// @throws std::system_error where it cannot be started
  explicit background(const std::vector<std::string>& command);
  background(const background&) = delete;
  background& operator=(const background&) = delete;
  ~background();

  /// The next line on its standard output; empty: there is none within a minute.
  std::string line();
  /// Ends it by the signal and waits; -1: it did not exit.
  int end(int signal);

 private:
  pid_t child_ = -1;
  int out_ = -1;
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
  temporary_folder folder_;
  background process_;
  std::string url_;
};

}  // namespace holdfast::test
