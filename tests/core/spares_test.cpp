// SPDX-License-Identifier: Apache-2.0
#include "core/spares.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/fakes.hpp"

namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;
using testing::ElementsAre;
using testing::IsEmpty;

struct told final : observer {
  void on_spare_ready() noexcept override { ++ready; }
  void on_spare_taken(std::uint32_t cell, std::uint64_t generation) noexcept override {
    taken.emplace_back(cell, generation);
  }
  void on_spare_failed(errc why, std::string_view) noexcept override { failures.push_back(why); }
  void on_fault(std::uint32_t, std::uint64_t, errc, std::string_view) noexcept override { ++faults; }
  int ready = 0;
  int faults = 0;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> taken;
  std::vector<errc> failures;
};

class spares_test : public testing::Test {
 protected:
  void open(rebuild_policy policy, unsigned cells = 1) {
    pool = std::make_unique<fake_pool>(world.env, log, cells, mailbox_limits{}, policy);
    world.settle();
  }
  void TearDown() override {
    if (pool == nullptr) return;
    pool->close();
    world.settle();
    EXPECT_TRUE(pool->box().deserted()) << "every cell ends, and the spares with them";
    EXPECT_EQ(log.built, log.destroyed) << "every guest is destroyed";
    EXPECT_EQ(world.deadlines.next(), time_point::max());
  }
  /// One step at a time, until the call has its end: what that took besides is left.
  void run_to_the_end_of(const call& which) {
    while (which.phase() != call_phase::done && world.step()) {
    }
  }

  record log;
  told seen;
  manual_world world{seen};
  std::unique_ptr<fake_pool> pool;
};

TEST_F(spares_test, are_built_beside_the_cells_and_no_more_than_were_asked_for) {
  open({.spares = 2}, 3);
  EXPECT_EQ(log.built, 5U);
  EXPECT_EQ(pool->ahead().ready(), 2U);
  EXPECT_EQ(seen.ready, 2);
  EXPECT_FALSE(world.step()) << "and then there is nothing to do";
}

TEST_F(spares_test, take_the_place_of_an_instance_that_faulted_before_any_is_built) {
  open({.spares = 1});
  log.builds_hang = true;
  const auto spoils = pool->send({.what = kind::trap});
  const auto next = pool->send({.value = 5});
  world.settle(50);
  EXPECT_EQ(spoils->end().what, outcome::trapped);
  EXPECT_EQ(spoils->end().generation, 1U);
  EXPECT_EQ(next->end().what, outcome::completed) << "no build would have come to its end";
  EXPECT_EQ(next->end().generation, 2U);
  EXPECT_THAT(log.entered_in, ElementsAre(1, 2)) << "and the guest knows whose it is";
  EXPECT_THAT(seen.taken, ElementsAre(std::pair{0U, 2U}));
}

TEST_F(spares_test, take_the_place_of_one_that_was_killed) {
  open({.spares = 1});
  const auto loops = pool->send({.what = kind::loop});
  world.settle(5);
  log.builds_hang = true;
  loops->kill();
  const auto next = pool->send({});
  world.settle(50);
  EXPECT_EQ(loops->end().what, outcome::killed);
  EXPECT_EQ(next->end().generation, 2U);
}

TEST_F(spares_test, take_the_place_of_one_that_is_retired) {
  open({.retire_calls = 1, .spares = 1});
  log.builds_hang = true;
  const auto first = pool->send({});
  const auto second = pool->send({});
  world.settle(50);
  EXPECT_EQ(first->end().generation, 1U);
  EXPECT_EQ(second->end().generation, 2U);
  EXPECT_EQ(seen.faults, 0);
}

TEST_F(spares_test, serve_whichever_cell_is_struck_first) {
  open({.spares = 1}, 3);
  log.builds_hang = true;
  const auto spoils = pool->send({.what = kind::trap}, {.only_in = home{2, 1}});
  world.settle(20);
  EXPECT_EQ(spoils->end().cell, 2U);
  EXPECT_THAT(seen.taken, ElementsAre(std::pair{2U, 2U}));
  EXPECT_EQ(pool->at(2).state(), cell_state::idle);
}

TEST_F(spares_test, are_replaced_as_they_are_taken) {
  open({.spares = 1});
  for (std::uint64_t i = 1; i <= 5; ++i) {
    const auto spoils = pool->send({.what = kind::trap});
    world.settle();
    EXPECT_EQ(pool->ahead().ready(), 1U);
    EXPECT_EQ(pool->at(0).generation(), i + 1);
  }
  EXPECT_EQ(seen.taken.size(), 5U);
  EXPECT_EQ(log.built, 7U);
}

TEST_F(spares_test, once_taken_wake_the_cell_that_has_them) {
  open({.spares = 1});
  pool->send({.what = kind::trap});
  world.settle();
  const auto yields = pool->send({.slices = 3, .value = 4});
  world.settle();
  EXPECT_EQ(yields->value(), 4U);
  EXPECT_EQ(yields->end().generation, 2U);
}

TEST_F(spares_test, are_done_without_where_none_is_ready) {
  open({.spares = 1});
  log.build_slices = 8;
  pool->send({.what = kind::trap});  // takes the spare
  pool->send({.what = kind::trap});  // and this comes before the next is ready
  const auto next = pool->send({});
  world.settle();
  EXPECT_EQ(next->end().generation, 3U);
  EXPECT_EQ(seen.taken.size(), 1U);
  EXPECT_EQ(pool->ahead().ready(), 1U);
}

TEST_F(spares_test, that_spin_as_they_start_keep_no_call_waiting) {
  open({.build_limit = 1s, .spares = 1});
  log.builds_hang = true;
  pool->send({.what = kind::trap});  // takes the spare; the next one spins
  world.settle(20);
  ASSERT_EQ(pool->ahead().ready(), 0U);
  for (int i = 0; i < 10; ++i) {
    const auto served = pool->send({});
    run_to_the_end_of(*served);
    EXPECT_EQ(served->end().what, outcome::completed);
  }
  log.builds_hang = false;
  world.advance(1s);  // it has taken too long: interrupted, and tried again later
  world.settle();
  EXPECT_THAT(seen.failures, ElementsAre(errc::cannot_instantiate));
  EXPECT_EQ(pool->ahead().ready(), 0U);
  world.advance(10ms);
  world.settle();
  EXPECT_EQ(pool->ahead().ready(), 1U);
  EXPECT_EQ(seen.faults, 1) << "the trap alone: no cell was touched";
}

TEST_F(spares_test, that_fail_are_tried_again_after_a_longer_wait_each_time) {
  open({.base = 100ms, .max = 1s, .spares = 1});
  log.builds_that_fail = 3;
  const auto spoils = pool->send({.what = kind::trap});
  world.settle();
  EXPECT_EQ(spoils->end().what, outcome::trapped);
  EXPECT_EQ(pool->at(0).state(), cell_state::idle);
  EXPECT_EQ(seen.failures.size(), 1U);
  EXPECT_FALSE(world.step()) << "no busy loop";
  world.advance(49ms);
  world.settle();
  EXPECT_EQ(seen.failures.size(), 1U) << "less than the least wait";
  world.advance(51ms);
  world.settle();
  EXPECT_EQ(seen.failures.size(), 2U);
  world.advance(99ms);
  world.settle();
  EXPECT_EQ(seen.failures.size(), 2U) << "the wait is doubled";
  world.advance(2s);
  world.settle();
  EXPECT_EQ(seen.failures.size(), 3U);
  world.advance(2s);
  world.settle();
  EXPECT_EQ(pool->ahead().ready(), 1U);
}

TEST_F(spares_test, that_fail_are_not_tried_again_sooner_because_another_is_taken) {
  open({.base = 100ms, .max = 1s, .spares = 2});
  log.builds_that_fail = 2;
  pool->send({.what = kind::trap});
  world.settle();
  ASSERT_EQ(seen.failures.size(), 1U);
  pool->send({.what = kind::trap});
  world.settle();
  EXPECT_EQ(seen.taken.size(), 2U);
  EXPECT_EQ(seen.failures.size(), 1U) << "it waits";
}

TEST_F(spares_test, wait_for_their_turn_behind_every_cell_that_would_build) {
  log.builds_hang = true;
  open({.build_limit = 1s, .at_once = 1, .spares = 1}, 2);
  EXPECT_EQ(log.built, 1U) << "one at once";
  log.builds_hang = false;
  world.advance(1s);
  world.settle();
  world.advance(10ms);
  world.settle();
  EXPECT_EQ(pool->at(0).state(), cell_state::idle);
  EXPECT_EQ(pool->at(1).state(), cell_state::idle);
  EXPECT_EQ(pool->ahead().ready(), 1U);
}

TEST_F(spares_test, under_way_are_taken_by_a_cell_that_waits_for_its_turn_to_build) {
  open({.at_once = 1, .spares = 1});
  log.build_slices = 5;
  pool->send({.what = kind::trap});  // takes the spare
  world.settle(4);                   // the next one is under way
  ASSERT_EQ(log.built, 3U);
  pool->send({.what = kind::trap});
  const auto next = pool->send({});
  world.settle();
  EXPECT_EQ(next->end().generation, 3U);
  EXPECT_EQ(seen.taken.size(), 2U) << "it waited for that one";
}

TEST_F(spares_test, are_let_go_when_the_pool_is_drained_and_none_is_given_away_any_more) {
  open({.spares = 2});
  const auto spoils = pool->send({.what = kind::trap});
  const auto next = pool->send({});
  pool->box().close();
  pool->ahead().close();
  pool->at(0).drain();
  world.settle();
  EXPECT_EQ(spoils->end().what, outcome::trapped);
  EXPECT_EQ(next->end().what, outcome::completed) << "in an instance that its cell built itself";
  EXPECT_THAT(seen.taken, IsEmpty());
  EXPECT_EQ(pool->at(0).state(), cell_state::closed);
  EXPECT_TRUE(pool->box().deserted());
}

TEST_F(spares_test, that_are_built_as_the_pool_ends_are_cut) {
  open({.spares = 1});
  log.builds_hang = true;
  pool->send({.what = kind::trap});
  world.settle(20);
  ASSERT_EQ(pool->ahead().ready(), 0U);  // TearDown shows that it ends
}

TEST_F(spares_test, are_not_built_for_cells_that_are_all_broken) {
  log.builds_that_fail = 2;
  open({.give_up_after = 1, .spares = 1});
  EXPECT_EQ(pool->at(0).state(), cell_state::broken);
  EXPECT_EQ(log.built, 1U);
  world.advance(1min);
  world.settle();
  EXPECT_EQ(log.built, 1U);
}

}  // namespace
}  // namespace holdfast::core
