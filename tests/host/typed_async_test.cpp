// SPDX-License-Identifier: Apache-2.0
#include <holdfast/typed_async.hpp>
// first: it compiles alone

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <exception>
#include <future>
#include <holdfast/function.hpp>
#include <optional>
#include <string>
#include <tuple>

#include "host/manual_host.hpp"

// Typed functions through the tokens of Boost.Asio.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
namespace asio = boost::asio;

class typed_async_test : public testing::Test {
 protected:
  pool open(const std::string& file, pool_options options = {}) {
    pool made = owner.get().open(guest(file), std::move(options)).value();
    owner.settle();
    return made;
  }
  // The guest first, then the handlers it set off.
  void settle() {
    do {
      owner.settle();
      io.restart();
    } while (io.poll() > 0);
  }
  asio::io_context io;
  manual_host owner{no_observer(), io.get_executor()};
};

TEST_F(typed_async_test, answers_a_handler_with_the_type_that_was_asked_for) {
  const auto add = open("orders.wasm").function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  std::optional<typed_reply<std::uint32_t>> told;
  add.async_call(2, 3, [&](std::error_code code, typed_reply<std::uint32_t> what) {
    EXPECT_EQ(code, what.code);
    told = std::move(what);
  });
  EXPECT_FALSE(told) << "never inside the initiating function";
  settle();
  ASSERT_TRUE(told && *told) << told->detail;
  EXPECT_EQ(**told, 5U);
  EXPECT_EQ(told->generation, 1U);
}

TEST_F(typed_async_test, answers_a_coroutine_and_owns_what_it_was_given_as_a_view) {
  const auto echo = open("kinds.wasm").function<std::string(std::string_view)>("echo-string").value();
  std::optional<std::string> told;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        auto waits = [&] {
          const std::string gone = "a text that is gone before the call begins";
          return echo.async_call({}, gone, asio::deferred);
        }();
        auto [code, what] = co_await std::move(waits)(asio::as_tuple(asio::use_awaitable));
        if (!code) told = *what;
      },
      [](const std::exception_ptr& failed) { EXPECT_FALSE(failed); });
  settle();
  EXPECT_EQ(told, "a text that is gone before the call begins");
}

TEST_F(typed_async_test, posts_a_refusal_as_it_posts_an_answer) {
  const pool orders = open("orders.wasm");
  const auto add = orders.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  orders.drain(0s);
  std::optional<std::error_code> told;
  add.async_call({}, 2, 3, [&](std::error_code code, const typed_reply<std::uint32_t>& what) {
    EXPECT_FALSE(what.value);
    told = code;
  });
  EXPECT_FALSE(told);
  settle();
  EXPECT_EQ(told, make_error_code(errc::draining));
}

TEST_F(typed_async_test, waits_for_a_ticket_with_its_type) {
  const auto add = open("orders.wasm").function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  const auto claim = add.submit(2, 3).value();
  std::optional<std::uint32_t> told;
  claim.async_wait([&](std::error_code, const typed_reply<std::uint32_t>& what) { told = what.value; });
  settle();
  EXPECT_EQ(told, 5U);
}

TEST_F(typed_async_test, revokes_what_is_queued_and_detaches_from_what_runs_as_any_call) {
  pool_options options;
  std::optional<host_call> parked;
  options.functions.define("holdfast:demo/host", "sleep",
                           [&](host_call call) { parked.emplace(std::move(call)); });
  const auto nap = open("sleeper.wat", options).function<std::uint64_t(std::uint64_t)>("nap").value();
  asio::cancellation_signal running;
  asio::cancellation_signal queued;
  std::vector<std::error_code> told;
  const auto tell = [&](std::error_code code, const typed_reply<std::uint64_t>&) { told.push_back(code); };
  nap.async_call(1, asio::bind_cancellation_slot(running.slot(), tell));
  owner.settle();
  nap.async_call(2, asio::bind_cancellation_slot(queued.slot(), tell));
  queued.emit(asio::cancellation_type::total);
  running.emit(asio::cancellation_type::terminal);
  settle();
  EXPECT_EQ(told, (std::vector{make_error_code(errc::revoked), make_error_code(errc::detached)}));
  ASSERT_TRUE(parked);
  EXPECT_FALSE(parked->abandoned()) << "leaving never cancels";
  std::move(*parked).reply();
  settle();
}

}  // namespace
}  // namespace holdfast
