// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <holdfast/journal.hpp>
#include <regex>
#include <set>

#include "cli/background.hpp"
#include "cli/help_text.hpp"
#include "cli/run_command.hpp"
#include "support/contents_of.hpp"
#include "support/scratch_folder.hpp"

/// Each example of each command's help, run as it stands; what it names is there.
///
/// What the reader's own tools would do with the output (`| jq`) is left out, and so is what would take long.
namespace holdfast::testing_support {
namespace {

using testing::HasSubstr;

const std::string some_id = "0123456789abcdef0123456789abcdef";

std::string replaced(const std::string& line, const char* what, const std::string& with) {
  return std::regex_replace(line, std::regex(what), with);
}

class help_examples : public testing::Test {
 protected:
  // `load` calls thousands of times.
  static void SetUpTestSuite() { ::setenv("HOLDFAST_LOG__ACCESS", "off", 1); }
  help_examples() {
    namespace fs = std::filesystem;
    const auto here = [this](const char* name) { return folder.path() / name; };
    fs::create_symlink(HOLDFAST_COMMAND, here("holdfast"));
    fs::create_symlink(guest("orders.wasm"), here("orders.wasm"));
    for (const char* name : {"hello.wasm", "app.wasm"}) fs::create_symlink(guest("hello.wat"), here(name));
    fs::create_directory(here("data"));
    fs::create_directory_symlink(fs::path(HOLDFAST_SOURCE_DIR) / "guests/orders/wit", here("wit"));
    folder.write("holdfast.toml", "[components.app]\npath = \"app.wasm\"\n");
    folder.write("token", "secret");
    EXPECT_TRUE(open_journal(here("calls.journal")));
  }

  ended run_line(const std::string& line) const {
    return run({"/bin/sh", "-c", "PATH=.:$PATH; " + line.substr(0, line.find(" | jq"))},
               {.folder = folder.path()});
  }
  ended succeeds(const std::string& line) const {
    ended told = run_line(line);
    EXPECT_EQ(told.code, 0) << line << "\n" << told.out << told.err;
    return told;
  }
  // `holdfast serve`, until it says that it listens.
  void serves(const std::string& line) const {
    const std::string elsewhere = replaced(line, " --listen [^ ]+", "") + " --listen 127.0.0.1:0 --json";
    background begun({"/bin/sh", "-c", "cd '" + folder.path().string() + "' && exec ./" + elsewhere});
    EXPECT_THAT(begun.line(), HasSubstr("\"listening\":[\"http://127.0.0.1:")) << line;
    EXPECT_EQ(begun.end(SIGTERM), 0) << line;
  }
  // One that asks a server, of one that is there. Calls are looked for by the id of one that runs.
  void asks(const std::string& line) const {
    const std::string id = line.find(some_id) == std::string::npos ? "" : server.submit("forever");
    std::string real = replaced(line, " --server [^ ]+", "");
    real = replaced(real, "http://127.0.0.1:8080(?=/)", server.url().substr(0, server.url().size() - 1));
    // Without a component's name `load` wants a server that has one.
    real = replaced(real, "http://127.0.0.1:8080", server.url() + " --component hello");
    real = replaced(real, some_id.c_str(), id);
    real = replaced(real, " --wait [^ ]+", " --wait 0s");
    if (real.starts_with("holdfast load"))
      real = replaced(real, " --duration [^ ]+", "") + " --duration 100ms";
    if (real.starts_with("holdfast top") && real.find("--once") == std::string::npos) real += " --once";
    const ended told = run_line("export HOLDFAST_SERVER=" + server.url() + "; " + real);
    // Its outcome is not there yet, and it may run already, which is too late to take it back.
    const bool early = line.find(" attach ") != std::string::npos;
    const bool late = line.find(" revoke ") != std::string::npos && told.code != 0;
    EXPECT_EQ(told.code, early || late ? 4 : 0) << real << "\n" << told.out << told.err;
    if (!id.empty()) server.ask({"calls", "kill", id});
  }
  void runs(const std::string& line) const {
    static const std::set<std::string> of_a_server{"calls", "components", "actors", "top", "load"};
    const std::string word = replaced(line, "^holdfast ([a-z]+).*$", "$1");
    if (word == "serve") return serves(line);
    if (of_a_server.contains(word) || line.starts_with("curl")) return asks(line);
    if (word == "demo") {
      succeeds(replaced(replaced(line, " --call(s|ers) [0-9]+", ""), "demo", "demo --calls 300 --callers 8"));
      return;
    }
    if (line.find("read(") != std::string::npos) {  // no guest here has that export: it comes as far as that
      EXPECT_THAT(run_line(line).err, HasSubstr("no export `read`"));
      return;
    }
    const ended told = succeeds(line);
    if (line.find("holdfast call ") != std::string::npos) {
      EXPECT_NE(told.out, "") << line;
    } else if (word == "inspect") {
      EXPECT_THAT(told.out, HasSubstr("greet")) << line;
    }
  }

  const scratch_folder folder;
  const running_server server{{guest("hello.wat")}};
};

TEST_F(help_examples, of_every_command_run) {
  int ran = 0;
  for (const command_words& command : all_commands()) {
    // The command's own list names a project that `new`'s makes, too.
    std::filesystem::remove_all(folder.path() / "greeter");
    for (const std::string& example : examples_of(command)) {
      runs(example);
      ++ran;
    }
  }
  EXPECT_GE(ran, 50);
  EXPECT_THAT(contents_of((folder.path() / "app.html").string()), HasSubstr("<!DOCTYPE html>"));
  EXPECT_THAT(contents_of((folder.path() / "_holdfast").string()), HasSubstr("#compdef holdfast"));
  EXPECT_THAT(run_line("holdfast inspect documented.wasm").out, HasSubstr("[read-only]"));
}

}  // namespace
}  // namespace holdfast::testing_support
