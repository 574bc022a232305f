// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <holdfast/pool.hpp>
#include <memory>
#include <optional>

#include "host/manual_host.hpp"

// What becomes of the resources in a result that nobody reads.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

class unread_test : public testing::Test {
 protected:
  pool open(const rebuild_policy& rebuild = {}) {
    pool made = owner->get().open(guest("kinds.wasm"), {.cells = 1, .rebuild = rebuild}).value();
    owner->settle();
    return made;
  }
  ticket counter(const pool& kinds) {
    ticket made = kinds.submit("[constructor]counter", args(5U)).value();
    owner->settle();
    EXPECT_EQ(made.phase(), call_phase::done);
    return made;
  }
  std::uint32_t alive(const pool& kinds) {
    const ticket asked = kinds.submit("[static]counter.alive", {}).value();
    owner->settle();
    const reply told = asked.wait(0s);
    return told ? told.value->get<std::uint32_t>() : 1000U;
  }
  // Until nothing is parked any more.
  void forget() {
    owner->world.advance(1h);
    owner->settle();
    ASSERT_EQ(owner->get().orphans().parked, 0U);
  }
  std::optional<manual_host> owner{std::in_place};
};

TEST_F(unread_test, resources_are_released_when_the_result_is_no_longer_kept) {
  const pool kinds = open();
  for (int i = 0; i < 3; ++i) static_cast<void>(counter(kinds));
  EXPECT_EQ(alive(kinds), 3U) << "somebody may come back for them";
  forget();
  EXPECT_EQ(alive(kinds), 0U);
}

TEST_F(unread_test, resources_stay_with_whoever_reads_the_result_however_late) {
  const pool kinds = open();
  {
    ticket made = counter(kinds);
    static_cast<void>(made.wait(0s));  // the last reading: it is not kept after this
  }
  EXPECT_EQ(alive(kinds), 1U) << "its reader has it";
  std::optional<ticket> made = counter(kinds);
  const call_id id = made->id();
  made.reset();
  const wit::handle taken = owner->get().attach(id).value().wait(0s).value->get<wit::handle>();
  forget();
  EXPECT_EQ(alive(kinds), 2U) << "who came back has it";
  const ticket released = kinds.release(taken).value();
  owner->settle();
  EXPECT_TRUE(released.wait(0s)) << "and gives it back himself";
  EXPECT_EQ(alive(kinds), 1U);
}

TEST_F(unread_test, resources_do_not_keep_an_instance_from_being_retired) {
  const pool kinds = open({.retire_calls = 2});
  static_cast<void>(counter(kinds));
  for (int i = 0; i < 3; ++i) static_cast<void>(alive(kinds));
  ASSERT_EQ(kinds.cells()[0].generation, 1U) << "it holds a counter that somebody may come back for";
  forget();
  EXPECT_EQ(kinds.cells()[0].generation, 2U);
}

TEST_F(unread_test, resources_go_with_their_instance_where_the_pool_was_drained) {
  const pool kinds = open();
  {
    const ticket made = counter(kinds);
    kinds.drain(0s);
  }
  forget();
  EXPECT_EQ(kinds.cells()[0].state, cell_state::closed);
}

TEST_F(unread_test, resources_are_nobodys_where_a_ticket_outlives_its_host) {
  const auto made = std::make_unique<ticket>(counter(open()));
  owner.reset();
  EXPECT_EQ(made->phase(), call_phase::done);
}

}  // namespace
}  // namespace holdfast
