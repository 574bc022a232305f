// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/actors.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/durable.hpp"

// Actors of a host with a journal: what their callers were told of is there in the next process, and nothing
// else.
namespace holdfast {
namespace {

using namespace testing_support;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class durable_actor_test : public durable_test {
 protected:
  actors open_bank(actor_options options = {.name = "bank", .resident = 2}) {
    return owner->get().open_actors(guest("ledger.wasm", calm_engine()), std::move(options)).value();
  }

  ticket put(const actor& of, std::uint64_t amount, const call_options& how = {}) {
    return of.submit("deposit", args(amount), how).value();
  }

  reply ask(const actor& of, const char* function, wit::arguments&& with = {}, const call_options& how = {}) {
    const ticket claim = of.submit(function, std::move(with), how).value();
    owner->settle();
    return end(claim);
  }

  std::uint64_t balance(const actor& of) {
    const reply told = ask(of, "balance");
    EXPECT_TRUE(told) << told.detail;
    return told.value ? told.value->get<std::uint64_t>() : 0;
  }
};

TEST_F(durable_actor_test, goes_on_after_a_crash_from_what_its_callers_were_told) {
  {
    const actor ada = open_bank().at("ada").value();
    ask(ada, "deposit", args(std::uint64_t{5}));
    ask(ada, "deposit", args(std::uint64_t{6}));
  }
  crash();
  const actors bank = open_bank();
  const reply told = ask(bank.at("ada").value(), "balance");
  EXPECT_EQ(told.value, wit::value(std::uint64_t{11})) << told.detail;
  EXPECT_FALSE(told.state_lost);
  EXPECT_EQ(balance(bank.at("bob").value()), 0U);
}

TEST_F(durable_actor_test, tells_nobody_before_its_state_is_on_disk) {
  std::optional<call_id> lost;
  {
    const actor ada = open_bank().at("ada").value();
    ask(ada, "deposit", args(std::uint64_t{5}));
    const ticket claim = put(ada, 6);
    owner->settle_guests();
    EXPECT_EQ(claim.phase(), call_phase::running) << "it has run, and that is not on disk";
    lost = claim.id();
  }
  crash();
  EXPECT_EQ(balance(open_bank().at("ada").value()), 5U);
  EXPECT_EQ(attach_error(*lost), errc::gone);
}

TEST_F(durable_actor_test, tells_nobody_what_it_has_before_that_is_on_disk) {
  const actor ada = open_bank().at("ada").value();
  ask(ada, "balance");
  const ticket puts = put(ada, 5);
  const ticket reads = ada.submit("balance", {}).value();
  owner->settle_guests();
  EXPECT_EQ(reads.phase(), call_phase::running) << "it would tell of a deposit that may be lost";
  owner->settle();
  EXPECT_EQ(end(reads).value, wit::value(std::uint64_t{5}));
  EXPECT_TRUE(end(puts));
}

TEST_F(durable_actor_test, has_its_outcome_and_its_state_or_neither) {
  for (std::size_t steps = 0; steps < 40; ++steps) {
    SCOPED_TRACE(steps);
    kept = memory_journal();
    crash();
    {
      const actor ada = open_bank().at("ada").value();
      static_cast<void>(put(ada, 5, {.key = "k"}));
      for (std::size_t i = 0; i < steps; ++i) owner->step();
    }
    crash();
    const actors bank = open_bank();
    const actor ada = bank.at("ada").value();
    owner->settle();
    const std::uint64_t before = balance(ada);
    const reply again = ask(ada, "deposit", args(std::uint64_t{5}), {.key = "k"});
    const std::uint64_t after = balance(ada);
    if (again.outcome == outcome::lost_in_crash) {
      EXPECT_EQ(before, 0U) << "what nobody was told of has left nothing";
      EXPECT_EQ(after, 0U);
    } else {
      EXPECT_EQ(again.value, wit::value(wit::value::ok(std::uint64_t{5}))) << again.detail;
      EXPECT_EQ(after, 5U) << "once, whoever ran it";
    }
  }
}

TEST_F(durable_actor_test, keeps_the_order_in_which_its_calls_were_accepted) {
  const actor ada = open_bank().at("ada").value();
  std::vector<ticket> all;
  all.push_back(put(ada, 1, {.key = "first"}));  // its start has to be on record before it runs
  all.push_back(put(ada, 2));
  all.push_back(put(ada, 3, {.key = "third"}));
  all.push_back(put(ada, 4));
  owner->settle();
  std::uint64_t sum = 0;
  for (std::uint64_t i = 1; i <= 4; ++i)
    EXPECT_EQ(end(all[i - 1]).value, wit::value(wit::value::ok(sum += i))) << i;
}

TEST_F(durable_actor_test, lets_those_behind_go_on_when_the_call_that_held_them_up_is_revoked) {
  const actor ada = open_bank().at("ada").value();
  const ticket first = put(ada, 1, {.key = "first"});
  const ticket second = put(ada, 2);
  EXPECT_EQ(ada.queued(), 2U);
  EXPECT_EQ(first.revoke(), revoke_answer::revoked);
  owner->settle();
  EXPECT_EQ(end(second).value, wit::value(wit::value::ok(std::uint64_t{2})));
}

TEST_F(durable_actor_test, with_a_state_kept_less_often_says_after_a_crash_that_it_may_lack_calls) {
  const actor_options rarely{.name = "bank", .resident = 2, .snapshot_every = 3};
  {
    const actor ada = open_bank(rarely).at("ada").value();
    for (int i = 0; i < 4; ++i) ask(ada, "deposit", args(std::uint64_t{1}));
  }
  crash();
  const reply told = ask(open_bank(rarely).at("ada").value(), "balance");
  EXPECT_EQ(told.value, wit::value(std::uint64_t{3}));
  EXPECT_TRUE(told.state_lost);
}

TEST_F(durable_actor_test, with_a_state_kept_less_often_has_it_all_after_an_orderly_end) {
  const actor_options rarely{.name = "bank", .resident = 2, .snapshot_every = 3};
  {
    const actors bank = open_bank(rarely);
    const actor ada = bank.at("ada").value();
    for (int i = 0; i < 4; ++i) ask(ada, "deposit", args(std::uint64_t{1}));
    bank.drain(1s);
    owner->settle();
  }
  crash();
  const reply told = ask(open_bank(rarely).at("ada").value(), "balance");
  EXPECT_EQ(told.value, wit::value(std::uint64_t{4}));
  EXPECT_FALSE(told.state_lost);
}

TEST_F(durable_actor_test, is_read_from_the_journal_when_it_is_brought_back) {
  const actors bank = open_bank();
  for (int round = 0; round < 3; ++round)
    for (const char* each : {"a", "b", "c", "d"})
      ask(bank.at(each).value(), "deposit", args(std::uint64_t{1}));
  EXPECT_EQ(bank.figures().state_bytes, 0U) << "none is here";
  for (const char* each : {"a", "b", "c", "d"}) EXPECT_EQ(balance(bank.at(each).value()), 3U);
}

TEST_F(durable_actor_test, needs_a_name_that_no_other_group_has) {
  EXPECT_EQ(owner->get().open_actors(guest("ledger.wasm", calm_engine()), {}).error(), errc::bad_arguments);
  const actors bank = open_bank();
  EXPECT_EQ(
      owner->get().open_actors(guest("ledger.wasm", calm_engine()), {.name = "bank", .resident = 1}).error(),
      errc::bad_arguments);
}

TEST_F(durable_actor_test, takes_up_a_call_that_may_run_twice_where_the_process_before_left_it) {
  std::optional<call_id> id;
  {
    const actor ada = open_bank().at("ada").value();
    ask(ada, "deposit", args(std::uint64_t{5}));
    const ticket claim = ada.submit("balance", {}, {.key = "k"}).value();
    owner->step_journal();  // it was accepted, and did not run
    id = claim.id();
  }
  crash();
  EXPECT_THAT(attach_error(*id).detail, HasSubstr("`bank`"));
  const actors bank = open_bank();
  owner->settle();
  for (int i = 0; i < 50; ++i) {
    owner->world.advance(1ms);
    owner->settle();
  }
  const auto claim = owner->get().attach(*id);
  ASSERT_TRUE(claim) << claim.error().detail;
  EXPECT_EQ(end(*claim).value, wit::value(std::uint64_t{5}));
}

TEST_F(durable_actor_test, is_refused_calls_while_the_disk_is_full_and_loses_nothing) {
  const actors bank = open_bank();
  const actor ada = bank.at("ada").value();
  ask(ada, "deposit", args(std::uint64_t{5}));
  journal->full = true;
  const ticket waits = put(ada, 6);
  owner->settle(200);
  EXPECT_EQ(waits.phase(), call_phase::running);
  EXPECT_EQ(ada.submit("deposit", args(std::uint64_t{1})).error(), errc::journal_full);
  journal->full = false;
  owner->settle();
  EXPECT_EQ(end(waits).value, wit::value(wit::value::ok(std::uint64_t{11})));
}

}  // namespace
}  // namespace holdfast
