// SPDX-License-Identifier: Apache-2.0
#include "host/actor_states.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "core/fakes.hpp"
#include "core/keys.hpp"

// States of actors on their way to the journal.
namespace holdfast::detail {
namespace {

using namespace core::fakes;

TEST(actor_states_test, go_to_the_journal_with_the_calls_that_they_come_after_or_later) {
  record log;
  manual_world world;
  fake_pool pool{world.env, log};
  const boost::intrusive_ptr<core::records> written(new core::records(4, 1U << 20, [] {}));
  const boost::intrusive_ptr<core::keys> known(new core::keys(world.env, {}, written));
  actor_states states([] {}, written);
  const auto send = [&](unsigned char key) {
    const auto made = pool.make({}, {.repeatable = true});
    made->stand_for({.of = known, .print = {std::byte{key}}, .request = {}});
    ASSERT_FALSE(pool.box().admit(made, start::post));
    world.settle();
  };
  const auto put = [&](unsigned char actor) {
    auto state = std::make_shared<actor_state>();
    state->actor = {std::byte{actor}};
    states.put(std::move(state), false);
  };
  const auto taken = [&] { return states.take(100, 1U << 20).size(); };

  put(1);
  send(1);
  put(2);
  send(2);
  put(3);
  EXPECT_EQ(taken(), 1U) << "nothing came before it";
  core::records::batch first = written->take(1, 1U << 20);
  EXPECT_EQ(taken(), 1U);
  core::records::batch second = written->take(1, 1U << 20);
  EXPECT_EQ(taken(), 1U);
  EXPECT_EQ(taken(), 0U);

  written->kept(std::move(first));
  written->kept(std::move(second));
  pool.close();
  world.settle();
  known->close();
}

}  // namespace
}  // namespace holdfast::detail
