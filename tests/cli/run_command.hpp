// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// The command, run as its user runs it: a process of its own, with its output, its exit code and its memory.
///
/// A command that outlasts its time is killed, and only that one, by its id.
namespace holdfast::testing_support {

/// What the command finds where it starts.
struct surroundings {
  std::string input{};              ///< what is on standard input, and then its end
  std::uint64_t more_input = 0;     ///< so many more bytes of it, each an `a`
  bool closed_output = false;       ///< nobody reads standard output any more
  unsigned terminal_columns = 0;    ///< standard output is a terminal so wide; 0: a pipe
  std::string full_device{};        ///< standard output is this file
  std::filesystem::path folder{};   ///< where it starts; empty: here
  std::chrono::seconds limit{100};  ///< the command hangs that runs for longer
};

/// How the command ended and what it said.
struct ended {
  int code = -1;   ///< the exit code; -1: none
  int signal = 0;  ///< the signal that ended it; 0: none
  bool hung = false;
  std::string out{};
  std::string err{};
  std::uint64_t peak_memory = 0;  ///< in bytes
  std::chrono::milliseconds took{};
};

/// Runs a program and waits for its end.
/// @throws std::system_error where it cannot be started
ended run(const std::vector<std::string>& command, const surroundings& around = {});

/// Runs `holdfast` with these arguments.
ended run_holdfast(std::vector<std::string> arguments, const surroundings& around = {});

/// The path of a guest: `guest("orders.wasm")`.
std::string guest(std::string_view file);

/// How many lines a text has; an unfinished one counts.
std::size_t lines_in(std::string_view text);

/// The names of characters in `text` that a terminal would obey or hide: empty where it is safe to show.
std::string obeyed_in(std::string_view text);

}  // namespace holdfast::testing_support
