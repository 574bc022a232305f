// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/host.hpp>
#include <holdfast/pool.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "engine/engine_impl.hpp"
#include "host/manual_host.hpp"

// Instances that are built before a cell needs them, on the real engine.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::ElementsAre;

component compile(std::string_view text) {
  return component::compile(shared_engine(), std::as_bytes(std::span(text.data(), text.size()))).value();
}

struct told final : observer {
  void on_spare_ready() noexcept override { ++ready; }
  void on_spare_taken(std::uint32_t, std::uint64_t generation) noexcept override {
    taken.push_back(generation);
  }
  void on_spare_failed(errc, std::string_view) noexcept override { ++failed; }
  int ready = 0;
  int failed = 0;
  std::vector<std::uint64_t> taken;
};

class host_spares_test : public testing::Test {
 protected:
  pool open(const component& what, unsigned spares = 1, std::uint32_t cells = 1) {
    pool made = owner.get().open(what, {.cells = cells, .rebuild = {.max = 20ms, .spares = spares}}).value();
    owner.settle();
    return made;
  }
  reply ended(const ticket& which) {
    owner.settle();
    return which.wait(0s);
  }
  told seen;
  manual_host owner{seen};
};

TEST_F(host_spares_test, take_the_place_of_an_instance_that_trapped) {
  const component fragile = compile(R"((component
    (core module $code
      (global $calls (mut i32) (i32.const 0))
      (func (export "fail") unreachable)
      (func (export "count") (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (global.get $calls)))
    (core instance $guest (instantiate $code))
    (func (export "fail") (canon lift (core func $guest "fail")))
    (func (export "count") (result u32) (canon lift (core func $guest "count")))))");
  const pool held = open(fragile);
  ASSERT_EQ(seen.ready, 1);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    const reply counted = ended(held.submit("count", {}).value());
    ASSERT_TRUE(counted) << counted.detail;
    EXPECT_EQ(counted.value, wit::value(1U)) << "a fresh instance";
    EXPECT_EQ(counted.generation, i);
    EXPECT_EQ(ended(held.submit("fail", {}).value()).code, errc::trapped);
  }
  EXPECT_THAT(seen.taken, ElementsAre(2, 3, 4, 5));
}

TEST_F(host_spares_test, yield_and_are_cut_in_their_cell_as_any_other_instance) {
  const pool works = open(guest("cooperative.wat"));
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const ticket claim = works.submit("work-on", {}, {.run_limit = 50ms}).value();
    owner.settle(20);
    ASSERT_EQ(claim.phase(), call_phase::running);
    owner.world.advance(50ms);
    EXPECT_EQ(ended(claim).code, errc::deadline_killed);
    EXPECT_EQ(ended(works.submit("generation", {}).value()).value, wit::value(i + 1))
        << "the guest knows which it is";
  }
  EXPECT_EQ(seen.taken.size(), 3U);
}

TEST_F(host_spares_test, issue_handles_that_lead_back_to_them) {
  const pool kinds = owner.get()
                         .open(guest("kinds.wasm"), {.cells = 2, .rebuild = {.retire_calls = 1, .spares = 1}})
                         .value();
  owner.settle();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ended(kinds.submit("nothing", {}).value()));
  EXPECT_THAT(seen.taken, ElementsAre(2, 3, 4, 5)) << "an instance a call";
  const reply made = ended(kinds.submit("[constructor]counter", args(5U)).value());
  ASSERT_TRUE(made) << made.detail;
  EXPECT_EQ(made.generation, 5U);
  const wit::handle counter = made.value->get<wit::handle>();
  EXPECT_EQ(counter.from().cell, made.cell);
  EXPECT_EQ(counter.from().generation, 5U);
  for (std::uint32_t i = 6; i <= 8; ++i) {
    const reply next = ended(kinds.submit("[method]counter.next", args(counter)).value());
    ASSERT_TRUE(next) << next.detail;
    EXPECT_EQ(next.generation, 5U);
    EXPECT_EQ(next.cell, made.cell);
  }
}

TEST_F(host_spares_test, are_reserved_as_cells_are_and_given_back) {
  const auto& reserved = shared_engine().internals()->reserved_instances;
  const auto before = reserved.load();
  {
    const pool held = open(guest("echo.wat"), 3, 2);
    EXPECT_EQ(reserved.load(), before + 5);
    held.drain(0s);
    EXPECT_EQ(reserved.load(), before);
  }
  const auto refused = owner.get().open(guest("echo.wat"), {.cells = 60, .rebuild = {.spares = 5}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::no_resources);
  const auto absurd = owner.get().open(guest("echo.wat"), {.cells = 1, .rebuild = {.spares = ~0U}});
  ASSERT_FALSE(absurd);
  EXPECT_EQ(absurd.error(), errc::no_resources);
}

TEST_F(host_spares_test, of_a_component_that_cannot_start_hold_nothing_up) {
  const pool trapped = owner.get()
                           .open(guest("start-trap.wat"),
                                 {.rebuild = {.base = 1ms, .max = 2ms, .give_up_after = 3, .spares = 2}})
                           .value();
  ASSERT_TRUE(trapped.wait_broken(1s));
  EXPECT_EQ(trapped.call("count", {}).code, errc::broken);
  EXPECT_GT(seen.failed, 0);
  EXPECT_EQ(seen.ready, 0);
}

TEST_F(host_spares_test, go_with_the_component_that_is_exchanged) {
  const auto& reserved = shared_engine().internals()->reserved_instances;
  const auto before = reserved.load();
  const pool held = open(guest("echo.wat"));
  ASSERT_TRUE(held.swap(guest("cooperative.wat")));
  for (int i = 0; i < 100 && reserved.load() > before + 2; ++i) {
    owner.world.advance(10ms);
    owner.settle();
  }
  EXPECT_EQ(reserved.load(), before + 2) << "the new one's cell and spare";
  const ticket claim = held.submit("work-on", {}, {.run_limit = 50ms}).value();
  owner.settle(20);
  owner.world.advance(50ms);
  EXPECT_EQ(ended(claim).code, errc::deadline_killed);
  EXPECT_EQ(ended(held.submit("generation", {}).value()).value, wit::value(std::uint64_t{2}));
  EXPECT_THAT(seen.taken, ElementsAre(2));
}

}  // namespace
}  // namespace holdfast
