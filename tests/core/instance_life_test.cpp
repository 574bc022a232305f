// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/fakes.hpp"

// How instances come and go: retired with age, built a few at a time, and known by name where a call needs
// one.
namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;

struct ages final : observer {
  void on_retired(std::uint32_t, std::uint64_t generation) noexcept override {
    retired.push_back(generation);
  }
  void on_fault(std::uint32_t, std::uint64_t, errc, std::string_view) noexcept override { ++faults; }
  void on_cell(std::uint32_t, std::uint64_t, cell_state from, cell_state to) noexcept override {
    if (from == cell_state::rebuilding && to == cell_state::idle) ++rebuilt;
  }
  std::vector<std::uint64_t> retired;
  int faults = 0;
  int rebuilt = 0;
};

class instance_life_test : public testing::Test {
 protected:
  record log;
  ages seen;
  manual_world world{seen};
};

TEST_F(instance_life_test, retires_an_instance_after_about_so_many_calls) {
  fake_pool pool(world.env, log, 1, {}, {.retire_calls = 10});
  std::vector<boost::intrusive_ptr<fake_call>> all;
  for (int i = 0; i < 200; ++i) all.push_back(pool.send({.value = static_cast<std::uint64_t>(i)}));
  world.settle();
  for (const auto& each : all) EXPECT_EQ(each->end().what, outcome::completed);
  EXPECT_GE(seen.retired.size(), 200U / 10 - 1);
  EXPECT_LE(seen.retired.size(), 200U / 8);
  EXPECT_EQ(seen.faults, 0) << "age is no fault";
  // Each generation served between eight and ten calls, and not all of them the same number.
  std::vector<std::ptrdiff_t> served;
  for (std::uint64_t g = 1; g <= seen.retired.back(); ++g)
    served.push_back(std::ranges::count(log.entered_in, g));
  EXPECT_GE(std::ranges::min(served), 8);
  EXPECT_LE(std::ranges::max(served), 10);
  EXPECT_LT(std::ranges::min(served), std::ranges::max(served));
  EXPECT_TRUE(std::ranges::is_sorted(log.entered));
  pool.close();
  world.settle();
  EXPECT_EQ(log.built, log.destroyed);
}

TEST_F(instance_life_test, lets_an_instance_say_farewell_when_its_pool_ends) {
  log.farewells = record::farewell::short_one;
  fake_pool pool(world.env, log, 2);
  world.settle();
  const auto last = pool.send({.value = 1});
  pool.box().close();
  for (std::size_t i = 0; i < 2; ++i) pool.at(i).drain();
  world.settle();
  EXPECT_EQ(last->end().what, outcome::completed);
  EXPECT_EQ(log.said, 2U);
  EXPECT_EQ(log.destroyed, 2U);
  EXPECT_EQ(pool.at(0).state(), cell_state::closed);
  EXPECT_EQ(seen.faults, 0);
}

TEST_F(instance_life_test, lets_an_instance_say_farewell_when_it_is_retired) {
  log.farewells = record::farewell::short_one;
  for (const start how : {start::post, start::dispatch}) {
    fake_pool pool(world.env, log, 1, {}, {.retire_calls = 1});
    world.settle();
    const auto said = log.said.load();
    std::vector<boost::intrusive_ptr<fake_call>> all;
    for (std::uint64_t i = 0; i < 5; ++i) all.push_back(pool.send({.value = i}, {}, how));
    world.settle();
    for (const auto& each : all) EXPECT_EQ(each->end().what, outcome::completed);
    EXPECT_EQ(log.said, said + 5);
    EXPECT_EQ(pool.at(0).generation(), 6U);
    EXPECT_EQ(seen.faults, 0);
    pool.close();
    world.settle();
  }
}

TEST_F(instance_life_test, begins_nothing_in_an_instance_that_said_farewell_though_its_pool_ends_meanwhile) {
  log.farewells = record::farewell::short_one;
  for (std::size_t steps = 0; steps < 12; ++steps) {
    SCOPED_TRACE(steps);
    fake_pool pool(world.env, log, 1, {}, {.retire_calls = 1});
    world.settle();
    std::vector<boost::intrusive_ptr<fake_call>> all;
    for (std::uint64_t i = 0; i < 3; ++i) all.push_back(pool.send({.value = i}));
    for (std::size_t i = 0; i < steps; ++i) world.step();
    pool.box().close();
    pool.at(0).drain();
    world.settle();
    for (const auto& each : all) EXPECT_EQ(each->end().what, outcome::completed);
    EXPECT_EQ(pool.at(0).state(), cell_state::closed);
  }
}

TEST_F(instance_life_test, gives_a_farewell_the_time_of_a_build_and_no_more) {
  log.farewells = record::farewell::loops;
  fake_pool pool(world.env, log, 1, {}, {.build_limit = 10s});
  world.settle();
  pool.box().close();
  pool.at(0).drain();
  world.settle(100);
  EXPECT_EQ(pool.at(0).state(), cell_state::draining);
  world.advance(9s);
  world.settle(100);
  EXPECT_EQ(pool.at(0).state(), cell_state::draining);
  world.advance(2s);
  world.settle();
  EXPECT_EQ(pool.at(0).state(), cell_state::closed);
  EXPECT_EQ(log.destroyed, 1U);
}

TEST_F(instance_life_test, ends_whatever_a_farewell_comes_to) {
  log.farewells = record::farewell::traps;
  fake_pool pool(world.env, log);
  world.settle();
  pool.box().close();
  pool.at(0).drain();
  world.settle();
  EXPECT_EQ(pool.at(0).state(), cell_state::closed);
  EXPECT_EQ(seen.faults, 1);
  log.farewells = record::farewell::loops;
  fake_pool other(world.env, log);
  world.settle();
  other.box().close();
  other.at(0).drain();
  world.settle(100);
  other.close();
  world.settle();
  EXPECT_EQ(other.at(0).state(), cell_state::closed) << "a kill waits for no farewell";
}

TEST_F(instance_life_test, says_of_its_first_calls_that_it_lacks_what_was_done_until_one_completes) {
  log.lacks = true;
  fake_pool pool(world.env, log);
  const auto traps = pool.send({.what = kind::trap});
  world.settle();
  const auto first = pool.send({});
  const auto second = pool.send({});
  world.settle();
  EXPECT_TRUE(traps->end().state_lost);
  EXPECT_TRUE(first->end().state_lost);
  EXPECT_FALSE(second->end().state_lost);
  pool.close();
  world.settle();
}

TEST_F(instance_life_test, retires_an_instance_that_has_grown) {
  log.grown_by_a_call = 1000;
  fake_pool pool(world.env, log, 1, {}, {.retire_growth = 10'000});
  for (int i = 0; i < 50; ++i) pool.send({});
  world.settle();
  EXPECT_GE(seen.retired.size(), 5U - 1);
  EXPECT_LE(seen.retired.size(), 50U / 8);
  pool.close();
  world.settle();
}

TEST_F(instance_life_test, never_retires_an_instance_whose_resources_somebody_holds) {
  log.held = 1;
  fake_pool pool(world.env, log, 1, {}, {.retire_calls = 5});
  for (int i = 0; i < 20; ++i) pool.send({});
  world.settle();
  EXPECT_TRUE(seen.retired.empty());
  log.held = 0;
  pool.send({});
  world.settle();
  EXPECT_EQ(seen.retired.size(), 1U) << "as soon as it is let go";
  pool.close();
  world.settle();
}

TEST_F(instance_life_test, builds_only_a_few_instances_of_a_pool_at_once) {
  log.builds_hang = true;
  fake_pool pool(world.env, log, 6, {}, {.build_limit = 1s, .at_once = 2});
  world.settle(100);
  EXPECT_EQ(log.built, 2U);
  log.builds_hang = false;  // those to come
  world.advance(1s);        // those two take too long, and make room
  world.settle();
  EXPECT_EQ(log.built, 6U);
  for (int i = 0; i < 30; ++i) {
    world.advance(100ms);
    world.settle();
  }
  for (unsigned i = 0; i < 6; ++i) EXPECT_EQ(pool.at(i).state(), cell_state::idle);
  pool.close();
  world.settle();
  EXPECT_EQ(log.built, log.destroyed);
}

TEST_F(instance_life_test, closes_cells_that_wait_for_their_turn_to_build) {
  log.builds_hang = true;
  fake_pool pool(world.env, log, 6, {}, {.at_once = 1});
  world.settle(50);
  pool.close();
  world.settle();
  for (unsigned i = 0; i < 6; ++i) EXPECT_EQ(pool.at(i).state(), cell_state::closed);
  EXPECT_TRUE(pool.box().deserted());
}

TEST_F(instance_life_test, runs_a_call_that_names_its_instance_only_there) {
  fake_pool pool(world.env, log, 3);
  world.settle();
  std::vector<boost::intrusive_ptr<fake_call>> all;
  for (int i = 0; i < 4; ++i) all.push_back(pool.send({.slices = 2}, {.only_in = home{1, 1}}));
  const auto free = pool.send({.slices = 1});
  world.settle();
  for (const auto& each : all) {
    EXPECT_EQ(each->end().what, outcome::completed);
    EXPECT_EQ(each->end().cell, 1U);
  }
  EXPECT_EQ(free->end().what, outcome::completed);
  EXPECT_NE(free->end().cell, 1U) << "it does not wait behind them";
  pool.close();
  world.settle();
}

TEST_F(instance_life_test,
       keeps_the_order_of_acceptance_between_calls_that_name_their_instance_and_those_that_do_not) {
  fake_pool pool(world.env, log, 1);
  for (std::uint64_t i = 0; i < 6; ++i) {
    call_terms terms;
    if (i % 2 == 1) terms.only_in = home{0, 1};
    pool.send({.value = i}, terms);
  }
  world.settle();
  EXPECT_EQ(log.entered, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  pool.close();
  world.settle();
}

TEST_F(instance_life_test, refuses_a_call_whose_instance_is_gone) {
  fake_pool pool(world.env, log, 1);
  world.settle();
  pool.send({.what = kind::trap});
  const auto late = pool.send({}, {.only_in = home{0, 1}});
  world.settle();
  EXPECT_EQ(late->end().what, outcome::refused);
  EXPECT_EQ(late->end().code, effect::not_executed);
  EXPECT_EQ(log.entered.size(), 1U);
  const auto refused = pool.box().admit(pool.make({}, {.only_in = home{7, 1}}), start::post);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, make_error_code(errc::bad_arguments));
  pool.close();
  world.settle();
}

TEST_F(instance_life_test, refuses_what_waits_for_a_cell_that_breaks) {
  fake_pool pool(world.env, log, 2, {}, {.give_up_after = 1});
  world.settle();
  const auto spoils = pool.send({.what = kind::trap, .slices = 1}, {.only_in = home{0, 1}});
  const auto waits = pool.send({}, {.only_in = home{0, 1}});
  log.builds_that_fail = 1;
  world.settle();
  EXPECT_EQ(pool.at(0).state(), cell_state::broken);
  EXPECT_EQ(waits->end().code, make_error_code(errc::broken));
  const auto other = pool.send({});
  world.settle();
  EXPECT_EQ(other->end().what, outcome::completed) << "its neighbour serves on";
  pool.close();
  world.settle();
}

}  // namespace
}  // namespace holdfast::core
