// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "serve/served.hpp"

/// Clients that are too slow. Each test is about one limit: the others are longer than its time can be.
namespace holdfast::serve {
namespace {

using namespace testing_support;

class late_clients : public served_test {
 protected:
  struct manual_time final : core::time_source {
    mutable std::atomic<std::int64_t> ns{1'000'000'000};
    std::atomic<std::int64_t> step{0};  // whenever somebody looks at it
    time_point now() const noexcept override { return time_point(duration(ns += step)); }
  };
  late_clients() {
    constexpr std::chrono::hours years(24 * 365 * 200);
    http_limits& limits = settings.server.limits;
    limits.head_timeout = limits.idle_timeout = limits.body_timeout = limits.write_timeout = years;
    parts.time = &clock;
  }
  ~late_clients() override { running.reset(); }  // it reads the clock
  template <class Work>
  auto while_time_flies(Work work) {
    std::atomic<bool> over{false};
    std::thread time([&] {
      while (!over) {
        clock.ns += duration(1s).count();
        std::this_thread::yield();
      }
    });
    auto made = work();
    over = true;
    time.join();
    return made;
  }
  raw_answer read_while_time_flies(raw_client& client) {
    return while_time_flies([&] { return client.read(); });
  }
  manual_time clock;
};

TEST_F(late_clients, are_told_when_a_head_does_not_come_in_time) {
  settings.server.limits.head_timeout = 10s;
  start();
  raw_client client(port);
  // In one piece, so that the second has begun when the first is answered.
  EXPECT_EQ(client.ask(request("GET", "/livez") + "GET /livez HT").status, 200U);
  EXPECT_EQ(read_while_time_flies(client).status, 408U);
  EXPECT_TRUE(client.closed());
}

TEST_F(late_clients, have_the_time_for_a_head_from_its_first_byte) {
  settings.server.limits.head_timeout = 10s;
  start();
  raw_client client(port);
  EXPECT_EQ(client.ask(request("GET", "/livez")).status, 200U);
  client.send("GET /livez HT");
  EXPECT_EQ(read_while_time_flies(client).status, 408U);
}

TEST_F(late_clients, are_let_go_when_they_ask_for_nothing) {
  settings.server.limits.idle_timeout = 10s;
  start();
  raw_client client(port);
  EXPECT_EQ(client.ask(request("GET", "/livez")).status, 200U);
  EXPECT_EQ(read_while_time_flies(client).status, 0U);
}

TEST_F(late_clients, are_told_when_a_body_does_not_come_in_time) {
  settings.server.limits.body_timeout = 10s;
  start();
  raw_client client(port);
  client.send(
      "POST /v1/call/counting/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 6\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(read_while_time_flies(client).status, 408U);
}

// No wait takes as long as one piece may; it is their sum that does.
TEST_F(late_clients, are_told_when_a_body_comes_a_byte_now_and_then) {
  settings.server.limits.body_timeout = 1h;
  settings.server.limits.least_rate = 1U << 30;
  clock.step = duration(10s).count();
  start();
  raw_client client(port);
  client.send(
      "POST /v1/call/counting/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 1000000\r\n\r\n");
  for (int i = 0; i < 900'000 && !client.is_told(); ++i) {
    client.send("[");
    std::this_thread::yield();
  }
  ASSERT_TRUE(client.is_told());
  EXPECT_EQ(client.read().status, 408U);
}

TEST_F(late_clients, are_let_go_when_they_take_nothing_of_an_answer) {
  settings.server.limits.write_timeout = 10s;
  add_web("shop");  // its `/large` is 4 MiB
  start();
  raw_client client(port);
  std::string many;
  for (int i = 0; i < 16; ++i) many += request("GET", "/large");  // 64 MiB, which no kernel keeps
  client.send(many);
  EXPECT_EQ(client.read(true).status, 200U);
  const auto connections = [this] {
    const std::string all = ask(request("GET", "/metrics", "Connection: close\r\n")).body;
    const std::string name = "\nholdfast_http_connections ";
    const std::size_t at = all.find(name);
    return at == std::string::npos ? 99 : std::stoi(all.substr(at + name.size()));
  };
  EXPECT_TRUE(while_time_flies([&] {
    while (connections() > 1) std::this_thread::yield();
    return true;
  }));
}

}  // namespace
}  // namespace holdfast::serve
