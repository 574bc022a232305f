// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "cli/run_command.hpp"
#include "support/contents_of.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using testing::Contains;
using testing::HasSubstr;

namespace {

const std::filesystem::path pages(std::string(HOLDFAST_SOURCE_DIR) + "/docs/man");

// A page as scdoc gets it.
std::string page_of(const std::string& name) {
  const ended told = run({std::string(HOLDFAST_SOURCE_DIR) + "/tools/man-page",
                          (pages / (name + ".scd")).string(), HOLDFAST_COMMAND});
  EXPECT_EQ(told.code, 0) << told.err;
  return told.out;
}

std::set<std::string> found(const std::string& text, const std::regex& what) {
  std::set<std::string> all;
  for (std::sregex_iterator each(text.begin(), text.end(), what), end; each != end; ++each)
    all.insert(each->str(1));
  return all;
}

// Of the lines that begin with one, where the help tells of options.
std::set<std::string> options_in_help(std::vector<std::string> command) {
  command.emplace_back("--help");
  return found(run_holdfast(command).out, std::regex("\n  (?:-[a-z],)?(--[a-z-]+)"));
}

// All that a page makes bold and that looks like one, wherever it stands.
std::set<std::string> options_in_page(std::string page) {
  std::erase(page, '\\');
  return found(page, std::regex("\\*(--[a-z-]+)\\*"));
}

std::set<std::string> commands_in_help(const std::vector<std::string>& command) {
  std::vector<std::string> words = command;
  words.emplace_back("--help");
  std::string help = run_holdfast(words).out;
  const std::size_t begin = help.find("\nSubcommands:");
  if (begin == std::string::npos) return {};
  help = help.substr(begin, help.find("\n\n", begin + 1) - begin);
  return found(help, std::regex("\n  ([a-z]+)"));
}

}  // namespace

TEST(man_pages, are_there_for_the_commands_that_people_run_and_for_none_that_is_not) {
  const auto commands = commands_in_help({});
  std::set<std::string> described;
  for (const auto& each : std::filesystem::directory_iterator(pages)) {
    const std::string name = each.path().filename();
    if (name.starts_with("holdfast-")) described.insert(name.substr(9, name.find('.') - 9));
  }
  for (const char* each : {"serve", "check", "new", "compile", "call", "calls", "load", "top"})
    EXPECT_THAT(described, Contains(each));
  for (const std::string& each : described) EXPECT_THAT(commands, Contains(each));
  const std::string all = page_of("holdfast.1");
  for (const std::string& each : commands)
    EXPECT_THAT(
        all, HasSubstr(described.contains(each) ? "\n*holdfast-" + each + "*(1)\n" : "\n*" + each + "*\n"));
}

TEST(man_pages, have_every_option_of_their_command_and_no_other) {
  EXPECT_EQ(options_in_page(page_of("holdfast.1")), options_in_help({}));
  for (const std::string& each : commands_in_help({})) {
    if (!std::filesystem::exists(pages / ("holdfast-" + each + ".1.scd"))) continue;
    auto wanted = options_in_help({each});
    for (const std::string& inner : commands_in_help({each})) wanted.merge(options_in_help({each, inner}));
    EXPECT_EQ(options_in_page(page_of("holdfast-" + each + ".1")), wanted) << each;
  }
}

TEST(man_pages, of_the_configuration_have_every_key_of_its_documentation_below_its_table) {
  // Where scdoc makes a heading or a bold name of what Markdown has in ticks.
  const auto keys = [](std::istringstream text, const std::regex& heading, const std::regex& key) {
    std::multimap<std::string, std::string> all;
    std::string table;
    std::smatch match;
    for (std::string line; std::getline(text, line);) {
      std::erase(line, '\\');
      if (std::regex_search(line, match, heading)) table = match.str(1);
      if (std::regex_search(line, match, key)) all.emplace(table, match.str(1));
    }
    return all;
  };
  const auto documented =
      keys(std::istringstream(contents_of(std::string(HOLDFAST_SOURCE_DIR) + "/docs/configuration.md")),
           std::regex("^#+ `?([^`]*)`?$"), std::regex("^\\| `([a-z0-9_]+)` \\|"));
  EXPECT_GT(documented.size(), 100U);
  EXPECT_EQ(keys(std::istringstream(page_of("holdfast.toml.5")), std::regex("^## (.*)$"),
                 std::regex("^\\*([a-z0-9_]+)\\*(?: \\[.*\\])?$")),
            documented);
}

TEST(man_pages, are_what_scdoc_and_man_read_without_complaint) {
  for (const char* each : {"/usr/bin/scdoc", "/usr/bin/man"})
    if (!std::filesystem::exists(each)) GTEST_SKIP() << "there is no " << each;
  const scratch_folder folder;
  for (const auto& each : std::filesystem::directory_iterator(pages)) {
    const std::string name = each.path().stem();
    const ended made = run({"/usr/bin/scdoc"}, {.input = page_of(name)});
    ASSERT_EQ(made.code, 0) << name << ": " << made.err;
    const ended shown =
        run({"/usr/bin/man", "--warnings", "-l", folder.write(name, made.out)}, {.folder = folder.path()});
    EXPECT_EQ(shown.code, 0) << name;
    EXPECT_EQ(shown.err, "") << name;
    EXPECT_THAT(shown.out, HasSubstr("NAME")) << name;
  }
}
