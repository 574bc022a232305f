// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <holdfast/actors.hpp>
#include <holdfast/function.hpp>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "host/manual_host.hpp"

// Actors: how they come to life, keep their order and their state, and give their places to one another.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

struct events final : observer {
  void on_fault(std::uint32_t, std::uint64_t, errc why, std::string_view text) noexcept override {
    faults.emplace_back(to_string(why) + std::string(": ") + std::string(text));
  }
  void on_refused(errc why) noexcept override { refused.push_back(why); }
  std::vector<std::string> faults;
  std::vector<errc> refused;
};

class actor_test : public testing::Test {
 protected:
  explicit actor_test(const engine& on = calm_engine()) : on_(on) {}

  actors open(actor_options options = {.resident = 2}, const char* file = "ledger.wasm") {
    return owner.get().open_actors(guest(file, on_), std::move(options)).value();
  }

  ticket begin(const actor& of, const char* function, wit::arguments&& with = {},
               const call_options& how = {}) {
    return of.submit(function, std::move(with), how).value();
  }

  reply ask(const actor& of, const char* function, wit::arguments&& with = {}, const call_options& how = {}) {
    const ticket claim = begin(of, function, std::move(with), how);
    owner.settle();
    return end(claim);
  }

  /// Of a call that is done: time stands still, and nobody can wait.
  static reply end(const ticket& of) {
    EXPECT_EQ(of.phase(), call_phase::done);
    return of.phase() == call_phase::done ? of.wait(0s) : reply();
  }

  std::uint64_t balance(const actor& of) {
    const reply told = ask(of, "balance");
    EXPECT_TRUE(told) << told.detail;
    return told.value ? told.value->get<std::uint64_t>() : 0;
  }

  bool deposit(const actor& of, std::uint64_t amount) {
    const reply told = ask(of, "deposit", args(amount));
    EXPECT_TRUE(told) << told.detail;
    return static_cast<bool>(told);
  }

  const engine& on_;
  events seen;
  manual_host owner{seen, {}, on_};
};

class actor_that_spins_test : public actor_test {
 protected:
  actor_that_spins_test() : actor_test(shared_engine()) {}
};

TEST_F(actor_test, comes_to_life_with_its_first_call_and_knows_who_it_is) {
  const actors bank = open();
  const actor ada = bank.at("ada").value();
  EXPECT_FALSE(ada.resident());
  EXPECT_EQ(bank.figures().activations, 0U);
  const reply told = ask(ada, "owner");
  EXPECT_EQ(told.value, wit::value("ada")) << told.detail;
  EXPECT_FALSE(told.state_lost);
  EXPECT_TRUE(ada.resident());
  EXPECT_EQ(ada.key(), "ada");
  EXPECT_EQ(bank.figures().activations, 1U);
}

TEST_F(actor_test, has_a_state_of_its_own) {
  const actors bank = open();
  const actor ada = bank.at("ada").value();
  const actor bob = bank.at("bob").value();
  deposit(ada, 5);
  deposit(bob, 7);
  deposit(ada, 10);
  EXPECT_EQ(balance(ada), 15U);
  EXPECT_EQ(balance(bob), 7U);
  EXPECT_EQ(balance(bank.at("ada").value()), 15U) << "whoever asks for it";
}

TEST_F(actor_test, runs_its_calls_one_at_a_time_in_order) {
  const actors bank = open();
  const actor ada = bank.at("ada").value();
  std::vector<ticket> all;
  for (std::uint64_t i = 1; i <= 20; ++i) all.push_back(begin(ada, "deposit", args(i)));
  EXPECT_EQ(ada.queued(), 20U);
  owner.settle();
  std::uint64_t sum = 0;
  for (std::uint64_t i = 1; i <= 20; ++i)
    EXPECT_EQ(end(all[i - 1]).value, wit::value(wit::value::ok(sum += i))) << i;
}

TEST_F(actor_test, gives_its_place_up_to_others_and_goes_on_where_it_was) {
  const actors bank = open();
  for (std::uint64_t round = 1; round <= 3; ++round)
    for (std::uint64_t i = 0; i < 10; ++i) {
      const actor one = bank.at("account-" + std::to_string(i)).value();
      const reply told = ask(one, "deposit", args(i));
      EXPECT_EQ(told.value, wit::value(wit::value::ok(round * i))) << told.detail;
      EXPECT_FALSE(told.state_lost);
    }
  const actor_figures now = bank.figures();
  EXPECT_LE(now.resident, 2U);
  EXPECT_EQ(now.waiting, 0U);
  EXPECT_EQ(now.activations, 30U);
  EXPECT_THAT(seen.faults, IsEmpty());
}

TEST_F(actor_test, that_was_called_least_recently_gives_its_place_up) {
  const actors bank = open({.resident = 3});
  for (const char* each : {"a", "b", "c"}) deposit(bank.at(each).value(), 1);
  deposit(bank.at("d").value(), 1);  // a goes
  EXPECT_FALSE(bank.at("a").value().resident());
  deposit(bank.at("b").value(), 1);
  deposit(bank.at("e").value(), 1);  // c goes, b was called since
  EXPECT_FALSE(bank.at("c").value().resident());
  EXPECT_TRUE(bank.at("b").value().resident());
  EXPECT_TRUE(bank.at("d").value().resident());
}

TEST_F(actor_test, is_forgotten_here_once_nobody_has_it_and_it_is_not_resident) {
  const actors bank = open({.resident = 1});
  deposit(bank.at("ada").value(), 5);
  deposit(bank.at("bob").value(), 7);
  EXPECT_EQ(balance(bank.at("ada").value()), 5U) << "its state is not";
}

TEST_F(actor_test, lets_calls_come_while_it_gives_its_place_up) {
  const actors bank = open({.resident = 1});
  const actor ada = bank.at("ada").value();
  const actor bob = bank.at("bob").value();
  deposit(ada, 1);
  std::vector<ticket> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(begin(bob, "deposit", args(std::uint64_t{1})));
    all.push_back(begin(ada, "deposit", args(std::uint64_t{1})));
    for (int steps = 0; steps < i; ++steps) owner.step();
  }
  owner.settle();
  for (const ticket& each : all) EXPECT_TRUE(end(each)) << end(each).detail;
  EXPECT_EQ(balance(ada), 11U);
  EXPECT_EQ(balance(bob), 10U);
}

TEST_F(actor_test, has_done_what_its_callers_were_told_whatever_comes_between) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    const actors bank = open({.resident = 1 + seed % 3});
    std::map<std::string, std::uint64_t> sums;
    std::vector<ticket> all;
    for (int i = 0; i < 60; ++i) {
      const std::string key(1, static_cast<char>('a' + chance() % 5));
      all.push_back(begin(bank.at(key).value(), "deposit", args(std::uint64_t{1})));
      ++sums[key];
      for (auto steps = chance() % 7; steps > 0; --steps) owner.step();
    }
    owner.settle();
    for (const ticket& each : all) EXPECT_TRUE(end(each)) << end(each).detail;
    for (const auto& [key, sum] : sums) EXPECT_EQ(balance(bank.at(key).value()), sum) << key;
    bank.drain(1s);
  }
}

TEST_F(actor_test, loses_what_a_call_that_trapped_had_done_and_nothing_else) {
  const actors bank = open();
  const actor ada = bank.at("ada").value();
  deposit(ada, 5);
  const reply trapped = ask(ada, "fail", args(std::uint64_t{100}));
  EXPECT_EQ(trapped.outcome, outcome::trapped);
  const reply next = ask(ada, "balance");
  EXPECT_EQ(next.value, wit::value(std::uint64_t{5}));
  EXPECT_EQ(next.generation, trapped.generation + 1);
  EXPECT_FALSE(next.state_lost);
}

TEST_F(actor_that_spins_test, loses_what_a_call_that_was_cut_had_done_and_nothing_else) {
  const actors bank = open();
  const actor ada = bank.at("ada").value();
  deposit(ada, 5);
  const ticket spins = begin(ada, "spin", args(std::uint64_t{100}));
  owner.settle(50);
  EXPECT_EQ(spins.phase(), call_phase::running);
  spins.kill();
  owner.settle();
  EXPECT_EQ(end(spins).outcome, outcome::killed);
  EXPECT_EQ(balance(ada), 5U);
}

TEST_F(actor_test, with_a_state_kept_less_often_lacks_the_calls_since_and_says_so) {
  const actors bank = open({.resident = 2, .snapshot_every = 3});
  const actor ada = bank.at("ada").value();
  for (int i = 0; i < 4; ++i) deposit(ada, 1);
  ask(ada, "fail", args(std::uint64_t{100}));
  const reply next = ask(ada, "balance");
  EXPECT_EQ(next.value, wit::value(std::uint64_t{3})) << "what was kept after the third";
  EXPECT_TRUE(next.state_lost);
  EXPECT_FALSE(ask(ada, "balance").state_lost) << "that is said once";
}

TEST_F(actor_test, with_a_state_kept_less_often_gives_it_before_it_gives_its_place_up) {
  const actors bank = open({.resident = 1, .snapshot_every = 100});
  const actor ada = bank.at("ada").value();
  for (int i = 0; i < 4; ++i) deposit(ada, 1);
  deposit(bank.at("bob").value(), 1);
  const reply next = ask(ada, "balance");
  EXPECT_EQ(next.value, wit::value(std::uint64_t{4})) << next.detail;
  EXPECT_FALSE(next.state_lost);
}

TEST_F(actor_test, does_not_say_again_what_it_said_once_when_it_was_only_read_since) {
  const actors bank = open({.resident = 1, .snapshot_every = 3});
  const actor ada = bank.at("ada").value();
  for (int i = 0; i < 4; ++i) deposit(ada, 1);
  ask(ada, "fail", args(std::uint64_t{100}));
  EXPECT_TRUE(ask(ada, "balance").state_lost);
  for (int i = 0; i < 2; ++i) {
    ask(bank.at("bob").value(), "balance");
    EXPECT_FALSE(ask(ada, "balance").state_lost) << i;
  }
}

TEST_F(actor_test, of_a_component_without_lifecycle_begins_anew_and_says_so) {
  const actors shops = open({.resident = 1}, "orders.wasm");
  const actor shop = shops.at("a").value();
  EXPECT_FALSE(ask(shop, "place", args(std::uint64_t{1}, "book", 1U)).state_lost);
  ask(shops.at("b").value(), "count");
  const reply after = ask(shop, "count");
  EXPECT_EQ(after.value, wit::value(std::uint64_t{0})) << after.detail;
  EXPECT_TRUE(after.state_lost);
  EXPECT_FALSE(ask(shop, "count").state_lost);
}

TEST_F(actor_test, passes_nothing_that_would_end_with_its_instance) {
  const actor kinds = open({.resident = 1}, "kinds.wasm").at("a").value();
  const auto refused = kinds.submit("[constructor]counter", args(5U));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::bad_arguments);
  EXPECT_THAT(refused.error().detail, HasSubstr("would end with the instance"));
}

TEST_F(actor_test, cannot_be_told_its_life_by_callers) {
  const actor ada = open().at("ada").value();
  deposit(ada, 5);
  for (const char* each : {"snapshot", "deactivate"}) {
    const reply told = ask(ada, each);
    EXPECT_EQ(told.code, errc::no_such_export) << each;
    EXPECT_EQ(told.code, effect::not_executed);
  }
  EXPECT_EQ(balance(ada), 5U);
}

TEST_F(actor_test, is_called_in_every_form) {
  const actor ada = open().at("ada").value();
  deposit(ada, 1);
  EXPECT_TRUE(ada.call("deposit", args(std::uint64_t{1})));
  auto promised = ada.future_call("deposit", args(std::uint64_t{1}));
  owner.settle();
  EXPECT_TRUE(promised.get());
  const auto typed = ada.function<std::uint64_t()>("balance");
  ASSERT_TRUE(typed) << typed.error().detail;
  EXPECT_EQ(*(*typed)(), 3U);
  EXPECT_EQ(ada.call<std::uint64_t>("balance", {}).value, 3U);
}

TEST_F(actor_test, is_found_by_a_typed_function_that_was_looked_up_before_it_gave_its_place_up) {
  const actors bank = open({.resident = 1});
  const actor ada = bank.at("ada").value();
  const auto typed = ada.function<std::uint64_t()>("balance").value();
  deposit(ada, 4);
  deposit(bank.at("bob").value(), 1);
  const auto claim = typed.submit().value();
  owner.settle();
  EXPECT_EQ(*claim.wait(0s), 4U);
}

TEST_F(actor_test, is_refused_a_place_where_too_many_wait) {
  const actors bank = open({.resident = 1, .waiting = 2});
  std::vector<ticket> all;
  for (const char* each : {"a", "b", "c"}) all.push_back(begin(bank.at(each).value(), "balance"));
  const auto refused = bank.at("d").value().submit("balance", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::queue_full);
  EXPECT_THAT(refused.error().detail, HasSubstr("2 others wait"));
  EXPECT_TRUE(bank.at("c").value().submit("balance", {})) << "it waits already";
  owner.settle();
  for (const ticket& each : all) EXPECT_TRUE(end(each));
  EXPECT_TRUE(ask(bank.at("d").value(), "balance"));
}

TEST_F(actor_test, does_not_begin_to_live_where_all_states_are_too_large) {
  const actors bank = open({.resident = 1, .state_bytes = 1});
  const actor ada = bank.at("ada").value();
  deposit(ada, 5);
  const auto refused = bank.at("bob").value().submit("balance", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::no_resources);
  EXPECT_EQ(balance(ada), 5U);
}

TEST_F(actor_test, that_leaves_a_state_over_the_limit_fails_and_goes_on_from_the_one_before) {
  const actors bank = open({.resident = 1, .snapshot_bytes = 3});
  const reply told = ask(bank.at("ada").value(), "deposit", args(std::uint64_t{1}));
  EXPECT_EQ(told.outcome, outcome::host_failed);
  EXPECT_THAT(told.detail, HasSubstr("17 bytes, the limit is 3"));
  EXPECT_EQ(balance(bank.at("ada").value()), 0U);
}

TEST_F(actor_test, has_keys_of_its_own) {
  const actors bank = open({.name = "bank", .resident = 1});
  const actor ada = bank.at("ada").value();
  const actor bob = bank.at("bob").value();
  for (const actor& each : {ada, bob, ada, bob})
    EXPECT_EQ(ask(each, "deposit", args(std::uint64_t{1}), {.key = "k"}).value,
              wit::value(wit::value::ok(std::uint64_t{1})));
  EXPECT_EQ(balance(ada), 1U);
  EXPECT_EQ(balance(bob), 1U);
  EXPECT_EQ(ada.submit("deposit", args(std::uint64_t{2}), {.key = "k"}).error(), errc::key_conflict);
}

TEST_F(actor_test, has_an_outcome_for_every_call_when_the_group_is_drained) {
  const actors bank = open({.resident = 1});
  std::vector<ticket> all;
  for (const char* each : {"a", "b", "c", "a", "b"})
    all.push_back(begin(bank.at(each).value(), "deposit", args(std::uint64_t{1})));
  bank.drain(10s);
  for (const ticket& each : all) EXPECT_TRUE(end(each)) << end(each).detail;
  EXPECT_EQ(bank.at("a").value().submit("balance", {}).error(), errc::draining);
  EXPECT_EQ(bank.figures().resident, 0U);
}

TEST(actors_on_real_threads, are_cut_at_the_end_of_the_grace_of_a_drain) {
  host owner(shared_engine());
  const actors bank = owner.open_actors(guest("ledger.wasm"), {.resident = 1}).value();
  const ticket spins = bank.at("a")->submit("spin", args(std::uint64_t{1})).value();
  while (spins.phase() == call_phase::queued) std::this_thread::yield();
  const ticket waits = bank.at("b")->submit("balance", {}).value();
  bank.drain(10ms);
  EXPECT_EQ(spins.wait().outcome, outcome::killed);
  EXPECT_EQ(waits.wait().code, errc::draining);
}

// Ten threads move money about; what they were told of is what there is.
TEST(actors_on_real_threads, have_what_their_callers_were_told) {
  host owner(shared_engine());
  const actors bank = owner.open_actors(guest("ledger.wasm"), {.resident = 8}).value();
  constexpr std::size_t accounts = 40;
  std::array<std::atomic<std::uint64_t>, accounts> expected{};
  std::vector<std::jthread> callers;
  std::atomic<int> wrong{0};
  for (unsigned t = 0; t < 10; ++t)
    callers.emplace_back([&, t] {
      std::mt19937 chance(t);
      for (int i = 0; i < 300; ++i) {
        const std::size_t which = chance() % accounts;
        const actor one = bank.at("account-" + std::to_string(which)).value();
        const std::uint64_t amount = chance() % 100;
        if (chance() % 20 == 0) {
          if (one.call("fail", args(amount)).outcome != outcome::trapped) ++wrong;
        } else if (one.call("deposit", args(amount))) {
          expected[which] += amount;
        } else {
          ++wrong;
        }
      }
    });
  callers.clear();
  EXPECT_EQ(wrong, 0);
  for (std::size_t i = 0; i < accounts; ++i)
    EXPECT_EQ(bank.at("account-" + std::to_string(i))->call("balance", {}).value,
              wit::value(expected[i].load()));
  EXPECT_LE(bank.figures().resident, 8U);
}

TEST_F(actor_test, moves_to_another_component_with_its_state) {
  const actors bank = open({.resident = 2});
  const actor ada = bank.at("ada").value();
  const actor bob = bank.at("bob").value();
  deposit(ada, 5);
  deposit(bob, 7);
  EXPECT_EQ(ask(ada, "version").value, wit::value(1U));
  ASSERT_TRUE(bank.swap(guest("ledger-v2.wasm", on_)));
  EXPECT_EQ(ask(ada, "version").value, wit::value(2U));
  EXPECT_EQ(balance(ada), 5U);
  EXPECT_EQ(balance(bob), 7U);
}

TEST_F(actor_test, stays_with_its_component_where_another_does_not_take_its_state_over) {
  const actors bank = open({.resident = 2}, "ledger-v2.wasm");
  const actor ada = bank.at("ada").value();
  deposit(ada, 5);
  ASSERT_TRUE(bank.swap(guest("ledger.wasm", on_)));
  EXPECT_EQ(ask(ada, "version").value, wit::value(2U));
  EXPECT_EQ(balance(ada), 5U);
  deposit(ada, 6);
  EXPECT_EQ(balance(ada), 11U);
  ASSERT_FALSE(seen.faults.empty());
  EXPECT_THAT(seen.faults.front(), HasSubstr("goes on with the component before"));
  EXPECT_EQ(ask(bank.at("new").value(), "version").value, wit::value(1U)) << "it has nothing to take over";
}

TEST_F(actor_test, goes_back_to_the_component_that_gave_its_state_and_to_no_other) {
  const actors bank = open({.resident = 1}, "ledger-v2.wasm");
  const actor ada = bank.at("ada").value();
  deposit(ada, 5);
  // Neither of the two that come after reads it: the second one is the first as another file.
  ASSERT_TRUE(bank.swap(guest("ledger.wasm", on_)));
  EXPECT_EQ(balance(ada), 5U);
  const component twin =
      component::load(on_, std::filesystem::path(HOLDFAST_GUESTS_DIR) / "ledger.wasm").value();
  ASSERT_TRUE(bank.swap(twin));
  EXPECT_EQ(ask(ada, "version").value, wit::value(2U)) << "not the one that refused it";
  EXPECT_EQ(balance(ada), 5U);
}

TEST_F(actor_test, keeps_no_component_that_has_come_again) {
  const actors bank = open({.resident = 1});
  const actor ada = bank.at("ada").value();
  std::vector<std::weak_ptr<const component::impl>> all;
  for (int i = 0; i < 20; ++i) {
    const bool first = i % 2 == 1;
    const component next = component::load(on_, std::filesystem::path(HOLDFAST_GUESTS_DIR) /
                                                    (first ? "ledger.wasm" : "ledger-v2.wasm"))
                               .value();
    all.push_back(next.internals());
    ASSERT_TRUE(bank.swap(next));
    ASSERT_EQ(ask(ada, "version").value, wit::value(first ? 1U : 2U));
  }
  EXPECT_LE(std::ranges::count_if(all, [](const auto& each) { return !each.expired(); }), 4);
}

TEST_F(actor_test, is_served_by_an_earlier_version_whose_state_the_newest_does_not_take_over) {
  {
    const actors before = open({.name = "bank", .resident = 2}, "ledger-v2.wasm");
    deposit(before.at("ada").value(), 5);
    before.drain(duration::zero());
  }
  const actors bank = open({.name = "bank", .resident = 2, .earlier = {guest("ledger-v2.wasm", on_)}});
  EXPECT_EQ(ask(bank.at("ada").value(), "version").value, wit::value(2U));
  EXPECT_EQ(balance(bank.at("ada").value()), 5U);
  EXPECT_EQ(ask(bank.at("bob").value(), "version").value, wit::value(1U));
  const auto refused = owner.get().open_actors(guest("orders.wasm", on_), {.earlier = {bank.component()}});
  EXPECT_EQ(refused.error(), errc::bad_arguments);
  EXPECT_THAT(refused.error().detail, HasSubstr("holdfast:actor/lifecycle"));
}

TEST_F(actor_test, refuses_a_component_that_would_lose_its_state) {
  const actors bank = open();
  const auto refused = bank.swap(guest("orders.wasm", on_));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::bad_arguments);
  EXPECT_THAT(refused.error().detail, HasSubstr("holdfast:actor/lifecycle"));
}

TEST_F(actor_test, finishes_on_the_component_before_what_it_had_accepted) {
  const actors bank = open({.resident = 1});
  const actor ada = bank.at("ada").value();
  const actor bob = bank.at("bob").value();
  std::vector<ticket> before;
  for (int i = 0; i < 3; ++i) before.push_back(begin(ada, "version"));
  for (int i = 0; i < 3; ++i) before.push_back(begin(bob, "version"));  // it waits for a place
  ASSERT_TRUE(bank.swap(guest("ledger-v2.wasm", on_)));
  const ticket after = begin(ada, "version");
  for (int i = 0; i < 100; ++i) {
    owner.settle();
    owner.world.advance(1ms);
  }
  for (const ticket& each : before) EXPECT_EQ(end(each).value, wit::value(1U));
  EXPECT_EQ(end(after).value, wit::value(2U));
  EXPECT_EQ(ask(bob, "version").value, wit::value(2U));
}

TEST_F(actor_test, needs_a_key_and_a_place) {
  const actors bank = open();
  EXPECT_EQ(bank.at("").error(), errc::bad_arguments);
  EXPECT_EQ(bank.at(std::string(1025, 'k')).error(), errc::bad_arguments);
  EXPECT_EQ(owner.get().open_actors(guest("ledger.wasm", on_), {.resident = 0}).error(), errc::limit);
  EXPECT_EQ(owner.get().open_actors(guest("ledger.wasm", on_), {.resident = 1000}).error(),
            errc::no_resources);
}

}  // namespace
}  // namespace holdfast
