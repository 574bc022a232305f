// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <holdfast/pool.hpp>
#include <thread>
#include <vector>

#include "engine/engine_impl.hpp"
#include "host/manual_host.hpp"

// A pool whose component is exchanged while it serves.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;

class exchange_test : public testing::Test {
 protected:
  pool open(const std::string& file) {
    pool_options options;
    const auto park = [this](host_call call) { parked.push_back(std::move(call)); };
    options.functions.define("holdfast:demo/host", "sleep", park).define("", "sleep", park);
    pool made = owner.get().open(guest(file), std::move(options)).value();
    owner.settle();
    return made;
  }
  void pass(duration time) {
    for (duration gone{}; gone < time; gone += 10ms) {
      owner.world.advance(10ms);
      owner.settle();
    }
  }
  std::vector<host_call> parked;
  manual_host owner;
};

TEST_F(exchange_test, sends_new_calls_to_the_new_component) {
  const pool served = open("orders.wasm");
  const ticket before = served.submit("place", args(7U, "book", 2U)).value();
  owner.settle();
  ASSERT_TRUE(before.wait(0s));
  ASSERT_TRUE(served.swap(guest("echo.wat")));
  EXPECT_EQ(served.component().world().exported_functions().size(),
            guest("echo.wat").world().exported_functions().size());
  const auto gone = served.submit("place-slowly", args(7U, 2U));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error(), errc::no_such_export);
  const ticket after = served.submit("add", args(2U, 3U)).value();
  owner.settle();
  EXPECT_EQ(after.wait(0s).value, wit::value(5U));
}

TEST_F(exchange_test, lets_what_was_accepted_end_on_the_old_component) {
  const pool served = open("sleeper.wat");
  const auto exports = served.component().world().exported_functions();
  const ticket running = served.submit("nap", args(std::uint64_t{5})).value();
  const ticket queued = served.submit("nap", args(std::uint64_t{6})).value();
  owner.settle();
  ASSERT_EQ(running.phase(), call_phase::running);
  ASSERT_EQ(queued.phase(), call_phase::queued);
  ASSERT_TRUE(served.swap(guest("echo.wat")));
  const ticket fresh = served.submit("add", args(1U, 1U)).value();
  owner.settle();
  EXPECT_EQ(fresh.phase(), call_phase::done) << "nothing waits for the old ones";
  while (!parked.empty()) {
    host_call call = std::move(parked.back());
    parked.pop_back();
    std::move(call).reply();
    owner.settle();
  }
  EXPECT_TRUE(running.wait(0s));
  EXPECT_TRUE(queued.wait(0s));
}

TEST_F(exchange_test, cuts_the_old_component_after_the_grace_and_lets_it_go) {
  const auto& reserved = shared_engine().internals()->reserved_instances;
  const pool served = open("sleeper.wat");
  const std::uint64_t one_pool = reserved.load();
  const ticket running = served.submit("nap", args(std::uint64_t{5})).value();
  owner.settle();
  ASSERT_TRUE(served.swap(guest("echo.wat"), {.grace = 1s}));
  EXPECT_EQ(reserved.load(), one_pool + 1);
  pass(900ms);
  EXPECT_EQ(running.phase(), call_phase::running);
  pass(300ms);
  EXPECT_EQ(running.wait(0s).outcome, outcome::killed);
  EXPECT_EQ(running.wait(0s).code, effect::executed);
  EXPECT_EQ(reserved.load(), one_pool);
}

TEST_F(exchange_test, keeps_the_old_component_where_the_new_one_does_not_start) {
  const auto& reserved = shared_engine().internals()->reserved_instances;
  const pool served = open("orders.wasm");
  const std::uint64_t before = reserved.load();
  const auto failed = served.swap(guest("start-trap.wat"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), errc::cannot_instantiate);
  const ticket still = served.submit("place", args(7U, "book", 2U)).value();
  owner.settle();
  EXPECT_TRUE(still.wait(0s));
  pass(100ms);
  EXPECT_EQ(reserved.load(), before) << "what failed is let go";
  const auto unknown = served.swap(guest("unknown-import.wat"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error(), errc::unknown_import);
}

TEST_F(exchange_test, is_refused_once_the_pool_was_drained) {
  const pool served = open("orders.wasm");
  served.drain(0s);
  const auto late = served.swap(guest("echo.wat"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), errc::draining);
}

TEST_F(exchange_test, drains_the_old_component_with_the_new_one) {
  const pool served = open("sleeper.wat");
  const ticket running = served.submit("nap", args(std::uint64_t{5})).value();
  owner.settle();
  ASSERT_TRUE(served.swap(guest("echo.wat"), {.grace = 1h}));
  served.drain(0s);
  EXPECT_EQ(running.wait(0s).outcome, outcome::killed);
}

TEST_F(exchange_test, leaves_no_instances_taken_once_the_pool_was_drained_whoever_still_has_it) {
  const auto& reserved = shared_engine().internals()->reserved_instances;
  const std::uint64_t before = reserved.load();
  const pool served = owner.get().open(guest("echo.wat"), {.cells = 40}).value();
  owner.settle();
  pool_options fewer;
  fewer.cells = 20;
  swap_options how;
  how.options = fewer;
  ASSERT_TRUE(served.swap(guest("echo.wat"), how));
  served.drain(0s);
  served.drain(0s);
  EXPECT_EQ(reserved.load(), before);
  EXPECT_TRUE(owner.get().open(guest("echo.wat"), {.cells = 40}));
}

TEST(exchange, refuses_and_loses_no_call_of_those_who_call_meanwhile) {
  host owner(shared_engine(), {.workers = 2});
  const pool served = owner.open(guest("orders.wasm"), {.cells = 2}).value();
  ASSERT_TRUE(served.wait_ready());
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0}, failed{0};
  std::vector<std::jthread> callers;
  for (int i = 0; i < 3; ++i)
    callers.emplace_back([&] {
      while (!stop.load()) {
        const reply told = served.call("add", args(2U, 3U));
        (told && told.value == wit::value(5U) ? answered : failed).fetch_add(1);
      }
    });
  for (int i = 0; i < 20; ++i) {
    const auto done = served.swap(guest(i % 2 == 0 ? "echo.wat" : "orders.wasm"), {.grace = 5s});
    ASSERT_TRUE(done) << done.error().message();
    const int before = answered.load();
    while (answered.load() < before + 20 && failed.load() == 0) std::this_thread::yield();
  }
  stop = true;
  callers.clear();
  EXPECT_EQ(failed.load(), 0);
  EXPECT_GE(answered.load(), 400);
}

}  // namespace
}  // namespace holdfast
