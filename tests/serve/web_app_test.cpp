// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <thread>

#include "serve/served.hpp"

/// Components that export `wasi:http/incoming-handler`, served as web applications.
namespace holdfast::serve {
namespace {

using namespace testing_support;

class web_app : public served_test {
 protected:
  web_app() {
    settings.components.clear();
    add_web("shop").pool.cells = 1;
  }
  static std::string post_of(std::size_t bytes) {
    return "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
           std::to_string(bytes) + "\r\n\r\n";
  }
};

TEST_F(web_app, is_known_by_its_export_and_answers_below_every_path_that_is_not_the_servers) {
  start();
  const raw_answer told = ask(request("GET", "/hello"));
  EXPECT_EQ(told.status, 200U);
  EXPECT_THAT(told.body, testing::HasSubstr("hello"));
  EXPECT_TRUE(told.whole);
  EXPECT_EQ(
      json(ask(request("GET", "/v1/components"))).at("components").as_array().at(0).at("kind").as_string(),
      "web");
}

TEST_F(web_app, gets_a_body_and_gives_it_back_as_it_comes) {
  start();
  std::string body(3'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i / 1000 % 26);
  raw_client client(port);
  std::thread sends([&] { client.send(request("POST", "/echo", {}, body)); });
  const raw_answer told = client.read();
  sends.join();
  EXPECT_EQ(told.status, 200U);
  EXPECT_TRUE(told.whole);
  EXPECT_EQ(told.body, body);
  EXPECT_EQ(client.ask(request("GET", "/hello")).status, 200U) << "the connection was not kept";
}

TEST_F(web_app, gets_a_body_in_chunks_too) {
  start();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(ask(head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body, "abcde");
}

TEST_F(web_app, may_send_more_than_fits_anywhere) {
  start();
  const raw_answer told = ask(request("GET", "/large"));
  EXPECT_EQ(told.status, 200U);
  EXPECT_EQ(told.body.size(), 4U << 20);
}

TEST_F(web_app, that_traps_before_it_answers_is_told_of_and_its_instance_rebuilt) {
  start();
  const raw_answer told = ask(request("GET", "/trap"));
  EXPECT_EQ(told.status, 500U);
  EXPECT_EQ(text(json(told), "outcome"), "trapped");
  EXPECT_EQ(ask(request("GET", "/hello")).status, 200U);
}

TEST_F(web_app, that_traps_within_its_answer_leaves_it_short_for_its_client_to_see) {
  start();
  const raw_answer told = ask(request("GET", "/midway"));
  EXPECT_EQ(told.status, 200U);
  EXPECT_FALSE(told.whole);
  EXPECT_EQ(ask(request("GET", "/hello")).status, 200U);
}

TEST_F(web_app, that_never_answers_is_told_of_as_a_bad_gateway) {
  start();
  for (const char* const target : {"/nothing", "/drop", "/refuse", "/xxx"}) {
    const raw_answer told = ask(request("GET", target));
    EXPECT_EQ(told.status, 502U) << target;
    EXPECT_FALSE(text(json(told), "detail").empty());
    EXPECT_EQ(text(json(told), "effect"), "executed") << target;
  }
}

TEST_F(web_app, answers_whole_whoever_closes_one_half_behind_half_a_head) {
  start();
  raw_client client(port, 4096);
  client.send(request("GET", "/large") + "G");
  client.end_sending();
  const raw_answer told = client.read();
  EXPECT_EQ(told.status, 200U);
  EXPECT_TRUE(told.whole);
  EXPECT_EQ(told.body.size(), 4U << 20);
}

TEST_F(web_app, that_loops_is_stopped_at_its_run_limit) {
  settings.components.front().run_limit = 100ms;
  start();
  const raw_answer told = ask(request("GET", "/spin"));
  EXPECT_EQ(told.status, 504U);
  EXPECT_EQ(text(json(told), "outcome"), "deadline_killed");
  EXPECT_EQ(ask(request("GET", "/hello")).status, 200U);
}

TEST_F(web_app, goes_on_when_its_client_is_gone_and_serves_the_next_with_the_same_instance) {
  start();
  EXPECT_EQ(ask(request("GET", "/count")).body, "1");
  raw_client leaves(port);
  leaves.send(post_of(1'000'000) + std::string(1000, 'x'));
  EXPECT_EQ(leaves.read(true).status, 200U);  // it has begun to answer
  leaves.reset();
  EXPECT_EQ(ask(request("GET", "/count")).body, "3") << "the instance was spoiled";
}

TEST_F(web_app, is_never_entered_for_a_client_that_left_while_it_waited) {
  start();
  raw_client first(port);
  first.send(post_of(4) + "ab");
  EXPECT_EQ(first.read(true).status, 200U);
  raw_client leaves(port);
  leaves.send(request("GET", "/count"));
  const auto queued = [this] {
    return json(ask(request("GET", "/v1/components/shop"))).at("queued").as_int64();
  };
  while (queued() == 0) std::this_thread::yield();
  leaves.reset();
  while (queued() == 1) std::this_thread::yield();
  first.send("cd");
  first.closed();
  // The two that were not left.
  EXPECT_EQ(ask(request("GET", "/count")).body, "2") << ask(request("GET", "/v1/calls?phase=done")).body;
}

TEST_F(web_app, is_not_asked_for_a_body_that_is_too_long) {
  settings.server.limits.web_body_bytes = 1000;
  start();
  EXPECT_EQ(ask(post_of(1001)).status, 413U);
}

TEST_F(web_app, among_others_has_the_paths_below_its_name) {
  add_web("hall");  // by its first letter it says hello
  start();
  EXPECT_EQ(ask(request("GET", "/hello")).status, 404U);
  EXPECT_EQ(ask(request("GET", "/hall/hello")).status, 200U);
}

}  // namespace
}  // namespace holdfast::serve
