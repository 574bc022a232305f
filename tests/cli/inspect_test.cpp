// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "cli/run_command.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using testing::HasSubstr;
using testing::MatchesRegex;

namespace {

// The function of that name on one side of what `inspect --json` says.
boost::json::value function_of(const boost::json::value& side, std::string_view name) {
  for (const auto& function : side.at("functions").as_array())
    if (function.at("name").as_string() == name) return function;
  ADD_FAILURE() << "no function " << name;
  return {};
}

}  // namespace

TEST(inspect, shows_exports_and_imports_with_their_types) {
  const ended told = run_holdfast({"inspect", guest("orders.wasm")});
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, "");
  EXPECT_THAT(told.out, HasSubstr("exports\n"));
  EXPECT_THAT(told.out, HasSubstr("\n  add: func(a: u32, b: u32) -> u32  [read-only, kill-safe]\n"));
  EXPECT_THAT(told.out, HasSubstr("\n  echo: func(data: list<u8>) -> list<u8>  [read-only, kill-safe]\n"));
  EXPECT_THAT(told.out, HasSubstr("\nimports\n  nothing\n"));
}

TEST(inspect, shows_interfaces_with_what_is_in_them) {
  const ended sleeper = run_holdfast({"inspect", guest("sleeper.wat")});
  EXPECT_THAT(sleeper.out, HasSubstr("imports\n  holdfast:demo/host\n    sleep: func(ms: u64)\n"));
  const ended kinds = run_holdfast({"inspect", guest("kinds.wasm")});
  EXPECT_THAT(kinds.out, HasSubstr("\n  holdfast:kinds/things\n"));
  EXPECT_THAT(kinds.out,
              HasSubstr("merge: func(kept: borrow<counter>, taken: own<counter>) -> own<counter>"));
}

TEST(inspect, shows_the_marks_of_the_cancel_contract) {
  const ended told = run_holdfast({"inspect", guest("orders.wasm")});
  EXPECT_THAT(told.out, HasSubstr("\n  hog: func(bytes: u64) -> u64  [idempotent]\n"));
  EXPECT_THAT(told.out, HasSubstr("\n  trap: func(id: u64)\n"));
  const auto json = boost::json::parse(run_holdfast({"inspect", guest("orders.wasm"), "--json"}).out);
  EXPECT_EQ(function_of(json.at("exports"), "add").at("marks"),
            boost::json::parse(R"(["read-only","kill-safe"])"));
  EXPECT_TRUE(function_of(json.at("exports"), "trap").at("marks").as_array().empty());
  const scratch_folder folder;
  const std::string manifest = folder.write("m.json", R"({"exports": {"greet": ["read-only"]}})");
  const ended greeter = run_holdfast({"inspect", guest("hello.wat"), "--manifest", manifest});
  EXPECT_THAT(greeter.out, HasSubstr("-> string  [read-only]\n"));
}

TEST(inspect, does_not_need_the_imports_to_be_defined) {
  const ended told = run_holdfast({"inspect", guest("unknown-import.wat")});
  EXPECT_EQ(told.code, 0);
  EXPECT_THAT(told.out, HasSubstr("acme:wares/stock@1.2.0\n    level: func(item: string) -> u32\n"));
}

TEST(inspect, prints_one_line_of_json_with_every_function) {
  const std::string path = guest("sleeper.wat");
  const ended told = run_holdfast({"inspect", path, "--json"});
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, "");
  EXPECT_EQ(lines_in(told.out), 1);
  const auto json = boost::json::parse(told.out);
  EXPECT_EQ(std::string(json.at("component").as_string()), path);
  EXPECT_EQ(
      function_of(json.at("exports"), "nap"),
      boost::json::parse(
          R"({"name":"nap","params":[{"name":"ms","type":"u64"}],"result":"u64","async":false,"marks":[]})"));
  EXPECT_EQ(json.at("exports").at("functions").as_array().size(), 3U);
  EXPECT_EQ(
      function_of(json.at("imports"), "holdfast:demo/host#sleep"),
      boost::json::parse(
          R"({"name":"holdfast:demo/host#sleep","params":[{"name":"ms","type":"u64"}],"result":null,"async":false})"));
}

TEST(inspect, shows_what_a_strangers_component_wants_of_wasi) {
  const ended told = run_holdfast({"inspect", guest("greet-py.wasm")});
  EXPECT_EQ(told.code, 0);
  EXPECT_THAT(told.out, HasSubstr("  greet: func(name: string) -> string\n"));
  EXPECT_THAT(told.out, HasSubstr("  wasi:clocks/wall-clock@0.2."));
}

TEST(version, names_holdfast_and_wasmtime) {
  const ended told = run_holdfast({"--version"});
  EXPECT_EQ(told.code, 0);
  EXPECT_THAT(told.out, MatchesRegex("holdfast [0-9.]+ \\(wasmtime 48\\.[0-9.]+\\)\n"));
}
