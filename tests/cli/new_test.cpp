// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <set>

#include "cli/run_command.hpp"
#include "support/contents_of.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using testing::HasSubstr;
using testing::Not;

namespace {

namespace fs = std::filesystem;

std::set<std::string> files_in(const fs::path& folder) {
  std::set<std::string> files;
  for (const auto& each : fs::recursive_directory_iterator(folder))
    if (each.is_regular_file()) files.insert(fs::relative(each.path(), folder).string());
  return files;
}

}  // namespace

TEST(new_project, in_each_language_is_whole_and_its_configuration_is_sound) {
  const scratch_folder folder;
  for (const std::string language : {"c", "javascript", "python"}) {
    SCOPED_TRACE(language);
    const fs::path project = folder.path() / ("my-" + language);
    const ended told =
        run_holdfast({"new", "my-" + language, "--language", language}, {.folder = folder.path()});
    EXPECT_EQ(told.code, 0) << told.err;
    const auto files = files_in(project);
    EXPECT_EQ(lines_in(told.out), files.size());
    for (const std::string name : {"README.md", "build.sh", "holdfast.toml", "wit/world.wit", ".gitignore"})
      EXPECT_TRUE(files.contains(name)) << name;
    for (const std::string& name : files) {
      const std::string text = contents_of((project / name).string());
      EXPECT_THAT(told.out, HasSubstr("my-" + language + "/" + name + "\n"));
      EXPECT_THAT(text, Not(HasSubstr("{{"))) << name;
      EXPECT_THAT(text, Not(HasSubstr("SPDX"))) << name << " is its user's own";
    }
    EXPECT_THAT(contents_of((project / "README.md").string()),
                HasSubstr("/v1/call/my-" + language + "/greet"));
    EXPECT_NE(fs::status(project / "build.sh").permissions() & fs::perms::owner_exec, fs::perms::none);
    EXPECT_EQ(run({"/bin/sh", "-n", (project / "build.sh").string()}).code, 0);

    // What is missing is what its build makes.
    const ended unbuilt = run_holdfast({"check"}, {.folder = project});
    EXPECT_EQ(lines_in(unbuilt.err), 1) << unbuilt.err;
    EXPECT_THAT(unbuilt.err, HasSubstr("my-" + language + ".wasm: No such file or directory"));
    fs::copy_file(guest("orders.wasm"), project / ("my-" + language + ".wasm"));
    const ended checked = run_holdfast({"check"}, {.folder = project});
    EXPECT_EQ(checked.code, 0) << checked.err;
    EXPECT_EQ(checked.err, "");
  }
}

TEST(new_project, is_named_as_it_is_told) {
  const scratch_folder folder;
  EXPECT_EQ(run_holdfast({"new", "a b", "--name", "greeter"}, {.folder = folder.path()}).code, 0);
  EXPECT_THAT(contents_of((folder.path() / "a b/holdfast.toml").string()), HasSubstr("[components.greeter]"));
}

TEST(new_project, is_told_as_json_to_programs) {
  const scratch_folder folder;
  const std::vector<std::string> words{"new", "greeter", "--language", "c", "--json"};
  const auto told = boost::json::parse(run_holdfast(words, {.folder = folder.path()}).out).as_object();
  EXPECT_EQ(told.at("name"), "greeter");
  EXPECT_EQ(told.at("language"), "c");
  EXPECT_EQ(told.at("files").as_array().size(), files_in(folder.path() / "greeter").size());
  EXPECT_TRUE(fs::exists(folder.path() / told.at("files").at(0).as_string().c_str()));
  const ended again = run_holdfast(words, {.folder = folder.path()});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(boost::json::parse(again.out).at("detail").as_string().c_str(), HasSubstr("not empty"));
}

TEST(new_project, is_not_written_over_anything) {
  const scratch_folder folder;
  folder.write("notes.txt", "mine");
  const ended told = run_holdfast({"new", folder.path().string(), "--name", "greeter"});
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.out, "");
  EXPECT_THAT(told.err, HasSubstr("the folder is not empty"));
  EXPECT_EQ(files_in(folder.path()), (std::set<std::string>{"notes.txt"}));
  EXPECT_THAT(run_holdfast({"new", (folder.path() / "notes.txt").string(), "--name", "a"}).err,
              HasSubstr("it is no folder"));
}

TEST(new_project, takes_a_folder_that_is_empty) {
  const scratch_folder folder;
  fs::create_directory(folder.path() / "greeter");
  EXPECT_EQ(run_holdfast({"new", "greeter/"}, {.folder = folder.path()}).code, 0);
}

TEST(new_project, with_a_name_that_a_component_cannot_have_is_refused) {
  const scratch_folder folder;
  for (const std::string& name : std::vector<std::string>{"a b", "a.b", "\x1b[31m", std::string(65, 'a')}) {
    const ended told = run_holdfast({"new", name}, {.folder = folder.path()});
    EXPECT_EQ(told.code, 2) << name;
    EXPECT_THAT(told.err, HasSubstr("cannot be the component's name"));
    EXPECT_EQ(obeyed_in(told.err), "");
  }
  EXPECT_EQ(run_holdfast({"new", "x", "--language", "cobol"}, {.folder = folder.path()}).code, 2);
  EXPECT_TRUE(files_in(folder.path()).empty());
}
