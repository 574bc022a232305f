// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>

#include "cli/run_command.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using testing::HasSubstr;

namespace {

// A folder with the guests that a configuration in it may name.
class config_folder : public scratch_folder {
 public:
  explicit config_folder(const std::string& config) {
    std::filesystem::create_symlink(guest("orders.wasm"), path() / "orders.wasm");
    std::filesystem::create_symlink(guest("hello.wat"), path() / "hello.wat");
    std::filesystem::create_symlink(guest("sleeper.wat"), path() / "sleeper.wat");
    write("holdfast.toml", config);
  }
  ended check(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), "check");
    return run_holdfast(more, {.folder = path()});
  }
};

}  // namespace

TEST(check, of_a_sound_configuration_says_so) {
  const config_folder folder("[components.orders]\npath = \"orders.wasm\"\ncells = 300\n");
  const ended told = folder.check();
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, "");
  EXPECT_EQ(told.out, "holdfast.toml: sound. Components: 1, instances: 300\n");
}

TEST(check, tells_every_error_and_warning_in_a_line_each) {
  const config_folder folder(
      "[server]\nlisten = [\"0.0.0.0:80\"]\n[components.a]\npath = \"gone.wasm\"\ncels = 1\n");
  const ended told = folder.check();
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.out, "");
  EXPECT_EQ(told.err,
            "holdfast.toml:4:1: `path`: gone.wasm: No such file or directory\n"
            "holdfast.toml:5:1: unknown key `cels`: did you mean `cells`?\n"
            "holdfast.toml:2:1: warning: anybody who reaches 0.0.0.0:80 may call: there are no "
            "`[[principals]]`, so "
            "nobody has to say who it is\n");
}

TEST(check, tells_the_same_as_json) {
  const config_folder folder("[components.a]\npath = \"orders.wasm\"\ncels = 1\n");
  const ended told = folder.check({"--json"});
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.err, "");
  EXPECT_EQ(boost::json::parse(told.out),
            boost::json::parse(R"({"file": "holdfast.toml", "sound": false, "components": 1, "warnings": [],
        "errors": [{"source": "holdfast.toml", "line": 3, "column": 1,
                    "text": "unknown key `cels`: did you mean `cells`?"}]})"));
}

TEST(check, sees_what_the_environment_says) {
  const config_folder folder("[components.a]\npath = \"orders.wasm\"\n");
  const ended told = run({"/usr/bin/env", "HOLDFAST_COMPONENTS__A__CELLS=none", HOLDFAST_COMMAND, "check"},
                         {.folder = folder.path()});
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.err, "HOLDFAST_COMPONENTS__A__CELLS: `cells` wants a whole number, found the text `none`\n");
}

TEST(check, that_compiles_takes_what_can_be_served) {
  const config_folder folder(
      "[components.orders]\npath = \"orders.wasm\"\nbrief = [\"place\"]\ncells = "
      "50\n[components.hello]\npath = "
      "\"hello.wat\"\n");
  const ended told = folder.check({"--compile"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("sound. Components: 2"));
}

TEST(check, that_compiles_finds_what_only_a_component_can_say) {
  const config_folder folder(
      "[components.orders]\npath = \"orders.wasm\"\nbrief = [\"plase\"]\n[components.sleeper]\npath = "
      "\"sleeper.wat\"\n[components.text]\npath = \"holdfast.toml\"\n");
  EXPECT_EQ(folder.check().code, 0);
  const ended told = folder.check({"--compile"});
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(lines_in(told.err), 3) << told.err;
  EXPECT_THAT(told.err, HasSubstr("component `orders`: "));
  EXPECT_THAT(told.err, HasSubstr("`plase`"));
  EXPECT_THAT(told.err, HasSubstr("component `sleeper`: "));
  EXPECT_THAT(told.err, HasSubstr("`holdfast:demo/host#sleep`"));
  EXPECT_THAT(told.err, HasSubstr("component `text`: holdfast.toml: "));
}

TEST(check, of_a_file_that_is_not_there_names_it) {
  const ended told = run_holdfast({"check", "/no/such/holdfast.toml"});
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.err, "/no/such/holdfast.toml: No such file or directory\n");
}
