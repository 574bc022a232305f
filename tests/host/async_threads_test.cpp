// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio.hpp>
#include <future>
#include <holdfast/host.hpp>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "host/guests.hpp"

// The asynchronous forms with real threads, the real clock and the real engine.
namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace testing_support;
using namespace std::chrono_literals;

// What became of all calls, whoever was told.
struct ledger final : observer {
  void on_accepted(const call_id&) noexcept override { accepted.fetch_add(1); }
  void on_done(const call_id&, outcome what) noexcept override {
    ended.fetch_add(1);
    if (what == outcome::completed) completed.fetch_add(1);
  }
  std::atomic<std::uint64_t> accepted{0}, ended{0}, completed{0};
};

TEST(async_calls_on_threads, tell_each_caller_once_with_its_own_answer_on_its_own_executor) {
  asio::thread_pool io(2);
  host owner(shared_engine(), {.workers = 2, .callbacks = io.get_executor()});
  const pool shop = owner.open(guest("orders.wasm"), {.cells = 2, .queue_depth = 4096}).value();
  std::atomic<int> told{0};
  std::atomic<int> wrong{0};
  for (std::uint64_t id = 0; id < 2000; ++id) {
    const auto check = [&, id](std::error_code code, const reply& what) {
      told.fetch_add(1);
      if (code || number_in(what, "id") != id) wrong.fetch_add(1);
      if (!io.get_executor().running_in_this_thread()) wrong.fetch_add(1);
    };
    if (id % 2 == 0) {
      shop.async_call("place", args(id, "book", 1U), {}, check);
    } else {
      shop.async_call("place", args(id, "book", 1U), {.how = start::dispatch},
                      asio::bind_executor(asio::make_strand(io), check));
    }
  }
  io.join();  // returns when no work is outstanding any more
  EXPECT_EQ(told, 2000);
  EXPECT_EQ(wrong, 0);
}

asio::awaitable<void> place_one(pool shop, std::uint64_t id, std::atomic<int>& detached_or_done,
                                std::atomic<int>& wrong) {
  const std::string key = std::to_string(id);
  auto [ec, got] = co_await shop.async_call("place-slowly", args(id, 200U), {.key = key},
                                            asio::as_tuple(asio::use_awaitable));
  if (!ec) {
    const auto* receipt = got.value->get_if<wit::record_value>();
    if (receipt == nullptr || receipt->find("id")->get<std::uint64_t>() != id) wrong.fetch_add(1);
  } else if (ec != errc::revoked && ec != errc::detached) {
    wrong.fetch_add(1);
  }
  detached_or_done.fetch_add(1);
}

TEST(async_calls_on_threads, may_be_cancelled_from_the_strand_of_their_slot_while_they_complete) {
  ledger seen_by_host;
  asio::thread_pool io(2);
  std::atomic<int> over{0};
  std::atomic<int> wrong{0};
  constexpr int callers = 600;
  {
    host owner(shared_engine(), {.workers = 2,
                                 .observe = std::shared_ptr<observer>(&seen_by_host, [](observer*) {}),
                                 .callbacks = io.get_executor()});
    const pool shop = owner.open(guest("orders.wasm"), {.cells = 2, .queue_depth = 4096}).value();
    std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
    std::mt19937 dice(7);
    for (int i = 0; i < callers; ++i) {
      auto& signal = *signals.emplace_back(std::make_unique<asio::cancellation_signal>());
      const auto strand = asio::make_strand(io);
      asio::co_spawn(strand, place_one(shop, static_cast<std::uint64_t>(i), over, wrong),
                     asio::bind_cancellation_slot(signal.slot(), asio::detached));
      if (i % 3 != 0) {
        const auto wait = std::chrono::microseconds(dice() % 3000);
        auto timer = std::make_shared<asio::steady_timer>(strand, wait);
        timer->async_wait(asio::bind_executor(strand, [&signal, timer](boost::system::error_code) {
          signal.emit(asio::cancellation_type::terminal);
        }));
      }
    }
    io.join();
    EXPECT_EQ(over, callers) << "each coroutine was resumed once, cancelled or not";
    EXPECT_EQ(wrong, 0);
    const reply audit = shop.call("audit", args());
    ASSERT_TRUE(audit) << audit.detail;
    EXPECT_TRUE(audit.value->get<wit::result_value>().is_ok());
    EXPECT_EQ(audit.generation, 1U) << "no instance was lost";
  }
  EXPECT_EQ(seen_by_host.accepted, seen_by_host.ended);
}

TEST(async_calls_on_threads, survive_the_end_of_their_context_with_calls_queued_running_and_completing) {
  ledger seen_by_host;
  std::atomic<std::uint64_t> told{0};
  std::uint64_t made = 0;
  {
    host owner(shared_engine(),
               {.workers = 2, .observe = std::shared_ptr<observer>(&seen_by_host, [](observer*) {})});
    const pool shop = owner.open(guest("orders.wasm"), {.cells = 2}).value();
    std::mt19937 dice(3);
    for (int round = 0; round < 150; ++round) {
      auto io = std::make_unique<asio::io_context>();
      std::jthread runs;
      if (round % 3 == 0) runs = std::jthread([&io] { io->run_for(500us); });
      for (int i = 0; i < 8; ++i, ++made) {
        auto on_io = asio::bind_executor(
            io->get_executor(),
            [&told, keeps = std::make_shared<int>(i)](std::error_code, const reply&) { told.fetch_add(1); });
        if (i % 4 == 3) {
          auto claim = shop.submit("place-slowly", args(made, dice() % 300));
          if (claim) claim->async_wait(on_io);
        } else {
          shop.async_call("place-slowly", args(made, dice() % 300), {.wait = 1ms * (dice() % 3)}, on_io);
        }
      }
      if (runs.joinable()) runs.join();
      for (auto spins = dice() % 300; spins > 0; --spins) std::this_thread::yield();
      io.reset();
    }
    const reply next = shop.call("audit", args());
    ASSERT_TRUE(next) << next.detail;
    EXPECT_TRUE(next.value->get<wit::result_value>().is_ok());
    EXPECT_EQ(next.generation, 1U);
  }
  EXPECT_LE(told, made);
  EXPECT_EQ(seen_by_host.accepted, seen_by_host.ended);
  EXPECT_GT(seen_by_host.completed, 0U);
}

TEST(async_calls_on_threads, stop_a_blocking_caller_by_its_token) {
  host owner(shared_engine(), {.workers = 2});
  std::promise<host_call> nap;
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep",
                           [&](host_call call) { nap.set_value(std::move(call)); });
  const pool bed = owner.open(guest("sleeper.wat"), options).value();
  std::promise<reply> told;
  std::jthread caller(
      [&](std::stop_token stop) { told.set_value(bed.call("nap", args(1U), {}, std::move(stop))); });
  host_call parked = nap.get_future().get();
  caller.request_stop();
  EXPECT_EQ(told.get_future().get().code, errc::detached);
  EXPECT_FALSE(parked.abandoned()) << "the guest goes on";
  std::move(parked).reply();
  EXPECT_EQ(bed.call("count", {}).value->get<std::uint64_t>(), 1U);
}

TEST(async_calls_on_threads, run_a_callback_on_asios_system_threads_where_the_embedder_named_none) {
  host owner(shared_engine(), {.workers = 2});
  const pool shop = owner.open(guest("orders.wasm")).value();
  std::promise<std::pair<reply, std::thread::id>> told;
  shop.call("count", args(), {},
            [&](reply what) { told.set_value({std::move(what), std::this_thread::get_id()}); });
  const auto [what, on] = told.get_future().get();
  EXPECT_TRUE(what);
  EXPECT_NE(on, std::this_thread::get_id());
}

}  // namespace
}  // namespace holdfast
