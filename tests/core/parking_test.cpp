// SPDX-License-Identifier: Apache-2.0
#include "core/parking.hpp"

#include <gtest/gtest.h>

#include "core/fakes.hpp"
#include "core/waiters.hpp"

namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;

class parking_test : public testing::Test {
 protected:
  void TearDown() override {
    pool.close();
    world.settle();
  }
  orphan_figures figures() const { return world.kept->figures(); }
  // A call whose caller left while it ran, and that is done.
  call_id left_behind(std::uint64_t value = 1) {
    const auto asked = pool.send({.slices = 2, .value = value}, {.bound = true});
    const auto who = wait_for(*asked);
    world.settle(2);
    EXPECT_EQ(asked->phase(), call_phase::running);
    EXPECT_TRUE(asked->leave(*who));
    world.settle();
    EXPECT_EQ(asked->phase(), call_phase::done);
    return asked->id();
  }
  record log;
  manual_world world{no_observer(), {.count = 3, .bytes = 1U << 20, .time = 10s}};
  fake_pool pool{world.env, log};
};

TEST_F(parking_test, keeps_no_arguments_of_a_call_that_is_done) {
  struct heavy final : call {
    heavy(environment& in, script what)
        : call(in, call_id{in.random.next(), in.random.next()}, 7, {.findable = true}) {
      packed.resize(sizeof what);
      std::memcpy(packed.data(), &what, sizeof what);
    }
    std::span<const std::byte> arguments() const noexcept override { return packed; }
    std::size_t bytes() const noexcept override { return packed.size(); }
    void forget_arguments(bool) noexcept override { packed = {}; }
    std::vector<std::byte> packed;
  };
  const boost::intrusive_ptr<heavy> asked(new heavy(world.env, {.value = 5}));
  ASSERT_FALSE(pool.box().admit(asked, start::post));
  world.settle();
  ASSERT_EQ(asked->phase(), call_phase::done);
  EXPECT_NE(world.kept->find(asked->id()), nullptr) << "its result is kept";
  EXPECT_EQ(asked->bytes(), 0U) << "it alone is";
}

TEST_F(parking_test, finds_a_call_that_its_caller_left_while_it_runs) {
  const auto asked = pool.send({.what = kind::wait}, {.bound = true});
  const auto who = wait_for(*asked);
  world.settle();
  EXPECT_EQ(world.kept->find(asked->id()), nullptr) << "nobody was told its id";
  EXPECT_TRUE(asked->leave(*who));
  EXPECT_EQ(world.kept->find(asked->id()), asked);
  EXPECT_EQ(figures().orphans, 1U);
  const auto back = wait_for(*world.kept->find(asked->id()));
  const auto another = wait_for(*world.kept->find(asked->id()));
  EXPECT_EQ(figures().orphans, 0U) << "somebody waits for it again";
  log.released = true;
  pool.at(0).wake();
  world.settle();
  EXPECT_EQ(back->told, 1);
  EXPECT_EQ(another->told, 1);
  EXPECT_EQ(who->told, 0);
}

TEST_F(parking_test, keeps_the_result_of_a_call_whose_caller_left) {
  const call_id id = left_behind();
  const auto found = world.kept->find(id);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->end().what, outcome::completed);
  EXPECT_EQ(figures().parked, 1U);
  found->read(*world.kept, call::reading::again);
  found->read(*world.kept, call::reading::again);
  EXPECT_EQ(figures().claimed, 1U) << "claimed once, however often it is read";
  EXPECT_EQ(figures().parked, 1U);
  found->read(*world.kept, call::reading::last);
  EXPECT_EQ(figures().parked, 0U);
  EXPECT_EQ(figures().parked_bytes, 0U);
  EXPECT_EQ(world.kept->find(id), nullptr);
  EXPECT_EQ(figures().dropped, 0U);
}

TEST_F(parking_test, drops_a_result_when_its_time_is_over) {
  const call_id id = left_behind();
  world.advance(10s - 1ns);
  EXPECT_NE(world.kept->find(id), nullptr);
  world.advance(1ns);
  EXPECT_EQ(world.kept->find(id), nullptr);
  EXPECT_EQ(figures().dropped, 1U);
  EXPECT_EQ(figures().parked_bytes, 0U);
}

TEST_F(parking_test, drops_the_oldest_result_over_its_count_and_those_that_were_read_first) {
  const call_id first = left_behind();
  const call_id second = left_behind();
  const call_id third = left_behind();
  world.kept->find(second)->read(*world.kept, call::reading::again);
  left_behind();
  EXPECT_EQ(world.kept->find(second), nullptr) << "it was read already";
  left_behind();
  EXPECT_EQ(world.kept->find(first), nullptr);
  EXPECT_NE(world.kept->find(third), nullptr);
  EXPECT_EQ(figures().parked, 3U);
  EXPECT_EQ(figures().dropped, 1U) << "what was read is not dropped";
}

TEST_F(parking_test, keeps_nothing_of_a_result_over_its_bytes) {
  manual_world small{no_observer(), {.count = 3, .bytes = 1, .time = 10s}};
  fake_pool one(small.env, log);
  const auto asked = one.send({}, {.findable = true});
  small.settle();
  asked->claim();
  asked->abandon();
  EXPECT_EQ(small.kept->find(asked->id()), nullptr);
  one.close();
  small.settle();
}

TEST_F(parking_test, forgets_a_result_that_everybody_has) {
  const auto asked = pool.send({.slices = 1}, {.findable = true});
  const auto who = wait_for(*asked);
  EXPECT_EQ(world.kept->find(asked->id()), asked);
  world.settle();
  EXPECT_EQ(who->told, 1);
  EXPECT_EQ(world.kept->find(asked->id()), nullptr);
  EXPECT_EQ(figures().parked, 0U);
}

TEST_F(parking_test, keeps_it_for_the_one_who_left_although_another_was_told) {
  const auto asked = pool.send({.slices = 2});
  const auto stays = wait_for(*asked);
  const auto leaves = wait_for(*asked);
  world.settle(2);
  EXPECT_TRUE(asked->leave(*leaves));
  EXPECT_EQ(figures().orphans, 0U) << "one still waits";
  world.settle();
  EXPECT_EQ(stays->told, 1);
  EXPECT_EQ(world.kept->find(asked->id()), asked);
}

TEST_F(parking_test, lets_every_result_go_at_its_end) {
  const call_id id = left_behind();
  const auto held = world.kept->find(id);
  world.kept->close();
  EXPECT_EQ(world.kept->find(id), nullptr);
  EXPECT_EQ(figures().parked_bytes, 0U);
  EXPECT_EQ(figures().dropped, 1U);
  held->read(*world.kept, call::reading::last);  // whoever still holds it can read it
  EXPECT_EQ(held->end().what, outcome::completed);
}

TEST_F(parking_test, counts_what_guests_ran_for_nobody) {
  const auto asked = pool.send({.what = kind::wait}, {.bound = true});
  const auto who = wait_for(*asked);
  world.settle();
  world.advance(5s);
  EXPECT_TRUE(asked->leave(*who));
  world.advance(3s);
  log.released = true;
  pool.at(0).wake();
  world.settle();
  EXPECT_EQ(figures().cost, 3s);
  EXPECT_EQ(figures().orphaned, 1U);
  EXPECT_EQ(figures().orphans, 0U);
}

TEST_F(parking_test, counts_a_queued_orphan_from_its_beginning) {
  const auto blocks = pool.send({.what = kind::wait});
  world.settle();
  const auto asked = pool.send({.what = kind::wait}, {.findable = true});
  asked->claim();
  asked->abandon();
  EXPECT_EQ(figures().orphans, 1U);
  world.advance(5s);
  log.released = true;
  pool.at(0).wake();
  world.settle();
  EXPECT_EQ(figures().cost, 0s) << "it waited, it did not run";
  EXPECT_EQ(figures().orphans, 0U);
}

}  // namespace
}  // namespace holdfast::core
