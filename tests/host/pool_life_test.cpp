// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <holdfast/function.hpp>
#include <holdfast/host.hpp>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "host/manual_host.hpp"

// What becomes of a pool's instances, and of those who wait for them, on the real engine.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

component compile(std::string_view text) {
  return component::compile(shared_engine(), std::as_bytes(std::span(text.data(), text.size()))).value();
}

TEST(pool_life, tells_who_waits_for_it_that_a_cell_is_broken_and_why) {
  manual_host owner;
  const pool trapped =
      owner.get()
          .open(guest("start-trap.wat"), {.rebuild = {.base = 1ms, .max = 2ms, .give_up_after = 3}})
          .value();
  const std::optional<error> why = trapped.wait_broken(1s);
  ASSERT_TRUE(why);
  EXPECT_EQ(*why, errc::broken);
  EXPECT_THAT(why->message(), HasSubstr("unreachable"));
  EXPECT_EQ(trapped.call("count", {}).code, errc::broken);
  EXPECT_EQ(trapped.cells().front().state, cell_state::broken);
}

TEST(pool_life, waits_for_a_broken_cell_no_longer_than_it_was_told_where_all_is_well) {
  manual_host owner;
  const pool shop = owner.get().open(guest("orders.wasm"), {}).value();
  EXPECT_FALSE(shop.wait_broken(50ms));
}

TEST(pool_life, replaces_an_instance_that_has_grown) {
  const component grows = compile(R"((component
    (core module $code
      (memory (export "memory") 1)
      (func (export "grow") (result i32) (memory.grow (i32.const 1))))
    (core instance $guest (instantiate $code))
    (func (export "grow") (result u32) (canon lift (core func $guest "grow")))))");
  manual_host owner;
  const pool held = owner.get().open(grows, {.rebuild = {.retire_growth = 4U << 16}}).value();
  owner.settle();
  std::vector<std::uint64_t> generations;
  for (int i = 0; i < 8; ++i) {
    const ticket claim = held.submit("grow", {}).value();
    owner.settle();
    const reply told = claim.wait(0s);
    ASSERT_TRUE(told) << told.detail;
    generations.push_back(told.generation);
  }
  // It may grow by four pages, less up to a fifth: the fourth makes it old, and each next one its successor.
  EXPECT_THAT(generations, ElementsAre(1, 1, 1, 1, 2, 2, 2, 2));
}

TEST(pool_life, begins_each_instance_with_a_memory_that_no_other_has_written_to_however_it_is_put_back) {
  for (const bool reuse : {false, true}) {
    const engine with({.max_instances = 4, .reuse_pages = reuse});
    // It faults where a page is not as the component has it.
    const component touches = component::load(with, HOLDFAST_SOURCE_DIR "/bench/guests/touch.wat").value();
    host owner(with);
    const pool held = owner.open(touches, {.cells = 1, .rebuild = {.retire_calls = 1}}).value();
    std::uint64_t last = 0;
    for (std::uint32_t i = 0; i < 24; ++i) {
      const std::uint32_t pages = 100 * (i % 5);  // more of them than are put back in place, too
      const reply told = held.call("touch", args(pages));
      ASSERT_TRUE(told) << told.detail;
      EXPECT_EQ(told.value, wit::value(pages));
      EXPECT_GT(told.generation, last);
      last = told.generation;
    }
  }
}

TEST(pool_life, tries_a_declared_export_again_in_the_next_generation_and_says_so_in_the_reply) {
  const component naps =
      component::load(shared_engine(), std::string(HOLDFAST_GUESTS_DIR) + "/sleeper.wat",
                      {.contract = {.manifest = HOLDFAST_SOURCE_DIR "/tests/storm/fickle.holdfast.json"}})
          .value();
  manual_host owner;
  int asked = 0;
  pool_options options{.retry = {.attempts = 3}};
  options.functions.define("holdfast:demo/host", "sleep", [&](host_call call) {
    if (++asked == 1) throw std::runtime_error("not today");
    std::move(call).reply();
  });
  const pool bed = owner.get().open(naps, options).value();
  owner.settle();
  const ticket claim = bed.submit("nap", args(std::uint64_t{1})).value();
  owner.settle();
  EXPECT_EQ(claim.phase(), call_phase::backing_off);
  owner.world.advance(1s);
  owner.settle();
  const reply told = claim.wait(0s);
  ASSERT_TRUE(told) << told.detail;
  EXPECT_EQ(told.attempts, 2U);
  EXPECT_EQ(told.generation, 2U);
  EXPECT_EQ(asked, 2);
}

TEST(pool_life, ends_every_pool_of_a_host_that_is_drained_and_admits_no_other) {
  manual_host owner;
  std::optional<host_call> parked;
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep",
                           [&](host_call call) { parked.emplace(std::move(call)); });
  const pool one = owner.get().open(guest("sleeper.wat"), options).value();
  const pool other = owner.get().open(guest("orders.wasm"), {}).value();
  owner.settle();
  const ticket running = one.submit("nap", args(std::uint64_t{1}), {.run_limit = no_limit}).value();
  const ticket waiting = one.submit("count", {}).value();
  owner.settle();
  owner.get().drain(20ms);
  EXPECT_EQ(running.wait(0s).outcome, outcome::killed);
  EXPECT_EQ(waiting.wait(0s).code, errc::draining);
  for (const pool& each : {one, other}) {
    EXPECT_EQ(each.call("count", {}).code, effect::not_executed);
    EXPECT_EQ(each.cells().front().state, cell_state::closed);
  }
  EXPECT_EQ(owner.get().open(guest("orders.wasm"), {}).error(), errc::draining);
}

TEST(pool_life, takes_no_grace_that_could_hold_up_the_end_of_the_host) {
  manual_host owner;
  EXPECT_EQ(owner.get().open(guest("orders.wasm"), {.stop_grace = no_limit}).error(), errc::limit);
}

TEST(pool_life, answers_a_call_that_would_block_inside_a_callback_instead_of_waiting_for_its_own_thread) {
  host owner(shared_engine(), {.workers = 1});
  const pool shop = owner.open(guest("orders.wasm"), {}).value();
  std::promise<std::vector<std::error_code>> told;
  // It has its one cell to itself until there is somebody to tell of the next.
  const ticket before = shop.submit("spin", args(1U), {.run_limit = 10s}).value();
  const ticket claim = shop.submit("count", {}).value();
  claim.on_done([&](const reply&) {
    const ticket next = shop.submit("count", {}).value();
    told.set_value({shop.call("count", {}).code, next.wait().code, claim.wait().code});
  });
  before.kill();
  EXPECT_THAT(told.get_future().get(),
              ElementsAre(make_error_code(errc::cycle), make_error_code(errc::detached), std::error_code()));
}

TEST(pool_life, tells_the_observer_of_each_refusal_wherever_it_is_made) {
  struct seen final : observer {
    void on_refused(errc why) noexcept override { refused.push_back(why); }
    std::vector<errc> refused;
  } told;
  manual_host owner(told);
  const pool shop = owner.get().open(guest("orders.wasm"), {.call_bytes = 8}).value();
  owner.settle();
  EXPECT_FALSE(shop.submit("no-such", {}));
  EXPECT_FALSE(shop.submit("add", args("two", 3U)));
  EXPECT_FALSE(shop.call<std::string>("add", args(2U, 3U)));
  EXPECT_FALSE(shop.submit("place", args(std::uint64_t{1}, "a book", 1U)));
  EXPECT_THAT(told.refused,
              ElementsAre(errc::no_such_export, errc::bad_arguments, errc::bad_arguments, errc::limit));
}

TEST(pool_life, owns_all_that_a_call_needs_whatever_becomes_of_its_callers_memory) {
  manual_host owner;
  const pool kinds = owner.get().open(guest("kinds.wasm"), {}).value();
  owner.settle();
  const auto echo = kinds.function<std::string(std::string_view)>("echo-string").value();
  std::optional<typed_ticket<std::string>> claim;
  {
    std::string text(5000, 'x');
    std::string key(100, 'k');
    claim = echo.submit({.key = key}, text).value();
    text.assign(5000, 'y');
    key.assign(100, 'l');
  }
  owner.settle();
  const auto told = claim->wait(0s);
  ASSERT_TRUE(told) << told.detail;
  EXPECT_EQ(*told, std::string(5000, 'x'));
}

TEST(pool_life, leaves_the_place_of_a_call_with_its_run_and_not_with_the_caller_who_left) {
  manual_host owner;
  std::optional<host_call> parked;
  pool_options options{.queue_depth = 1};
  options.functions.define("holdfast:demo/host", "sleep",
                           [&](host_call call) { parked.emplace(std::move(call)); });
  const pool bed = owner.get().open(guest("sleeper.wat"), options).value();
  owner.settle();
  std::optional<ticket> left = bed.submit("nap", args(std::uint64_t{1})).value();
  owner.settle();
  left.reset();
  const ticket waits = bed.submit("count", {}).value();
  owner.settle();
  EXPECT_EQ(waits.phase(), call_phase::queued) << "the instance is taken";
  EXPECT_EQ(bed.submit("count", {}).error(), errc::queue_full);
  std::move(*parked).reply();
  owner.settle();
  EXPECT_TRUE(waits.wait(0s));
}

// One worker and two pools, of which one loops for ever in each of its cells: the worker goes round, so each
// slice of a loop lets a call of the other pool through.
TEST(fairness, lets_no_pool_that_loops_starve_another) {
  manual_host owner;
  const pool loops = owner.get().open(guest("orders.wasm"), {.cells = 4}).value();
  const pool works = owner.get().open(guest("orders.wasm"), {}).value();
  owner.settle();
  std::vector<ticket> spinning;
  for (int i = 0; i < 4; ++i) spinning.push_back(loops.submit("spin", args(1U), {.run_limit = 1h}).value());
  owner.settle(8);
  std::vector<std::size_t> rounds;
  for (int i = 0; i < 20; ++i) {
    const ticket claim = works.submit("count", {}).value();
    std::size_t steps = 0;
    while (claim.phase() != call_phase::done && steps < 1000) ++steps, owner.step();
    rounds.push_back(steps);
    ASSERT_TRUE(claim.wait(0s));
  }
  // Slices end by the clock: on a busy machine one of its own may be over before its guest has begun.
  std::ranges::sort(rounds);
  EXPECT_LE(rounds[15], 5U) << "each of the four loops has a slice at most before it";
  EXPECT_LE(rounds.back(), 50U);
  for (const ticket& each : spinning) EXPECT_EQ(each.phase(), call_phase::running);
}

}  // namespace
}  // namespace holdfast
