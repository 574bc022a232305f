// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <holdfast/http_exchange.hpp>
#include <holdfast/pool.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/manual_host.hpp"

// Requests of HTTP that a guest answers: what passes, who waits for whom, and what a server is told when the
// guest ends, is stopped or never begins.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using boost::system::error_code;
using testing::HasSubstr;
namespace asio = boost::asio;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class http_exchanges : public testing::Test {
 protected:
  pool open(pool_options options = {}) {
    pool made = owner.get().open(guest("http.wat"), options).value();
    owner.settle();
    return made;
  }

  http_exchange request(std::string target) {
    return http_exchange::make({.method = "POST",
                                .authority = "shop.example",
                                .target = std::move(target),
                                .fields = {{"x-one", "1"}}},
                               loop.get_executor())
        .value();
  }

  /// All that can happen here has; what a thread of the engine does may come later. Not while a guest loops.
  void settle() {
    for (bool more = true; more;) {
      more = owner.settle(1000) > 0;
      loop.restart();
      more = loop.poll() > 0 || more;
    }
  }

  reply outcome(const ticket& of) {
    while (of.phase() != call_phase::done) {
      settle();
      std::this_thread::yield();
    }
    settle();
    return of.wait(0s);
  }

  static std::string read_all(const http_exchange& from) {
    std::string all;
    std::array<char, 4096> some{};
    for (;;) {
      const std::size_t size = from.read(std::as_writable_bytes(std::span(some)));
      if (size == 0) return all;
      all.append(some.data(), size);
    }
  }

  /// Begins a request and lets its guest go on until its head is there, and no further where it loops.
  ticket until_head(const pool& by, http_exchange& with) {
    ticket claim = by.serve(with).value();
    while (with.response() == http_flow::waiting && owner.step()) {
    }
    return claim;
  }

  asio::io_context loop;
  manual_host owner;
};

TEST_F(http_exchanges, bring_a_request_to_a_guest_and_its_response_back) {
  const pool guests = open();
  http_exchange with = request("/hello");
  with.end();
  std::optional<http_response_head> head;
  with.async_head([&](error_code why, http_response_head told) {
    EXPECT_FALSE(why);
    head = std::move(told);
  });
  const ticket claim = guests.serve(with).value();
  settle();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_TRUE(head->fields.empty());
  std::array<char, 16> some{};
  std::optional<error_code> over;
  with.async_read_some(asio::buffer(some), [&](error_code why, std::size_t size) {
    EXPECT_FALSE(why);
    EXPECT_EQ(std::string_view(some.data(), size), "hello");
    with.async_read_some(asio::buffer(some), [&](error_code next, std::size_t) { over = next; });
  });
  settle();
  EXPECT_EQ(over, asio::error::eof);
  EXPECT_EQ(outcome(claim).outcome, outcome::completed);
  EXPECT_EQ(with.trouble().what, http_fault::none);
}

TEST_F(http_exchanges, give_the_fields_that_a_guest_set) {
  const pool guests = open();
  http_exchange with = request("/count");
  const ticket claim = until_head(guests, with);
  const auto head = with.take_head();
  ASSERT_TRUE(head);
  ASSERT_EQ(head->fields.size(), 1U);
  EXPECT_EQ(head->fields[0].name, "x-grown");
  EXPECT_EQ(head->fields[0].value, "1");
  EXPECT_FALSE(outcome(claim).code);
  EXPECT_EQ(read_all(with), "1");
}

TEST_F(http_exchanges, stream_64_MiB_there_and_back_and_hold_little_of_it) {
  constexpr std::size_t total = 64U << 20;
  const pool guests = open();
  http_exchange with = request("/echo");
  const ticket claim = guests.serve(with).value();
  std::vector<std::byte> block(1U << 20);
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::byte>(i * 31 + i / 4096);
  std::size_t wrote = 0;
  std::function<void()> write = [&] {
    with.async_write(asio::buffer(block), [&](error_code why, std::size_t size) {
      ASSERT_FALSE(why);
      wrote += size;
      if (wrote < total) return write();
      with.end();
    });
  };
  write();
  std::vector<std::byte> some(48U << 10);
  std::size_t read = 0;
  bool same = true;
  std::optional<error_code> over;
  std::function<void()> next = [&] {
    with.async_read_some(asio::buffer(some), [&](error_code why, std::size_t size) {
      for (std::size_t i = 0; i < size; ++i) same = same && some[i] == block[(read + i) % block.size()];
      read += size;
      if (why) {
        over = why;
      } else {
        next();
      }
    });
  };
  with.async_head([&](error_code why, const http_response_head&) {
    ASSERT_FALSE(why);
    next();
  });
  while (!over) settle();
  EXPECT_EQ(over, asio::error::eof);
  EXPECT_EQ(read, total);
  EXPECT_TRUE(same);
  EXPECT_FALSE(outcome(claim).code);
}

TEST_F(http_exchanges, make_whoever_is_faster_wait) {
  const pool guests = open();
  http_exchange with = request("/echo");
  const ticket claim = guests.serve(with).value();
  // Nobody reads what comes back: both directions fill up, and nothing else does.
  const std::vector<std::byte> some(64U << 10);
  std::size_t wrote = 0;
  for (std::size_t last = 1; last != 0; wrote += last) {
    settle();
    last = with.write(some);
  }
  EXPECT_EQ(with.room(), http_flow::waiting);
  EXPECT_LE(wrote, 192U << 10);
  EXPECT_EQ(claim.phase(), call_phase::running);
  ASSERT_TRUE(with.take_head());
  int told = 0;
  EXPECT_EQ(with.room([&] { ++told; }), http_flow::waiting);
  std::size_t read = 0;
  for (std::size_t size = 1; size != 0; read += size) {
    size = read_all(with).size();
    settle();
  }
  EXPECT_EQ(read, wrote);
  EXPECT_EQ(told, 1);
  with.end();
  EXPECT_FALSE(outcome(claim).code);
}

TEST_F(http_exchanges, that_are_abandoned_leave_the_guest_to_its_end_and_the_next_call_works) {
  const pool guests = open();
  for (const char* target : {"/large", "/echo", "/hello"}) {
    std::optional<ticket> claim;
    {
      http_exchange with = request(target);
      with.write(bytes_of("some"));
      claim = until_head(guests, with);
    }
    EXPECT_FALSE(outcome(*claim).code) << target;
  }
  http_exchange with = request("/count");
  const ticket claim = until_head(guests, with);
  EXPECT_EQ(outcome(claim).generation, 1U);
  with.take_head();
  EXPECT_EQ(read_all(with), "4");
}

TEST_F(http_exchanges, that_are_abandoned_end_what_waits_on_them) {
  const pool guests = open();
  std::optional<http_exchange> with = request("/echo");
  const ticket claim = until_head(guests, *with);
  with->take_head();
  std::array<std::byte, 16> some{};
  std::optional<error_code> read;
  with->async_read_some(asio::buffer(some), [&](error_code why, std::size_t) { read = why; });
  settle();
  EXPECT_FALSE(read);
  with.reset();
  settle();
  EXPECT_EQ(read, asio::error::operation_aborted);
  EXPECT_FALSE(outcome(claim).code);
}

TEST_F(http_exchanges, wait_for_a_head_no_longer_than_the_handler_wants) {
  const pool guests = open();
  http_exchange with = request("/hello");
  asio::cancellation_signal leaves;
  std::optional<error_code> left;
  with.async_head(asio::bind_cancellation_slot(
      leaves.slot(), [&](error_code why, const http_response_head&) { left = why; }));
  settle();
  leaves.emit(asio::cancellation_type::terminal);
  settle();
  EXPECT_EQ(left, asio::error::operation_aborted);
  const ticket claim = until_head(guests, with);
  EXPECT_EQ(with.take_head()->status, 200);
  EXPECT_FALSE(outcome(claim).code);
}

TEST_F(http_exchanges, of_a_guest_that_traps_are_lost_where_they_are) {
  const pool guests = open();
  for (const bool midway : {false, true}) {
    http_exchange with = request(midway ? "/midway" : "/trap");
    const ticket claim = until_head(guests, with);
    EXPECT_EQ(outcome(claim).outcome, outcome::trapped);
    EXPECT_EQ(with.take_head().has_value(), midway);
    EXPECT_EQ(read_all(with), midway ? "hello" : "");
    EXPECT_EQ(with.response(), http_flow::lost);
    EXPECT_EQ(with.trouble().what, http_fault::lost);
  }
  http_exchange with = request("/hello");
  EXPECT_EQ(outcome(until_head(guests, with)).generation, 3U);
}

TEST_F(http_exchanges, that_are_killed_in_mid_body_lose_it) {
  const pool guests = open();
  http_exchange with = request("/p");
  const ticket claim = until_head(guests, with);
  ASSERT_TRUE(with.take_head());
  while (read_all(with).empty()) owner.step();
  std::array<std::byte, 16> some{};
  std::optional<error_code> read;
  with.async_read_some(asio::buffer(some), [&](error_code why, std::size_t) { read = why; });
  claim.kill();
  EXPECT_EQ(outcome(claim).outcome, outcome::killed);
  EXPECT_EQ(read, asio::error::connection_reset);
  EXPECT_EQ(with.trouble().what, http_fault::lost);
}

TEST_F(http_exchanges, of_a_guest_that_loops_for_ever_end_with_its_run_limit) {
  const pool guests = open();
  http_exchange with = request("/spin");
  std::optional<error_code> head;
  with.async_head([&](error_code why, const http_response_head&) { head = why; });
  const ticket claim = guests.serve(with, {.run_limit = 5ms}).value();
  while (claim.phase() != call_phase::done) {
    owner.step();
    owner.world.advance(1ms);
  }
  EXPECT_EQ(outcome(claim).outcome, outcome::deadline_killed);
  EXPECT_EQ(head, asio::error::connection_reset);
}

TEST_F(http_exchanges, of_a_guest_that_waits_for_its_request_end_with_its_run_limit) {
  const pool guests = open();
  http_exchange with = request("/echo");
  const ticket claim = guests.serve(with, {.run_limit = 5ms}).value();
  settle();
  EXPECT_EQ(claim.phase(), call_phase::running);
  owner.world.advance(6ms);
  EXPECT_EQ(outcome(claim).outcome, outcome::deadline_killed);
  EXPECT_TRUE(with.take_head());
  EXPECT_EQ(with.response(), http_flow::lost);
}

TEST_F(http_exchanges, that_no_guest_begins_are_told) {
  const pool guests = open({.queue_depth = 2});
  http_exchange first = request("/echo");
  const ticket running = until_head(guests, first);
  http_exchange late = request("/hello");
  http_exchange revoked = request("/hello");
  http_exchange many = request("/hello");
  std::optional<error_code> head;
  late.async_head([&](error_code why, const http_response_head&) { head = why; });
  const ticket expires = guests.serve(late, {.deadline = 5ms}).value();
  const ticket taken_back = guests.serve(revoked).value();
  EXPECT_EQ(guests.serve(many).error(), errc::queue_full);
  EXPECT_EQ(many.trouble().what, http_fault::not_begun);
  EXPECT_EQ(taken_back.revoke(), revoke_answer::revoked);
  settle();
  EXPECT_EQ(revoked.response(), http_flow::lost);
  EXPECT_FALSE(head);
  owner.world.advance(6ms);
  settle();
  EXPECT_EQ(outcome(expires).outcome, outcome::expired_in_queue);
  EXPECT_EQ(head, asio::error::connection_reset);
  EXPECT_EQ(late.trouble().what, http_fault::not_begun);
  first.end();
  EXPECT_FALSE(outcome(running).code);
}

TEST_F(http_exchanges, say_why_a_guest_has_no_response) {
  const pool guests = open();
  for (const auto& [target, why] : {std::pair("/nothing", http_fault::no_response),
                                    {"/r", http_fault::guest_error},
                                    {"/x", http_fault::too_large}}) {
    http_exchange with = request(target);
    const ticket claim = until_head(guests, with);
    EXPECT_EQ(with.response(), http_flow::lost) << target;
    EXPECT_EQ(with.trouble().what, why) << target << ": " << with.trouble().detail;
    EXPECT_FALSE(outcome(claim).code);
  }
}

TEST_F(http_exchanges, are_of_one_call_without_a_key_and_of_components_that_serve_them) {
  const pool guests = open();
  http_exchange with = request("/hello");
  const ticket claim = until_head(guests, with);
  EXPECT_EQ(guests.serve(with).error(), errc::bad_arguments);
  EXPECT_FALSE(outcome(claim).code);
  EXPECT_EQ(with.response(), http_flow::open);  // as before
  http_exchange keyed = request("/hello");
  EXPECT_EQ(guests.serve(keyed, {.key = "order-17"}).error(), errc::bad_arguments);
  EXPECT_EQ(keyed.response(), http_flow::lost);
  const pool others = owner.get().open(guest("hello.wat")).value();
  http_exchange strange = request("/hello");
  EXPECT_EQ(others.serve(strange).error(), errc::no_such_export);
  EXPECT_EQ(strange.response(), http_flow::lost);
  EXPECT_EQ(guest("hello.wat").http_handler(), nullptr);
  EXPECT_FALSE(http_exchange::make({.authority = "a b"}, loop.get_executor()));
}

/// A client that sends so much to an echo, or leaves when so much has come back.
asio::awaitable<void> send_and_read(const pool& by, std::size_t total, std::size_t leave_after,
                                    unsigned& whole) {
  const auto on = co_await asio::this_coro::executor;
  http_request_head head{.authority = "shop.example", .target = "/echo"};
  http_exchange with = http_exchange::make(head, on).value();
  const ticket claim = by.serve(with).value();
  const std::vector<char> block(total, 'x');
  bool wrote = false;
  with.async_write(asio::buffer(block), [&](error_code, std::size_t) {
    wrote = true;
    with.end();
  });
  const http_response_head answer = co_await with.async_head(asio::use_awaitable);
  EXPECT_EQ(answer.status, 200);
  std::array<char, 10'000> some{};
  std::size_t read = 0;
  error_code over;
  while (!over && read < leave_after)
    read +=
        co_await with.async_read_some(asio::buffer(some), asio::redirect_error(asio::use_awaitable, over));
  if (over == asio::error::eof && read == total) ++whole;
  with.abandon();
  const auto [code, told] = co_await claim.async_wait(asio::as_tuple(asio::use_awaitable));
  EXPECT_FALSE(code) << told.detail;
  EXPECT_EQ(told.generation, 1U);
  while (!wrote) co_await asio::post(on, asio::use_awaitable);
}

TEST(http_exchange, serves_many_clients_at_once_of_whom_some_leave) {
  host owner(shared_engine());
  pool_options options;
  options.cells = 4;
  const pool guests = owner.open(guest("http.wat"), options).value();
  asio::io_context loop;
  unsigned whole = 0;
  constexpr std::size_t total = 300'000;
  for (std::size_t i = 0; i < 48; ++i) {
    const std::size_t leave_after = i % 3 == 0 ? i * 1000 : total + 1;
    asio::co_spawn(loop, send_and_read(guests, total, leave_after, whole), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
  }
  loop.run();
  EXPECT_EQ(whole, 32U);
}

/// Answers one request on a loopback port with a status.
class small_server {
 public:
  explicit small_server(std::string status) : takes_(loop_, {asio::ip::address_v4::loopback(), 0}) {
    works_ = std::thread([this, status = std::move(status)] {
      asio::ip::tcp::socket with(loop_);
      error_code failed;
      takes_.accept(with, failed);
      if (failed) return;
      asio::streambuf head;
      asio::read_until(with, head, "\r\n\r\n", failed);
      asio::write(with, asio::buffer("HTTP/1.1 " + status + "\r\ncontent-length: 0\r\n\r\n"), failed);
    });
  }
  small_server(const small_server&) = delete;
  small_server& operator=(const small_server&) = delete;
  /// One that nobody asked is asked here.
  ~small_server() {
    error_code ignored;
    asio::ip::tcp::socket last(loop_);
    last.connect(takes_.local_endpoint(), ignored);
    last.close(ignored);
    works_.join();
  }

  std::string port() const { return std::to_string(takes_.local_endpoint().port()); }

 private:
  asio::io_context loop_;
  asio::ip::tcp::acceptor takes_;
  std::thread works_;
};

class http_hosts : public http_exchanges {
 protected:
  /// The status with which a guest ends that asked the authority.
  int ask(std::vector<std::string> granted, const std::string& authority) {
    pool_options options;
    options.may_reach.http_hosts = std::move(granted);
    const pool guests = open(options);
    http_exchange with = request("/f" + authority);
    const ticket claim = guests.serve(with).value();
    while (with.response() == http_flow::waiting) {
      settle();
      std::this_thread::yield();
    }
    EXPECT_FALSE(outcome(claim).code);
    const auto head = with.take_head();
    return head ? head->status : 0;
  }

  static constexpr int denied = 550 + 15;
};

TEST_F(http_hosts, that_are_listed_are_reached) {
  const small_server there("207 Well");
  EXPECT_EQ(ask({"example.org", "127.0.0.1:" + there.port()}, "127.0.0.1:" + there.port()), 207);
}

TEST_F(http_hosts, that_are_not_listed_are_denied) {
  const small_server there("207 Well");
  const std::string authority = "127.0.0.1:" + there.port();
  EXPECT_EQ(ask({}, authority), denied);
  EXPECT_EQ(ask({"127.0.0.1"}, authority), denied);  // its port is that of the scheme
  EXPECT_EQ(ask({"localhost:" + there.port()}, authority), denied);
  EXPECT_EQ(ask({authority}, "evil@" + authority), denied);
  EXPECT_EQ(ask({"*.example.org"}, "example.org"), denied);
  EXPECT_EQ(ask({"*.example.org"}, "example.org.evil.test"), denied);
  EXPECT_EQ(ask({"*.example.org"}, "badexample.org"), denied);
}

TEST_F(http_hosts, that_are_none_are_refused) {
  for (const char* wrong : {"", "*", "*.", "https://example.org", "example.org/", "a b", "user@example.org",
                            "a.*.org", "example.org:port"}) {
    pool_options options;
    options.may_reach.http_hosts = {wrong};
    const auto made = owner.get().open(guest("http.wat"), options);
    ASSERT_FALSE(made) << wrong;
    EXPECT_EQ(made.error(), errc::bad_arguments) << wrong;
    EXPECT_THAT(made.error().message(), HasSubstr("HTTP host"));
  }
}

}  // namespace
}  // namespace holdfast
