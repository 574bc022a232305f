// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/host.hpp>
#include <optional>

#include "host/manual_host.hpp"

// Host functions that call guests. Here a host function runs as one of the test's own steps, on the test's
// thread.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

class nested_call_test : public testing::Test {
 protected:
  explicit nested_call_test(const engine& on = calm_engine()) : on_(on) {}

  // A pool of `sleeper.wat` whose sleep is what `sleeps` says.
  pool open(std::uint32_t cells, std::function<void(host_call)> sleeps) {
    pool_options options{.cells = cells};
    options.functions.define("holdfast:demo/host", "sleep", std::move(sleeps));
    pool made = owner.get().open(guest("sleeper.wat", on_), std::move(options)).value();
    owner.settle();
    return made;
  }
  pool open_orders() {
    pool made = owner.get().open(guest("orders.wasm", on_), {}).value();
    owner.settle();
    return made;
  }
  const engine& on_;
  manual_host owner{no_observer(), {}, on_};
};

// Where a guest loops.
class ticking_nested_call_test : public nested_call_test {
 protected:
  ticking_nested_call_test() : nested_call_test(shared_engine()) {}
};

TEST_F(nested_call_test, runs_on_another_pool_and_the_guest_goes_on_with_its_answer) {
  const pool shop = open_orders();
  std::optional<reply> inner;
  const pool outer = open(1, [&](host_call call) {
    inner = shop.call("add", args(2U, 3U));
    std::move(call).reply();
  });
  const ticket claim = outer.submit("nap", args(std::uint64_t{1})).value();
  owner.settle();
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->value, wit::value(5U)) << inner->detail;
  EXPECT_TRUE(claim.wait(0s));
}

TEST_F(nested_call_test, is_refused_as_a_cycle_onto_the_only_cell_and_nothing_is_lost) {
  std::optional<pool> self;
  std::optional<reply> inner;
  self = open(1, [&](host_call call) {
    inner = self->call("begun", {});
    std::move(call).reply();
  });
  const ticket claim = self->submit("nap", args(std::uint64_t{1})).value();
  owner.settle();
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->code, make_error_code(errc::cycle));
  EXPECT_EQ(inner->code, effect::not_executed);
  EXPECT_TRUE(claim.wait(0s)) << "the guest itself goes on";
  const ticket next = self->submit("count", {}).value();
  owner.settle();
  EXPECT_EQ(next.wait(0s).generation, 1U) << "and its instance is whole";
}

TEST(nested_call_on_threads, is_refused_as_a_cycle_too_where_its_parent_went_past_the_queue) {
  host owner(shared_engine());
  std::optional<pool> self;
  std::optional<reply> inner;
  pool_options options{.cells = 1};
  options.functions.define("holdfast:demo/host", "sleep", [&](host_call call) {
    inner = self->call("begun", {}, {.wait = 10s});
    std::move(call).reply();
  });
  self = owner.open(guest("sleeper.wat"), std::move(options)).value();
  ASSERT_TRUE(self->wait_ready());
  EXPECT_TRUE(self->call("nap", args(std::uint64_t{1})));  // its first slice is this thread's
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->code, make_error_code(errc::cycle)) << inner->detail;
}

TEST_F(nested_call_test, runs_on_another_cell_of_its_own_pool) {
  std::optional<pool> self;
  std::optional<reply> inner;
  self = open(2, [&](host_call call) {
    inner = self->call("begun", {});
    std::move(call).reply();
  });
  const ticket claim = self->submit("nap", args(std::uint64_t{1})).value();
  owner.settle();
  ASSERT_TRUE(inner);
  EXPECT_TRUE(*inner) << inner->detail;
  EXPECT_TRUE(claim.wait(0s));
}

TEST_F(ticking_nested_call_test, ends_no_later_than_the_guest_that_called) {
  std::optional<ticket> inner;
  const pool shop = open_orders();
  std::optional<host_call> parked;
  const pool outer = open(1, [&](host_call call) {
    inner = shop.submit("spin", args(std::uint64_t{1}), {.deadline = 1h, .run_limit = 1h}).value();
    parked.emplace(std::move(call));
  });
  const ticket claim = outer.submit("nap", args(std::uint64_t{1}), {.run_limit = 1s}).value();
  owner.settle(30);
  ASSERT_TRUE(inner);
  owner.world.advance(1s);
  owner.settle(200);
  EXPECT_EQ(claim.wait(0s).outcome, outcome::deadline_killed);
  EXPECT_EQ(inner->wait(0s).outcome, outcome::deadline_killed);
}

TEST_F(nested_call_test, is_not_waited_for_once_the_guest_that_called_is_to_stop) {
  std::optional<host_call> parked;
  const pool busy = open(1, [&](host_call call) { parked.emplace(std::move(call)); });
  const ticket blocks = busy.submit("nap", args(std::uint64_t{1})).value();
  owner.settle();
  ASSERT_EQ(blocks.phase(), call_phase::running);
  std::optional<ticket> claim;
  std::optional<reply> inner;
  const pool outer = open(1, [&](host_call call) {
    claim->kill();  // the guest is to stop ...
    while (owner.world.step()) {
    }  // ... and hears of it
    inner = busy.call("count", {});  // without that this would wait for ever
    std::move(call).reply();
  });
  claim = outer.submit("nap", args(std::uint64_t{1})).value();
  owner.settle();
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->code, effect::not_executed);
  EXPECT_EQ(claim->wait(0s).outcome, outcome::killed);
}

}  // namespace
}  // namespace holdfast
