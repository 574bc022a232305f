// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <limits>
#include <thread>

#include "serve/served.hpp"

namespace holdfast::serve {
namespace {

using namespace testing_support;

class reload : public served_test {
 protected:
  // A guest whose `add` subtracts.
  std::string other() const {
    std::string guest = counting_guest;
    guest.replace(guest.find("i32.add"), 7, "i32.sub");
    return guest;
  }
  std::int64_t add(unsigned a, unsigned b) const {
    const auto body = json(
        ask(call_request("/v1/call/counting/add", "[" + std::to_string(a) + "," + std::to_string(b) + "]")));
    const auto* const value = body.if_contains("value");
    return value != nullptr ? value->to_number<std::int64_t>() : -1;
  }
  void write(const std::string& text) const { folder.write("counting.wat", text); }
};

TEST_F(reload, exchanges_a_component_that_was_written_again) {
  start();
  EXPECT_EQ(add(5, 3), 8);
  write(other());
  const auto told = running->reload(settings);
  ASSERT_TRUE(told) << told.error().message();
  EXPECT_THAT(*told, testing::ElementsAre("component `counting` was exchanged"));
  EXPECT_EQ(add(5, 3), 2);
}

TEST_F(reload, leaves_alone_what_is_as_it_was) {
  start();
  EXPECT_EQ(json(ask(call_request("/v1/call/counting/count", "[]"))).at("value").as_int64(), 1);
  const auto told = running->reload(settings);
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->empty());
  EXPECT_EQ(json(ask(call_request("/v1/call/counting/count", "[]"))).at("value").as_int64(), 2);
}

TEST_F(reload, that_is_wrong_leaves_everything_as_it_was) {
  start();
  write("(component");
  EXPECT_FALSE(running->reload(settings));
  EXPECT_EQ(add(5, 3), 8);
}

TEST_F(reload, that_fails_at_one_component_exchanges_those_before_it_back) {
  served_test::add("second", counting_guest);
  start();
  write(other());
  // It can be loaded, and no instance of it can be built.
  folder.write(
      "second.wat",
      "(component (core module $m (func $s unreachable) (start $s)) (core instance (instantiate $m)))");
  const auto told = running->reload(settings);
  ASSERT_FALSE(told);
  EXPECT_THAT(told.error().message(), testing::AllOf(testing::StartsWith("component `second`"),
                                                     testing::EndsWith("; everything is as it was")));
  EXPECT_EQ(add(5, 3), 8);
  EXPECT_EQ(ask(call_request("/v1/call/second/add", "[1, 2]")).status, 200U);
}

TEST_F(reload, opens_what_is_new_and_drains_what_is_gone) {
  start();
  served_test::add("second", counting_guest);
  ASSERT_TRUE(running->reload(settings));
  EXPECT_EQ(ask(call_request("/v1/call/second/add", "[1, 2]")).status, 200U);
  settings.components.erase(settings.components.begin());
  ASSERT_TRUE(running->reload(settings));
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[1, 2]")).status, 404U);
  EXPECT_EQ(ask(call_request("/v1/call/second/add", "[1, 2]")).status, 200U);
}

TEST_F(reload, ends_what_is_gone) {
  settings.server.drain_grace = 0s;
  served_test::add("second", counting_guest);
  start();
  raw_client client(port);
  client.send(call_request("/v1/call/counting/forever", "[]"));
  while (!json(ask(request("GET", "/v1/components/counting"))).at("states").as_object().contains("running"))
    std::this_thread::yield();
  settings.components.erase(settings.components.begin());
  ASSERT_TRUE(running->reload(settings));
  EXPECT_EQ(text(json(client.read()), "outcome"), "killed");
}

TEST_F(reload, opens_logs_anew_that_were_moved_away) {
  settings.log = {.access = folder / "access", .guests = folder / "guests"};
  start();
  for (const char* each : {"access", "guests"}) std::filesystem::rename(folder / each, folder / "old");
  ASSERT_TRUE(running->reload(settings));
  running.reset();
  for (const char* each : {"access", "guests"}) EXPECT_TRUE(std::filesystem::exists(folder / each)) << each;
}

TEST_F(reload, loses_no_call_that_comes_meanwhile) {
  settings.server.limits.requests = std::numeric_limits<std::size_t>::max();  // of one connection
  settings.components.front().pool.cells = 2;
  start();
  std::atomic<bool> over{false};
  std::atomic<unsigned> answered{0};
  std::atomic<unsigned> lost{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      raw_client client(port);
      while (!over) {
        const raw_answer told = client.ask(call_request("/v1/call/counting/add", "[5, 3]"));
        ++(told.status == 200 ? answered : lost);
      }
    });
  for (int i = 0; i < 10; ++i) {
    write(i % 2 == 0 ? other() : counting_guest);
    const auto told = running->reload(settings);
    EXPECT_TRUE(told) << told.error().message();
  }
  over = true;
  for (auto& each : callers) each.join();
  EXPECT_GT(answered, 0U);
  EXPECT_EQ(lost, 0U);
}

}  // namespace
}  // namespace holdfast::serve
