// SPDX-License-Identifier: Apache-2.0
#include "serve/config_overrides.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/read_config.hpp"
#include "support/readings.hpp"

using namespace holdfast;
using namespace holdfast::serve;
using namespace holdfast::testing_support;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

constexpr const char* file = R"(
[server]
threads = 2
listen = ["127.0.0.1:8080"]
[components.Hello-World]
path = "hello.wasm"
cells = 4
)";

config_reading with(const environment_variables& environment) {
  return parse_config(file, "holdfast.toml", environment);
}

std::string wrong_with(const std::string& name, const std::string& value) {
  return first_error(with({{name, value}}));
}

}  // namespace

TEST(config_override, stands_above_the_file) {
  const auto read = with({{"HOLDFAST_SERVER__THREADS", "8"},
                          {"HOLDFAST_SERVER__LISTEN", "127.0.0.1:9000"},
                          {"HOLDFAST_SERVER__DASHBOARD", "false"},
                          {"HOLDFAST_SERVER__LIMITS__HEAD_TIMEOUT", "3s"},
                          {"HOLDFAST_SERVER__LIMITS__HEAD_BYTES", "2KiB"},
                          {"HOLDFAST_TRACES__SAMPLE", "0.5"},
                          {"HOLDFAST__JOURNAL", "other.journal"}});
  ASSERT_THAT(lines(read.errors), IsEmpty());
  EXPECT_EQ(read.settings.server.threads, 8U);
  EXPECT_EQ(read.settings.server.listen.at(0).port, 9000);
  EXPECT_EQ(read.settings.server.listen.size(), 1U);
  EXPECT_FALSE(read.settings.server.dashboard);
  EXPECT_EQ(read.settings.server.limits.head_timeout, 3s);
  EXPECT_EQ(read.settings.server.limits.head_bytes, 2048U);
  EXPECT_EQ(read.settings.traces.sample, 0.5);
  EXPECT_EQ(read.settings.journal, "other.journal");
}

TEST(config_override, finds_a_component_whatever_its_name_is_written_like) {
  const auto read = with({{"HOLDFAST_COMPONENTS__HELLO_WORLD__CELLS", "8"}});
  ASSERT_THAT(lines(read.errors), IsEmpty());
  ASSERT_EQ(read.settings.components.size(), 1U);
  EXPECT_EQ(read.settings.components[0].pool.cells, 8U);
}

TEST(config_override, may_bring_a_component_of_its_own) {
  const auto read = with({{"HOLDFAST_COMPONENTS__MORE__PATH", "more.wasm"}});
  ASSERT_THAT(lines(read.errors), IsEmpty());
  ASSERT_EQ(read.settings.components.size(), 2U);
  EXPECT_EQ(read.settings.components[1].name, "more");
}

TEST(config_override, reads_lists_with_commas_and_as_toml) {
  for (const char* value :
       {"a.example, b.example", R"(["a.example", "b.example"])", R"("a.example,b.example")"}) {
    const auto read = with({{"HOLDFAST_SERVER__HOSTS", value}});
    ASSERT_THAT(lines(read.errors), IsEmpty()) << value;
    EXPECT_THAT(read.settings.server.hosts, ElementsAre("a.example", "b.example")) << value;
  }
}

TEST(config_override, is_text_where_text_is_wanted) {
  const std::string name = "HOLDFAST_COMPONENTS__HELLO_WORLD__GRANTS__ENVIRONMENT__Mode";
  for (const char* value : {"1", "true", "1979-05-27", "x\ny", "a = 1", ""}) {
    const auto read = with({{name, value}});
    ASSERT_THAT(lines(read.errors), IsEmpty()) << value;
    EXPECT_THAT(read.settings.components.at(0).pool.may_reach.environment,
                ElementsAre(std::pair("Mode", value)));
  }
}

TEST(config_override, sets_whole_tables_and_lists_of_them) {
  const auto read =
      with({{"HOLDFAST__PRINCIPALS", R"([{ name = "ops", token_sha256 = ")" + std::string(64, 'a') + "\" }]"},
            {"HOLDFAST_ENGINE__TICK", "1ms"},
            {"HOLDFAST__ENGINE", "{ max_instances = 9 }"}});
  ASSERT_THAT(lines(read.errors), IsEmpty());
  EXPECT_EQ(read.settings.server.principals.at(0).name, "ops");
  EXPECT_EQ(read.settings.engine.max_instances, 9U);
  EXPECT_EQ(read.settings.engine.tick, 1ms);
}

TEST(config_override, that_names_nothing_is_an_error_with_the_name_of_the_variable) {
  EXPECT_EQ(wrong_with("HOLDFAST_SERVER__THREDS", "1"),
            "HOLDFAST_SERVER__THREDS: unknown key `threds`: did you mean `threads`?");
  EXPECT_THAT(wrong_with("HOLDFAST_SEVER__THREADS", "1"),
              HasSubstr("HOLDFAST_SEVER__THREADS: unknown key `sever`: did you mean `server`?"));
  EXPECT_THAT(wrong_with("HOLDFAST_SERVER__THREADS__MORE", "1"),
              HasSubstr("HOLDFAST_SERVER__THREADS__MORE: `threads` is no table"));
  EXPECT_THAT(wrong_with("HOLDFAST_COMPONENTS__OTHER__CELLS", "1"),
              HasSubstr("HOLDFAST_COMPONENTS__OTHER__CELLS: component `other` has no `path`"));
  for (const char* name :
       {"HOLDFAST_SERVER__", "HOLDFAST___", "HOLDFAST__", "HOLDFAST_A__B__C__D__E__F__G__H__I"})
    EXPECT_THAT(wrong_with(name, "1"), HasSubstr(std::string(name) + ": ")) << name;
}

TEST(config_override, that_is_wrong_is_an_error_with_the_name_of_the_variable) {
  EXPECT_EQ(wrong_with("HOLDFAST_SERVER__THREADS", "many"),
            "HOLDFAST_SERVER__THREADS: `threads` wants a whole number, found the text `many`");
  EXPECT_THAT(wrong_with("HOLDFAST_SERVER__LISTEN", "127.0.0.1:9000,nowhere"),
              HasSubstr("HOLDFAST_SERVER__LISTEN: `nowhere` is no address"));
  EXPECT_THAT(wrong_with("HOLDFAST_SERVER__LIMITS", "{ connections = 0 }"),
              HasSubstr("HOLDFAST_SERVER__LIMITS: `connections` is 0"));
}

TEST(config_override, leaves_other_variables_alone) {
  const auto read = with({{"HOLDFAST_CACHE", "/tmp"},
                          {"HOLDFAST_SKIP_SETUP", "1"},
                          {"HOLDFASTX__Y", "1"},
                          {"PATH__X", "1"},
                          {"HOLDFAST", "1"},
                          {"", ""}});
  EXPECT_THAT(lines(read.errors), IsEmpty());
  EXPECT_EQ(read.settings.server.threads, 2U);
}

TEST(config_override, may_be_anything_and_reading_ends) {
  std::string deep = "1";
  for (int i = 0; i < 20'000; ++i) deep = "[" + deep;
  std::string dots = "{ a";
  for (int i = 0; i < 20'000; ++i) dots += ".a";
  for (const std::string& value : {deep, dots + " = 1 }", std::string(1 << 20, 'x'), std::string("\xff\xfe")})
    EXPECT_FALSE(with({{"HOLDFAST_SERVER__THREADS", value}}).sound());
}
