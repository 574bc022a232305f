// SPDX-License-Identifier: Apache-2.0
#include "cli/help_text.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <utility>

#include "cli/run_command.hpp"

namespace holdfast::testing_support {
namespace {

// Without their indentation.
std::vector<std::string> lines_under(const std::string& heading, const std::string& help) {
  std::istringstream all(help);
  std::vector<std::string> lines;
  bool there = false;
  for (std::string line; std::getline(all, line);) {
    if (there && !line.starts_with("  ")) break;
    if (there) lines.push_back(line.substr(2));
    if (line == heading) there = true;
  }
  return lines;
}

}  // namespace

std::string help_of(command_words command) {
  command.emplace_back("--help");
  const ended told = run_holdfast(std::move(command));
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, "");
  return told.out;
}

std::vector<command_words> all_commands(const command_words& from) {
  std::vector<command_words> all{from};
  for (const std::string& line : lines_under("Subcommands:", help_of(from))) {
    if (line.starts_with(" ")) continue;  // a description that goes on
    command_words below = from;
    below.push_back(line.substr(0, line.find(' ')));
    for (command_words& each : all_commands(below)) all.push_back(std::move(each));
  }
  return all;
}

std::vector<std::string> examples_of(const command_words& command) {
  return lines_under("Examples:", help_of(command));
}

}  // namespace holdfast::testing_support
