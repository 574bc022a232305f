// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <random>
#include <sstream>
#include <thread>
#include <vector>

#include "serve/served.hpp"

/// Many clients that leave anywhere: within the head, the body, their call, the answer. `make leavers` has
/// 10,000 of them.
namespace holdfast::serve {
namespace {

using namespace testing_support;

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class leaving_clients : public served_test {
 protected:
  leaving_clients() {
    add_web("shop").pool.cells = 2;
    settings.components.front().pool.cells = 2;
  }

  // The sum of a counter over all that it tells apart.
  double total(const std::string& name) const {
    std::istringstream lines(ask(request("GET", "/metrics")).body);
    double sum = 0;
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(name + "{")) sum += std::stod(line.substr(line.rfind(' ')));
    return sum;
  }

  // What is open when nobody is connected but one, who asks whether that is so.
  std::size_t descriptors_at_rest() const {
    raw_client asks(port);
    while (asks.ask(request("GET", "/metrics")).body.find("\nholdfast_http_connections 1\n") ==
           std::string::npos)
      std::this_thread::yield();
    return open_descriptors();
  }

  // What clients begin to send, and do not end.
  static std::vector<std::string> requests() {
    const std::string chunked =
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" +
        std::string(1024, 'x') + "\r\n0\r\n\r\n";
    return {call_request("/v1/call/counting/add", "[2, 3]"),
            call_request("/v1/call/counting/spin", "[100000]"),
            call_request("/v1/call/counting/spin", "[1000]", "Prefer: wait=10\r\n"),
            call_request("/v1/call/counting/trap", "[]"),
            request("GET", "/hello"),
            request("GET", "/large"),
            request("POST", "/echo", {}, std::string(100'000, 'x')),
            chunked,
            request("GET", "/metrics"),
            request("GET", "/v1/events")};
  }

  void leave(std::mt19937& chance) const {
    const auto all = requests();
    const std::string& whole = all[chance() % all.size()];
    // Half of them send all, and leave while they are served.
    const std::size_t bytes = chance() % 2 == 0 ? whole.size() : chance() % (whole.size() + 1);
    raw_client client(port);
    client.send(std::string_view(whole).substr(0, bytes));
    if (chance() % 2 == 0) client.reset();
  }
};

TEST_F(leaving_clients, lose_no_call_and_leave_nothing_behind) {
  start();
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[2, 3]")).status, 200U);
  const std::size_t before = descriptors_at_rest();
  const char* const asked = std::getenv("HOLDFAST_LEAVERS");
  const unsigned clients = asked != nullptr ? static_cast<unsigned>(std::stoul(asked)) : 400;
  constexpr unsigned at_once = 16;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < at_once; ++i)
    threads.emplace_back([&, i] {
      std::mt19937 chance(i);
      for (unsigned each = i; each < clients; each += at_once) leave(chance);
    });
  for (auto& each : threads) each.join();

  // What was accepted comes to its end, whoever is gone.
  while (total("holdfast_calls_accepted_total") != total("holdfast_calls_total")) std::this_thread::yield();
  EXPECT_GT(total("holdfast_calls_total"), clients / 10);
  EXPECT_EQ(json(ask(call_request("/v1/call/counting/add", "[2, 3]"))).at("value").as_int64(), 5);
  EXPECT_EQ(ask(request("GET", "/hello")).status, 200U);
  EXPECT_EQ(descriptors_at_rest(), before);
}

}  // namespace
}  // namespace holdfast::serve
