// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <holdfast/journal.hpp>
#include <sstream>

#include "cli/run_command.hpp"
#include "support/contents_of.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

namespace {

// The lines under `Examples:`, each a shell command.
std::vector<std::string> examples_of(const std::vector<std::string>& command) {
  std::vector<std::string> words = command;
  words.emplace_back("--help");
  std::istringstream help(run_holdfast(words).out);
  std::vector<std::string> examples;
  bool there = false;
  for (std::string line; std::getline(help, line);) {
    if (there && !line.starts_with("  ")) break;
    if (there) examples.push_back(line.substr(2));
    if (line == "Examples:") there = true;
  }
  return examples;
}

// A folder where the examples find the files that they name, and the command.
class example_folder : public scratch_folder {
 public:
  example_folder() {
    using std::filesystem::create_directory_symlink;
    using std::filesystem::create_symlink;
    create_symlink(HOLDFAST_COMMAND, path() / "holdfast");
    create_symlink(guest("orders.wasm"), path() / "orders.wasm");
    for (const char* name : {"hello.wasm", "app.wasm"}) create_symlink(guest("hello.wat"), path() / name);
    std::filesystem::create_directory(path() / "data");
    create_directory_symlink(std::filesystem::path(HOLDFAST_SOURCE_DIR) / "guests/orders/wit",
                             path() / "wit");
  }
  // What the reader's own tools would do with the output is left out.
  ended run_line(const std::string& example, const std::string& more = "") const {
    return run({"/bin/sh", "-c", "PATH=.:$PATH; " + example.substr(0, example.find(" | jq")) + more},
               {.folder = path()});
  }
};

}  // namespace

TEST(help, is_printed_for_the_command_and_each_subcommand) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{},
                                                  {"call"},
                                                  {"inspect"},
                                                  {"docs"},
                                                  {"demo"},
                                                  {"journal"},
                                                  {"check"},
                                                  {"new"},
                                                  {"calls"},
                                                  {"calls", "list"},
                                                  {"calls", "show"},
                                                  {"calls", "attach"},
                                                  {"calls", "revoke"},
                                                  {"calls", "kill"},
                                                  {"components"},
                                                  {"actors"},
                                                  {"top"},
                                                  {"load"},
                                                  {"completion"}}) {
    std::vector<std::string> words = command;
    words.emplace_back("--help");
    const ended told = run_holdfast(words);
    EXPECT_EQ(told.code, 0);
    EXPECT_EQ(told.err, "");
    EXPECT_THAT(told.out, HasSubstr("Usage: holdfast"));
    EXPECT_THAT(examples_of(command), Not(testing::IsEmpty()));
  }
}

TEST(help, documents_every_exit_code) {
  const std::string help = run_holdfast({"--help"}).out;
  for (const char* code : {"0", "1", "2", "3", "4", "70"})
    EXPECT_THAT(help, ContainsRegex("\n  " + std::string(code) + " +[a-z]"));
}

TEST(help, fits_in_120_columns) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"--help"},
                                                  {"call", "--help"},
                                                  {"inspect", "--help"},
                                                  {"docs", "--help"},
                                                  {"journal", "--help"},
                                                  {"check", "--help"},
                                                  {"new", "--help"},
                                                  {"calls", "--help"},
                                                  {"calls", "list", "--help"},
                                                  {"calls", "show", "--help"},
                                                  {"calls", "attach", "--help"},
                                                  {"calls", "revoke", "--help"},
                                                  {"calls", "kill", "--help"},
                                                  {"components", "--help"},
                                                  {"actors", "--help"},
                                                  {"top", "--help"},
                                                  {"load", "--help"},
                                                  {"completion", "--help"},
                                                  {"demo", "--help"}}) {
    std::istringstream help(run_holdfast(command).out);
    for (std::string line; std::getline(help, line);) EXPECT_LE(line.size(), 120U) << line;
  }
}

TEST(help, has_examples_of_call_that_run) {
  const example_folder folder;
  int ran = 0;
  for (const std::string& example : examples_of({"call"})) {
    SCOPED_TRACE(example);
    const ended told = folder.run_line(example);
    if (example.find("read(") !=
        std::string::npos) {  // no guest here has such an export: the line is well formed
      EXPECT_THAT(told.err, HasSubstr("no export `read`"));
      continue;
    }
    EXPECT_EQ(told.code, 0) << told.err;
    EXPECT_NE(told.out, "");
    ++ran;
  }
  EXPECT_GE(ran, 3);
}

TEST(help, has_examples_of_inspect_that_run) {
  const example_folder folder;
  for (const std::string& example : examples_of({"inspect"})) {
    const ended told = folder.run_line(example);
    EXPECT_EQ(told.code, 0) << example << ": " << told.err;
    EXPECT_THAT(told.out, HasSubstr("greet"));
  }
}

TEST(help, has_examples_of_docs_that_run) {
  const example_folder folder;
  for (const std::string& example : examples_of({"docs"})) {
    const ended told = folder.run_line(example);
    EXPECT_EQ(told.code, 0) << example << ": " << told.err;
  }
  EXPECT_THAT(contents_of((folder.path() / "app.html").string()), HasSubstr("<!DOCTYPE html>"));
  EXPECT_THAT(run_holdfast({"inspect", (folder.path() / "documented.wasm").string()}).out,
              HasSubstr("[read-only]"));
}

TEST(help, has_examples_of_journal_that_run) {
  const example_folder folder;
  ASSERT_TRUE(holdfast::open_journal((folder.path() / "calls.journal").string()));
  for (const std::string& example : examples_of({"journal"})) {
    const ended told = folder.run_line(example);
    EXPECT_EQ(told.code, 0) << example << ": " << told.err;
  }
}

TEST(help, has_examples_of_check_that_run) {
  const example_folder folder;
  folder.write("holdfast.toml", "[components.app]\npath = \"app.wasm\"\n");
  for (const std::string& example : examples_of({"check"})) {
    const ended told = folder.run_line(example);
    EXPECT_EQ(told.code, 0) << example << ": " << told.err;
  }
}

TEST(help, has_examples_of_new_and_of_completion_that_run) {
  const example_folder folder;
  for (const char* command : {"new", "completion"})
    for (const std::string& example : examples_of({command})) {
      const ended told = folder.run_line(example);
      EXPECT_EQ(told.code, 0) << example << ": " << told.err;
    }
  EXPECT_THAT(contents_of((folder.path() / "_holdfast").string()), HasSubstr("#compdef holdfast"));
}

TEST(help, has_examples_of_demo_that_are_well_formed) {
  const example_folder folder;
  for (const std::string& example : examples_of({"demo"})) {
    // Too long to be run here: it comes as far as its guests, which are not there.
    const ended told = folder.run_line(example, " --guests /no/such/folder");
    EXPECT_EQ(told.code, 2) << example;
    EXPECT_THAT(told.out + told.err, HasSubstr("/no/such/folder/orders.wasm")) << example;
  }
}

TEST(help, has_examples_of_the_commands_that_ask_a_server_that_are_well_formed) {
  const example_folder folder;
  for (const std::vector<std::string>& command : {std::vector<std::string>{"calls"},
                                                  {"calls", "list"},
                                                  {"calls", "show"},
                                                  {"calls", "attach"},
                                                  {"calls", "revoke"},
                                                  {"calls", "kill"},
                                                  {"components"},
                                                  {"actors"},
                                                  {"top"}})
    for (const std::string& example : examples_of(command)) {
      // Nobody is there: it comes as far as that.
      const std::string line = example.substr(0, example.find(" --server"));
      const ended told = folder.run_line(line.substr(0, line.find(" | jq")), " --server http://127.0.0.1:1");
      EXPECT_EQ(told.code, 2) << example;
      EXPECT_THAT(told.out + told.err, HasSubstr("127.0.0.1:1")) << example;
    }
}
