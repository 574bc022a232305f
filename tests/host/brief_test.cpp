// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <functional>
#include <holdfast/function.hpp>
#include <holdfast/pool.hpp>

#include "host/manual_host.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;

pool_options brief(std::vector<std::string> names) { return {.brief = std::move(names)}; }

TEST(brief, calls_complete_by_every_way_of_calling) {
  host owner(calm_engine());
  const pool shop = owner.open(guest("echo.wat", calm_engine()), brief({"*"})).value();
  ASSERT_TRUE(shop.wait_ready());
  EXPECT_EQ(shop.call("add", args(2U, 3U)).value->get<std::uint32_t>(), 5U);
  const auto add = shop.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  EXPECT_EQ(*add(4U, 5U), 9U);
  EXPECT_EQ(shop.submit("add", args(6U, 7U)).value().wait(1min).value->get<std::uint32_t>(), 13U);
  EXPECT_EQ(shop.future_call("add", args(8U, 9U)).get().value->get<std::uint32_t>(), 17U);
}

TEST(brief, call_that_loops_is_killed_after_its_slice_and_the_next_call_finds_a_new_instance) {
  host owner(shared_engine());
  const pool shop = owner.open(guest("echo.wat"), brief({"*"})).value();
  ASSERT_TRUE(shop.wait_ready());
  for (std::uint64_t generation = 1; generation <= 3; ++generation) {
    const reply told = shop.call("spin", {}, {.deadline = no_limit, .run_limit = no_limit});
    EXPECT_EQ(told.outcome, outcome::deadline_killed);
    EXPECT_EQ(told.code, effect::executed);
    EXPECT_EQ(told.generation, generation);
    EXPECT_THAT(told.detail, HasSubstr("declared brief"));
    EXPECT_FALSE(told.backtrace.empty());
    const reply next = shop.call("add", args(2U, 3U));
    EXPECT_TRUE(next) << next.detail;
    EXPECT_EQ(next.generation, generation + 1);
  }
}

TEST(brief, call_that_loops_holds_its_worker_no_longer_than_its_slice) {
  manual_host owner;
  const pool shop = owner.get().open(guest("echo.wat"), brief({"spin"})).value();
  owner.settle();
  const ticket claim = shop.submit("spin", {}, {.deadline = no_limit, .run_limit = no_limit}).value();
  ASSERT_TRUE(owner.step());
  EXPECT_EQ(claim.wait(0s).outcome, outcome::deadline_killed) << "one step is all it has";
}

TEST(brief, call_that_traps_is_trapped) {
  host owner(calm_engine());
  const pool shop = owner.open(guest("echo.wat", calm_engine()), brief({"trap"})).value();
  EXPECT_EQ(shop.call("trap", {}).outcome, outcome::trapped);
  EXPECT_TRUE(shop.call("add", args(2U, 3U)));
}

// pthread's own: std::thread has no say in the size of its stack.
void on_a_stack_of(std::size_t bytes, std::function<void()> run) {
  pthread_attr_t how;
  pthread_attr_init(&how);
  ASSERT_EQ(pthread_attr_setstacksize(&how, bytes), 0);
  pthread_t thread{};
  const auto enter = [](void* what) -> void* {
    (*static_cast<std::function<void()>*>(what))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &how, enter, &run), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&how);
}

TEST(brief, calls_by_a_thread_with_a_small_stack_are_safe) {
  host owner(calm_engine());
  const component deep =
      component::compile(calm_engine(), std::as_bytes(std::span(std::string_view(R"((component
    (core module $m
      (func $deep (export "deep") (param i32) (result i32)
        (i32.add (i32.const 1) (call $deep (local.get 0))))
      (func (export "twice") (param i32) (result i32) (i32.mul (i32.const 2) (local.get 0))))
    (core instance $i (instantiate $m))
    (func (export "deep") (param "at" u32) (result u32) (canon lift (core func $i "deep")))
    (func (export "twice") (param "of" u32) (result u32) (canon lift (core func $i "twice")))))"))))
          .value();
  const pool shop = owner.open(deep, brief({"*"})).value();
  ASSERT_TRUE(shop.wait_ready());
  for (const std::size_t bytes : {256U << 10, 8U << 20}) {
    on_a_stack_of(bytes, [&] {
      EXPECT_EQ(shop.call("twice", args(21U)).value->get<std::uint32_t>(), 42U);
      const reply told = shop.call("deep", args(0U));
      EXPECT_EQ(told.outcome, outcome::trapped);
      EXPECT_THAT(told.detail, HasSubstr("call stack exhausted"));
      EXPECT_TRUE(shop.call("twice", args(1U)));
    });
  }
}

TEST(brief, calls_call_inline_host_functions) {
  host owner(calm_engine());
  pool_options options = brief({"nap"});
  std::atomic<std::uint64_t> slept{0};  // on this thread, or on the worker that still drives the new cell
  options.functions.define_inline("holdfast:demo/host", "sleep",
                                  [&slept](std::uint64_t ms) noexcept { slept = ms; });
  const pool shop = owner.open(guest("sleeper.wat", calm_engine()), options).value();
  ASSERT_TRUE(shop.wait_ready());
  EXPECT_EQ(shop.call("nap", args(std::uint64_t{5})).value->get<std::uint64_t>(), 1U);
  EXPECT_EQ(slept, 5U);
}

TEST(brief, export_of_a_component_that_may_wait_refuses_the_pool_and_says_why) {
  host owner(calm_engine());
  pool_options options = brief({"nap"});
  options.functions.define("holdfast:demo/host", "sleep", [](std::uint64_t) {});
  const auto refused = owner.open(guest("sleeper.wat", calm_engine()), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::bad_arguments);
  EXPECT_THAT(refused.error().detail, HasSubstr("`nap` cannot be brief"));
  EXPECT_THAT(refused.error().detail, HasSubstr("holdfast:demo/host#sleep"));
  const auto unknown = owner.open(guest("echo.wat", calm_engine()), brief({"no-such"}));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error(), errc::no_such_export);
}

TEST(brief, export_that_the_next_component_lacks_keeps_the_old_one) {
  host owner(calm_engine());
  const pool shop = owner.open(guest("echo.wat", calm_engine()), brief({"add"})).value();
  ASSERT_TRUE(shop.wait_ready());
  const auto refused = shop.swap(guest("vault.wat", calm_engine()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::no_such_export);
  EXPECT_TRUE(shop.call("add", args(2U, 3U)));
}

TEST(brief, call_that_queues_is_revoked_and_expires_as_any) {
  manual_host owner;
  const pool shop = owner.get().open(guest("echo.wat"), brief({"*"})).value();
  owner.settle();
  const ticket taken = shop.submit("add", args(1U, 2U)).value();
  const ticket late = shop.submit("add", args(1U, 2U), {.deadline = 1s}).value();
  EXPECT_EQ(taken.revoke(), revoke_answer::revoked);
  owner.world.advance(2s);
  owner.settle();
  EXPECT_EQ(taken.wait(0s).outcome, outcome::revoked);
  EXPECT_EQ(late.wait(0s).outcome, outcome::expired_in_queue);
  EXPECT_EQ(shop.cells().front().generation, 1U);
}

}  // namespace
}  // namespace holdfast
