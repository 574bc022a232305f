// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/help_text.hpp"

using namespace holdfast::testing_support;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(help, is_printed_for_the_command_and_each_subcommand_with_examples) {
  const auto all = all_commands();
  EXPECT_GE(all.size(), 20U);
  for (const command_words& command : all) {
    SCOPED_TRACE(testing::PrintToString(command));
    EXPECT_THAT(help_of(command), HasSubstr("Usage: holdfast"));
    EXPECT_THAT(examples_of(command), Not(testing::IsEmpty()));
  }
}

TEST(help, documents_every_exit_code) {
  const std::string help = help_of({});
  for (const char* code : {"0", "1", "2", "3", "4", "70"})
    EXPECT_THAT(help, ContainsRegex("\n  " + std::string(code) + " +[a-z]"));
}

TEST(help, fits_in_120_columns) {
  for (const command_words& command : all_commands()) {
    std::istringstream help(help_of(command));
    for (std::string line; std::getline(help, line);) EXPECT_LE(line.size(), 120U) << line;
  }
}
