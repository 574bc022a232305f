// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "cli/run_command.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using testing::AllOf;
using testing::Contains;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

namespace {

// The lines of a text, each up to its first tab.
std::vector<std::string> first_words(const std::string& text) {
  std::istringstream lines(text);
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) all.push_back(line.substr(0, line.find('\t')));
  std::ranges::sort(all);
  return all;
}

// What bash offers for the last of these words, in this folder.
std::vector<std::string> offered(const std::vector<std::string>& words,
                                 const std::filesystem::path& folder = {}) {
  std::string script = "source <(\"$0\" completion bash) || exit 1\nCOMP_WORDS=(holdfast";
  for (const std::string& word : words) script += " '" + word + "'";
  script +=
      ")\nCOMP_CWORD=" + std::to_string(words.size()) + "\n_holdfast\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  const ended told = run({"/bin/bash", "-c", script, HOLDFAST_COMMAND}, {.folder = folder});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(told.err, "");
  return first_words(told.out);
}

constexpr const char* fish = "/usr/bin/fish";
constexpr const char* zsh = "/usr/bin/zsh";

// What fish offers at the end of this line.
std::vector<std::string> offered_by_fish(const std::string& line) {
  const scratch_folder folder;
  const ended told = run({fish, "--no-config", "-c",
                          "$argv[1] completion fish | source; complete -C $argv[2]", HOLDFAST_COMMAND, line},
                         {.folder = folder.path()});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(told.err, "");
  return first_words(told.out);
}

// What zsh shows of what there is at the end of this line, on a terminal of its own. A key that says so marks
// the end: nothing is waited for but that.
std::string shown_by_zsh(const std::string& line) {
  const scratch_folder folder;
  folder.write("_holdfast", run_holdfast({"completion", "zsh"}).out);
  const std::string script = R"(
    zmodload zsh/zpty
    zpty -b shell zsh -f -i
    zpty -w shell "stty columns 200 rows 500; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
    zpty -w shell "over() { print IS-OVER }; zle -N over; bindkey '^X' over; bindkey '^D' list-choices"
    zpty -w shell "LISTMAX=10000; print IS-''READY"
    zpty -r -m shell out '*IS-READY*'
    zpty -w -n shell "$2"$'\C-d\C-x'
    zpty -r -m shell out '*IS-OVER*'
    print -r -- "$out"
    zpty -d shell)";
  const ended told = run({zsh, "-f", "-c", script, "zsh", folder.path(), line}, {.folder = folder.path()});
  EXPECT_EQ(told.code, 0) << told.err;
  return told.out;
}

// The commands that `--help` tells of.
std::vector<std::string> commands_in_help() {
  std::istringstream help(run_holdfast({"--help"}).out);
  std::vector<std::string> all;
  bool there = false;
  for (std::string line; std::getline(help, line);) {
    if (line == "Subcommands:")
      there = true;
    else if (there && line.starts_with("  ") && line[2] != ' ')
      all.push_back(line.substr(2, line.find(' ', 2) - 2));
    else if (there && !line.starts_with("  "))
      break;
  }
  return all;
}

}  // namespace

TEST(completion, of_bash_offers_every_command) {
  auto commands = commands_in_help();
  ASSERT_GE(commands.size(), 8U);
  std::ranges::sort(commands);
  EXPECT_EQ(offered({""}), commands);
  EXPECT_THAT(offered({"che"}), ElementsAre("check"));
  EXPECT_THAT(offered({"journal", ""}), ElementsAre("check", "compact", "export"));
}

TEST(completion, of_bash_offers_the_options_of_the_command_that_is_there) {
  EXPECT_THAT(offered({"check", "--"}), ElementsAre("--compile", "--help", "--json"));
  EXPECT_THAT(offered({"journal", "export", "-"}), ElementsAre("--help", "-h"));
  EXPECT_THAT(offered({"-"}), IsSupersetOf({"--help", "--version"}));
  EXPECT_THAT(offered({"call", "app.wasm", "--no"}), ElementsAre("--no-cache"));
}

TEST(completion, of_bash_offers_the_values_that_an_option_has) {
  EXPECT_THAT(offered({"new", "--language", ""}), ElementsAre("c", "javascript", "python"));
  EXPECT_THAT(offered({"docs", "--format", "m"}), ElementsAre("markdown"));
}

TEST(completion, of_bash_offers_files_everywhere_else) {
  const scratch_folder folder;
  folder.write("app.wasm", "");
  folder.write("ape two.wasm", "");
  EXPECT_THAT(offered({"call", "ap"}, folder.path()), ElementsAre("ape two.wasm", "app.wasm"));
  EXPECT_THAT(offered({"docs", "app.wasm", "--wit", "a"}, folder.path()),
              ElementsAre("ape two.wasm", "app.wasm"));
}

TEST(completion, of_bash_takes_no_value_for_a_command) {
  EXPECT_THAT(offered({"new", "--name", "check", "--l"}), ElementsAre("--language"));
  EXPECT_THAT(offered({"call", "journal", "--no"}), ElementsAre("--no-cache"));
}

TEST(completion, of_fish_offers_commands_options_and_values_where_they_belong) {
  if (!std::filesystem::exists(fish)) GTEST_SKIP() << "there is no fish";
  auto commands = commands_in_help();
  std::ranges::sort(commands);
  EXPECT_EQ(offered_by_fish("holdfast "), commands);
  EXPECT_THAT(offered_by_fish("holdfast journal "), ElementsAre("check", "compact", "export"));
  EXPECT_THAT(offered_by_fish("holdfast check --"), ElementsAre("--compile", "--help", "--json"));
  EXPECT_THAT(offered_by_fish("holdfast journal check --"), ElementsAre("--help", "--json"));
  EXPECT_THAT(offered_by_fish("holdfast new --language "), ElementsAre("c", "javascript", "python"));
}

TEST(completion, of_zsh_offers_commands_options_and_values_where_they_belong) {
  if (!std::filesystem::exists(zsh)) GTEST_SKIP() << "there is no zsh";
  const std::string all = shown_by_zsh("holdfast ");
  for (const std::string& command : commands_in_help())
    EXPECT_THAT(all, ContainsRegex(command + " +-- [A-Z]"));
  EXPECT_THAT(shown_by_zsh("holdfast check --"), ContainsRegex("--compile +-- Compile"));
  EXPECT_THAT(shown_by_zsh("holdfast journal check --"),
              AllOf(HasSubstr("--json"), Not(HasSubstr("--compile"))));
  EXPECT_THAT(shown_by_zsh("holdfast new --language "), HasSubstr("javascript"));
}

TEST(completion, of_each_shell_knows_every_command) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const ended told = run_holdfast({"completion", shell});
    EXPECT_EQ(told.code, 0);
    for (const std::string& command : commands_in_help()) EXPECT_THAT(told.out, HasSubstr(command)) << shell;
    for (const char* option : {"compile", "language", "compact"})
      EXPECT_THAT(told.out, HasSubstr(option)) << shell;
  }
  EXPECT_EQ(run_holdfast({"completion", "csh"}).code, 2);
}
