// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/function.hpp>
#include <optional>
#include <vector>

#include "host/manual_host.hpp"
#include "host/parked_calls.hpp"

// Several calls in one instance, through the public face: what each of them is told when another waits, holds
// the instance, leaves, is stopped, or loses it.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

struct faults final : observer {
  void on_fault(std::uint32_t, std::uint64_t, errc code, std::string_view) noexcept override {
    all.push_back(code);
  }
  void on_tail(std::uint32_t, std::uint64_t, bool well) noexcept override { tails.push_back(well); }
  std::vector<errc> all;
  std::vector<bool> tails;
};

class sharing : public testing::Test {
 protected:
  explicit sharing(const engine& on = shared_engine()) : on_(on) {}

  pool open(sharing_policy policy = {}, duration grace = duration::zero(), std::uint32_t cells = 1) {
    pool_options options;
    options.cells = cells;
    options.sharing = policy;
    options.stop_grace = grace;
    parked.keep(options.functions, "pause");
    parked.keep(options.functions, "block");
    pool made = owner.get().open(guest("company.wat", on_), options).value();
    owner.settle();
    return made;
  }

  ticket begin(const pool& in, const char* function, std::uint32_t number, const call_options& how = {}) {
    ticket claim = in.submit(function, args(number), how).value();
    owner.settle(100);
    return claim;
  }

  void answer(std::uint32_t number) {
    ASSERT_TRUE(parked.answer(number)) << number << " does not wait";
    owner.settle(100);
  }

  static reply end(const ticket& of) { return of.wait(0s); }

  const engine& on_;
  faults told;
  manual_host owner{told, {}, on_};
  parked_calls parked;
};

// Where the one thread waits for a child: what is cut short by a tick would wait for ever.
class sharing_with_children : public sharing {
 protected:
  sharing_with_children() : sharing(calm_engine()) {}
};

TEST_F(sharing, lets_calls_wait_beside_each_other_and_end_in_any_order) {
  const pool guests = open();
  std::vector<ticket> all;
  for (std::uint32_t i = 0; i < 5; ++i) all.push_back(begin(guests, "wait", i));
  EXPECT_EQ(parked.size(), 5U);
  for (const std::uint32_t i : {3U, 0U, 4U, 1U, 2U}) {
    EXPECT_EQ(all[i].phase(), call_phase::running);
    answer(i);
    EXPECT_EQ(end(all[i]).value, wit::value(i));
    EXPECT_EQ(end(all[i]).generation, 1U);
  }
  EXPECT_EQ(guests.cells().front().state, cell_state::idle);
}

TEST_F(sharing, begins_no_more_than_the_policy_says_and_the_next_when_one_ends) {
  const pool guests = open({.calls = 3});
  std::vector<ticket> all;
  for (std::uint32_t i = 0; i < 5; ++i) all.push_back(begin(guests, "wait", i));
  EXPECT_EQ(parked.size(), 3U);
  EXPECT_EQ(all[3].phase(), call_phase::queued);
  EXPECT_EQ(guests.queued(), 2U);
  answer(1);
  EXPECT_EQ(all[3].phase(), call_phase::running);
  EXPECT_EQ(all[4].phase(), call_phase::queued) << "in order";
  EXPECT_EQ(parked.size(), 3U);
}

TEST_F(sharing, can_be_one_at_a_time) {
  const pool guests = open({.calls = 1});
  const ticket first = begin(guests, "wait", 1);
  const ticket second = begin(guests, "wait", 2);
  EXPECT_EQ(second.phase(), call_phase::queued);
  answer(1);
  answer(2);
  EXPECT_EQ(end(second).value, wit::value(2U));
}

TEST_F(sharing, refuses_a_policy_under_which_nothing_could_run) {
  pool_options options;
  options.sharing.calls = 0;
  const auto refused = owner.get().open(guest("company.wat", on_), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::limit);
}

TEST_F(sharing, tells_the_one_that_trapped_apart_from_those_beside_it) {
  const pool guests = open();
  const ticket before = begin(guests, "wait", 1);
  const ticket bad = begin(guests, "trap", 2);
  const ticket after = begin(guests, "wait", 3);
  answer(2);
  EXPECT_EQ(end(bad).outcome, outcome::trapped);
  EXPECT_EQ(end(bad).code, effect::executed);
  EXPECT_THAT(end(bad).backtrace, HasSubstr("m!"));
  for (const ticket& beside : {before, after}) {
    EXPECT_EQ(end(beside).outcome, outcome::collateral);
    EXPECT_EQ(end(beside).code, effect::unknown);
    EXPECT_EQ(end(beside).generation, 1U);
    EXPECT_THAT(end(beside).detail, HasSubstr("another call"));
    EXPECT_EQ(end(beside).backtrace, "");
  }
  EXPECT_THAT(told.all, ElementsAre(errc::trapped)) << "one instance was lost, once";
}

TEST_F(sharing, tells_the_one_whose_host_function_failed_apart) {
  const pool guests = open();
  const ticket beside = begin(guests, "wait", 1);
  const ticket bad = begin(guests, "wait", 2);
  std::move(parked.at(2)).fail("no disk");
  owner.settle(100);
  EXPECT_EQ(end(bad).outcome, outcome::host_failed);
  EXPECT_THAT(end(bad).detail, HasSubstr("no disk"));
  EXPECT_EQ(end(beside).outcome, outcome::collateral);
}

TEST_F(sharing, kills_one_and_tells_the_others_that_nobody_can_say) {
  const pool guests = open();
  const ticket beside = begin(guests, "wait", 1);
  const ticket killed = begin(guests, "wait", 2);
  killed.kill();
  owner.settle(100);
  EXPECT_EQ(end(killed).outcome, outcome::killed);
  EXPECT_EQ(end(beside).outcome, outcome::collateral);
  const ticket next = begin(guests, "wait", 3);
  answer(3);
  EXPECT_EQ(end(next).generation, 2U);
}

TEST_F(sharing, asks_the_one_to_stop_and_costs_the_others_nothing_if_it_does) {
  const pool guests = open({}, 1s);
  const ticket beside = begin(guests, "stopped", 1);
  const ticket asked = begin(guests, "stopped", 2);
  const std::stop_token stop_beside = parked.at(1).stop_token();
  const std::stop_token stop_asked = parked.at(2).stop_token();
  asked.kill();
  owner.settle(100);
  EXPECT_TRUE(stop_asked.stop_requested());
  EXPECT_FALSE(stop_beside.stop_requested());
  const ticket late = begin(guests, "wait", 3);
  EXPECT_EQ(late.phase(), call_phase::queued) << "beside one that is being stopped nothing begins";
  answer(2);
  EXPECT_EQ(end(asked).value, wit::value(1U)) << "it saw that it was asked";
  EXPECT_EQ(late.phase(), call_phase::running);
  owner.world.advance(2s);
  owner.settle(100);
  answer(1);
  EXPECT_EQ(end(beside).value, wit::value(0U)) << "nobody asked this one";
  answer(3);
  EXPECT_EQ(end(late).value, wit::value(3U));
  EXPECT_EQ(end(late).generation, 1U);
}

TEST_F(sharing, cuts_at_the_end_of_the_grace_and_each_that_was_asked_is_stopped_for_its_own_reason) {
  const pool guests = open({}, 1s);
  const ticket killed = begin(guests, "wait", 1);
  const ticket expired = begin(guests, "wait", 2, {.run_limit = 10s});
  const ticket beside = begin(guests, "wait", 3);
  owner.world.advance(10s);
  owner.settle(100);
  killed.kill();
  owner.settle(100);
  EXPECT_EQ(killed.phase(), call_phase::running);
  owner.world.advance(1s);
  owner.settle(100);
  EXPECT_EQ(end(expired).outcome, outcome::deadline_killed);
  EXPECT_EQ(end(killed).outcome, outcome::killed);
  EXPECT_EQ(end(beside).outcome, outcome::collateral);
}

TEST_F(sharing, cuts_one_that_spins_at_its_deadline_while_others_wait) {
  const pool guests = open();
  const ticket beside = begin(guests, "wait", 1);
  const ticket spins = guests.submit("spin", args(0U), {.run_limit = 10s}).value();
  owner.settle(3);
  EXPECT_EQ(spins.phase(), call_phase::running);
  const ticket waits = guests.submit("wait", args(2U)).value();
  owner.settle(5);
  EXPECT_EQ(waits.phase(), call_phase::queued) << "it would not be entered";
  owner.world.advance(11s);
  owner.settle(100);
  EXPECT_EQ(end(spins).outcome, outcome::deadline_killed);
  EXPECT_EQ(end(beside).outcome, outcome::collateral);
  EXPECT_EQ(waits.phase(), call_phase::running);
  answer(2);
  EXPECT_EQ(end(waits).generation, 2U);
}

TEST_F(sharing, keeps_the_next_calls_in_the_queue_while_one_holds_the_instance_in_a_host_function) {
  const pool guests = open();
  const ticket beside = begin(guests, "wait", 1);
  const ticket holds = begin(guests, "block", 2);
  const ticket next = begin(guests, "wait", 3, {.deadline = 5s});
  EXPECT_EQ(next.phase(), call_phase::queued);
  EXPECT_FALSE(parked.contains(3));
  owner.world.advance(6s);
  EXPECT_EQ(end(next).outcome, outcome::expired_in_queue);
  answer(2);
  EXPECT_EQ(end(holds).value, wit::value(2U));
  answer(1);
  EXPECT_EQ(end(beside).value, wit::value(1U));
}

TEST_F(sharing, runs_exports_that_are_lifted_synchronously_one_at_a_time) {
  const pool guests = open();
  const ticket beside = begin(guests, "wait", 1);
  const ticket first = begin(guests, "blocks", 2);
  const ticket second = begin(guests, "blocks", 3);
  const ticket other = begin(guests, "wait", 4);
  EXPECT_EQ(first.phase(), call_phase::running);
  EXPECT_EQ(second.phase(), call_phase::queued);
  EXPECT_EQ(other.phase(), call_phase::queued);
  answer(2);
  EXPECT_EQ(second.phase(), call_phase::running);
  EXPECT_EQ(other.phase(), call_phase::queued);
  answer(3);
  answer(4);
  answer(1);
  EXPECT_EQ(end(other).value, wit::value(4U));
  EXPECT_EQ(end(beside).value, wit::value(1U));
}

TEST_F(sharing, keeps_what_the_guest_holds_back_in_the_queue_under_its_bounds) {
  const pool guests = open();
  const ticket holds = begin(guests, "hold", 1);
  const ticket held = begin(guests, "wait", 2);
  EXPECT_EQ(held.phase(), call_phase::queued);
  EXPECT_EQ(held.revoke(), revoke_answer::revoked) << "it was never entered";
  const ticket expires = begin(guests, "wait", 3, {.deadline = 5s});
  owner.world.advance(6s);
  EXPECT_EQ(end(expires).code, effect::not_executed);
  const ticket waits = begin(guests, "wait", 4);
  answer(1);
  EXPECT_EQ(end(holds).value, wit::value(1U));
  EXPECT_EQ(waits.phase(), call_phase::running);
  answer(4);
}

TEST_F(sharing, lets_whoever_leaves_cost_nobody_anything) {
  const pool guests = open();
  std::optional<ticket> leaves = begin(guests, "wait", 1);
  const call_id id = leaves->id();
  const ticket beside = begin(guests, "wait", 2);
  leaves.reset();
  owner.settle(100);
  answer(1);
  answer(2);
  EXPECT_EQ(end(beside).value, wit::value(2U));
  EXPECT_EQ(end(owner.get().attach(id).value()).value, wit::value(1U));
}

TEST_F(sharing, takes_calls_beside_a_task_that_goes_on_after_its_result) {
  const pool guests = open();
  const ticket tail = begin(guests, "tail", 1);
  EXPECT_EQ(end(tail).value, wit::value(1U));
  EXPECT_EQ(guests.cells().front().state, cell_state::running);
  const ticket beside = begin(guests, "wait", 2);
  answer(2);
  EXPECT_EQ(end(beside).value, wit::value(2U));
  EXPECT_EQ(guests.cells().front().state, cell_state::running) << "not idle before the task has ended";
  answer(1);
  EXPECT_EQ(guests.cells().front().state, cell_state::idle);
  EXPECT_THAT(told.tails, ElementsAre(true));
}

TEST_F(sharing, begins_nothing_beside_a_task_that_has_gone_on_for_too_long_and_cuts_it_when_it_is_alone) {
  const pool guests = open({.tail = 10s});
  const ticket tail = begin(guests, "tail", 1, {.run_limit = 10s});
  const ticket beside = begin(guests, "wait", 2, {.run_limit = 60s});
  owner.world.advance(11s);
  owner.settle(100);
  const ticket next = begin(guests, "wait", 3, {.deadline = 1h});
  EXPECT_EQ(next.phase(), call_phase::queued);
  EXPECT_EQ(beside.phase(), call_phase::running) << "it is no fault of this one";
  answer(2);
  EXPECT_EQ(end(beside).value, wit::value(2U));
  owner.world.advance(60s);
  owner.settle(100);
  EXPECT_THAT(told.tails, ElementsAre(false));
  answer(3);
  EXPECT_EQ(end(next).generation, 2U);
}

TEST_F(sharing, blames_nobody_in_flight_for_a_task_that_fails_after_its_result) {
  const pool guests = open();
  const ticket tail = begin(guests, "tail-traps", 1);
  const ticket beside = begin(guests, "wait", 2);
  answer(1);
  EXPECT_EQ(end(tail).value, wit::value(1U)) << "it had its result";
  EXPECT_EQ(end(beside).outcome, outcome::collateral);
}

TEST_F(sharing, puts_calls_that_are_stopped_soon_beside_few_others) {
  const pool guests = open({.calls = 8, .beside_hasty = 2, .hasty = 1s});
  const ticket slow = begin(guests, "wait", 1);
  const ticket hasty = begin(guests, "wait", 2, {.run_limit = 500ms});
  const ticket third = begin(guests, "wait", 3);
  EXPECT_EQ(hasty.phase(), call_phase::running);
  EXPECT_EQ(third.phase(), call_phase::queued);
  answer(2);
  EXPECT_EQ(third.phase(), call_phase::running);
  const ticket again = begin(guests, "wait", 4, {.run_limit = 500ms});
  EXPECT_EQ(again.phase(), call_phase::queued) << "two are there already";
  const ticket behind = begin(guests, "wait", 5);
  EXPECT_EQ(behind.phase(), call_phase::queued) << "nothing overtakes";
  answer(1);
  EXPECT_EQ(again.phase(), call_phase::running);
  answer(4);
  EXPECT_EQ(behind.phase(), call_phase::running);
}

TEST_F(sharing, spreads_calls_over_instances_before_it_puts_them_together) {
  const pool guests = open({}, duration::zero(), 3);
  std::vector<ticket> all;
  for (std::uint32_t i = 0; i < 3; ++i) all.push_back(begin(guests, "trap", i));
  answer(1);
  for (const std::uint32_t i : {0U, 2U}) {
    EXPECT_EQ(all[i].phase(), call_phase::running) << "in an instance of its own";
    answer(i);
  }
}

TEST_F(sharing, drains_all_that_is_in_flight_and_kills_what_does_not_end) {
  const pool guests = open();
  const ticket ends = begin(guests, "wait", 1);
  const ticket stays = begin(guests, "wait", 2);
  std::move(parked.at(1)).reply(wit::value(1U));
  guests.drain(1s);
  EXPECT_EQ(end(ends).value, wit::value(1U));
  EXPECT_EQ(end(stays).outcome, outcome::killed);
}

TEST_F(sharing_with_children,
       lets_a_host_function_that_is_async_call_its_own_instance_and_refuses_the_other_as_a_cycle) {
  pool_options options;
  std::vector<pool> guests;
  const auto ask = [&](host_call call) {
    const reply told = guests.front().call("entered", {});
    const auto code = static_cast<std::uint32_t>(told.code.value());
    std::move(call).reply(told ? *told.value : wit::value(1000U + code));
  };
  options.functions.define("holdfast:demo/host", "pause", ask);
  options.functions.define("holdfast:demo/host", "block", ask);
  guests.push_back(owner.get().open(guest("company.wat", on_), options).value());
  owner.settle();
  EXPECT_EQ(end(begin(guests.front(), "wait", 1)).value, wit::value(1U));
  EXPECT_EQ(end(begin(guests.front(), "block", 2)).value,
            wit::value(1000U + static_cast<std::uint32_t>(errc::cycle)));
  EXPECT_EQ(end(begin(guests.front(), "blocks", 3)).value,
            wit::value(1000U + static_cast<std::uint32_t>(errc::cycle)));
}

TEST_F(sharing_with_children, lets_in_what_a_call_waits_for_past_all_that_keeps_others_out) {
  pool_options options;
  options.sharing = {.beside_hasty = 1, .hasty = 1h};
  std::vector<pool> guests;
  options.functions.define("holdfast:demo/host", "pause", [&](host_call call) {
    const reply child = guests.front().call("entered", {});
    std::move(call).reply(child ? *child.value : wit::value(0U));
  });
  options.functions.define("holdfast:demo/host", "block",
                           [](host_call call) { std::move(call).reply(wit::value(0U)); });
  guests.push_back(owner.get().open(guest("company.wat", on_), options).value());
  owner.settle();
  EXPECT_EQ(end(begin(guests.front(), "wait", 1)).value, wit::value(1U)) << "it saw that one had entered";
}

}  // namespace
}  // namespace holdfast
