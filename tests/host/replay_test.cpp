// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <holdfast/actors.hpp>
#include <string>
#include <vector>

#include "host/durable.hpp"
#include "host/keyed_export.hpp"

// Deterministic actors: what is lost with an instance is done again by the next, to the same end and to no
// other effect; and one that comes to another end is told apart.
namespace holdfast {
namespace {

using namespace testing_support;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

component deterministic(const std::string& file, const contract_sources& contract = {}) {
  const auto path = std::filesystem::path(HOLDFAST_GUESTS_DIR) / file;
  return component::load(calm_engine(), path,
                         {.cache = default_compile_cache(), .contract = contract, .replay = determinism::on})
      .value();
}

/// The almanac, whose `peek` is said to change nothing.
const component& almanac() {
  static const component made = [] {
    const scratch_folder folder;
    const std::string path = folder / "marks.json";
    std::ofstream(path) << R"({"exports": {"peek": ["read-only"]}})";
    return deterministic("almanac.wat", {.manifest = path});
  }();
  return made;
}

const component& ledger() {
  static const component made = deterministic("ledger.wasm");
  return made;
}

const component& next_ledger() {
  static const component made = deterministic("ledger-v2.wasm");
  return made;
}

class replay_test : public durable_test {
 protected:
  actor_options oracles(actor_options options = {}) {
    options.name = "oracles";
    options.resident = 2;
    options.functions.define("holdfast:demo/oracle", "ask", [this](std::uint64_t what) {
      asked.push_back(what);
      return what * 1000 + asked.size();
    });
    return options;
  }
  actors open_oracles(actor_options options = {}) {
    return owner->get().open_actors(almanac(), oracles(std::move(options))).value();
  }
  actors open_bank(const component& what, actor_options options = {}) {
    options.name = "bank";
    options.resident = 1;
    return owner->get().open_actors(what, std::move(options)).value();
  }

  reply ask(const actor& of, const char* function, wit::arguments&& with = {}, const call_options& how = {}) {
    const ticket claim = of.submit(function, std::move(with), how).value();
    owner->settle();
    return end(claim);
  }
  std::uint64_t number(const actor& of, const char* function, wit::arguments&& with = {}) {
    const reply told = ask(of, function, std::move(with));
    EXPECT_TRUE(told) << function << ": " << told.detail;
    EXPECT_FALSE(told.state_lost) << function;
    return told.value && told.value->get_if<std::uint64_t>() != nullptr ? told.value->get<std::uint64_t>()
                                                                        : 0;
  }
  /// The instance goes, and the next one is built.
  void fall(const actor& of) {
    EXPECT_EQ(ask(of, "fall").outcome, outcome::trapped);
    owner->settle();
  }
  void deposit(const actor& of, std::uint64_t amount) { EXPECT_TRUE(ask(of, "deposit", args(amount))); }
  std::vector<written_step> steps(const char* of, const char* group = "oracles") {
    return steps_of(*kept, detail::print_of_actor(group, of));
  }
  /// Steps until nobody of the cell's builds is left: one that always fails gives up at last.
  reply until_broken(const actor& of, const char* function) {
    const ticket claim = of.submit(function, {}, {.deadline = no_limit, .run_limit = no_limit}).value();
    for (int i = 0; i < 100'000 && claim.phase() != call_phase::done; ++i) {
      owner->settle();
      owner->world.advance(std::chrono::milliseconds(100));
    }
    return end(claim);
  }

  std::vector<std::uint64_t> asked;
};

TEST_F(replay_test, gives_an_actor_after_a_trap_all_that_it_was_told_before) {
  const actor delphi = open_oracles().at("delphi").value();
  number(delphi, "draw");
  number(delphi, "hour");
  const std::uint64_t sum = number(delphi, "ask", args(std::uint64_t{5}));
  fall(delphi);
  EXPECT_EQ(number(delphi, "peek"), sum);
  EXPECT_THAT(asked, ElementsAre(5U)) << "the host is not asked again";
  EXPECT_EQ(number(delphi, "ask", args(std::uint64_t{6})), sum + 6002) << "and it goes on";
  fall(delphi);
  EXPECT_EQ(number(delphi, "peek"), sum + 6002);
}

TEST_F(replay_test, gives_an_actor_after_a_crash_all_that_it_was_told_before) {
  std::uint64_t sum = 0;
  {
    const actor delphi = open_oracles().at("delphi").value();
    number(delphi, "draw");
    number(delphi, "ask", args(std::uint64_t{5}));
    sum = number(delphi, "hour");
    EXPECT_EQ(steps("delphi").size(), 3U);
  }
  crash();
  const actors all = open_oracles();
  EXPECT_EQ(number(all.at("delphi").value(), "peek"), sum);
  EXPECT_EQ(number(all.at("dodona").value(), "peek"), 0U) << "another has done none of it";
  EXPECT_THAT(asked, ElementsAre(5U));
}

TEST_F(replay_test, keeps_long_arguments_whoever_had_them) {
  const actors all = open_oracles();
  const actor delphi = all.at("delphi").value();
  number(delphi, "long", args(std::string(3000, 'a')));
  const auto typed = delphi.function<std::uint64_t(std::string)>("long").value();
  {
    const auto begun = typed.submit(std::string(5000, 'b')).value();
    owner->settle();
  }
  number(delphi, "long", args(std::string(300, 'c')));
  const std::uint64_t sum = 'a' + 'b' + 'c';
  fall(delphi);
  EXPECT_EQ(number(delphi, "peek"), sum);
  crash();
  EXPECT_EQ(number(open_oracles().at("delphi").value(), "peek"), sum);
}

TEST_F(replay_test, begins_from_a_state_that_an_instance_gave_and_went_on) {
  // `activate` asks for chance where there is no state, and for nothing where there is one.
  const actor delphi = open_oracles({.snapshot_every = 2}).at("delphi").value();
  for (int calls = 0; calls < 3; ++calls) number(delphi, "draw");
  EXPECT_EQ(steps("delphi").size(), 1U);
  const std::uint64_t sum = number(delphi, "peek");
  fall(delphi);
  EXPECT_EQ(number(delphi, "peek"), sum);
}

TEST_F(replay_test, is_short_enough_to_be_done_in_the_time_that_an_instance_has) {
  actor_options options;
  options.rebuild.build_limit = std::chrono::seconds(4);
  actors all = [&] {
    actor_options slow = oracles(std::move(options));
    slow.functions.define("holdfast:demo/oracle", "ask", [this](std::uint64_t) -> std::uint64_t {
      owner->world.advance(std::chrono::milliseconds(400));
      return 1;
    });
    return owner->get().open_actors(almanac(), std::move(slow)).value();
  }();
  const actor delphi = all.at("delphi").value();
  std::vector<std::size_t> kept_steps;
  for (int calls = 0; calls < 6; ++calls) {
    number(delphi, "ask", args(std::uint64_t{1}));
    kept_steps.push_back(steps("delphi").size());
  }
  EXPECT_THAT(kept_steps, ElementsAre(1U, 2U, 0U, 1U, 2U, 0U)) << "a quarter of it";
}

TEST_F(replay_test, skips_what_did_not_complete) {
  const actor delphi = open_oracles().at("delphi").value();
  const std::uint64_t sum = number(delphi, "draw");
  fall(delphi);
  fall(delphi);
  EXPECT_EQ(number(delphi, "peek"), sum);
  EXPECT_EQ(steps("delphi").size(), 1U);
}

TEST_F(replay_test, asks_for_the_state_after_so_many_calls_and_forgets_the_calls_then) {
  std::uint64_t sum = 0;
  {
    const actor delphi = open_oracles({.snapshot_every = 3}).at("delphi").value();
    for (std::size_t calls = 1; calls <= 10; ++calls) {
      number(delphi, "draw");
      EXPECT_EQ(steps("delphi").size(), calls % 3) << calls;
    }
    fall(delphi);
    EXPECT_EQ(states_of(*kept).at(detail::print_of_actor("oracles", "delphi")).calls, 9U);
    sum = number(delphi, "peek");
  }
  crash();
  EXPECT_EQ(number(open_oracles().at("delphi").value(), "peek"), sum);
}

TEST_F(replay_test, keeps_sixty_four_calls_unless_somebody_says_otherwise) {
  const actor delphi = open_oracles().at("delphi").value();
  for (std::size_t calls = 1; calls <= 63; ++calls) number(delphi, "draw");
  EXPECT_EQ(steps("delphi").size(), 63U);
  number(delphi, "draw");
  EXPECT_THAT(steps("delphi"), IsEmpty());
}

TEST_F(replay_test, keeps_no_more_of_calls_than_it_may) {
  const actor delphi = open_oracles({.replay_bytes = 1000}).at("delphi").value();
  std::size_t most = 0;
  std::uint64_t sum = 0;
  for (int calls = 1; calls <= 30; ++calls) {
    sum = number(delphi, "draw");
    most = std::max(most, steps("delphi").size());
  }
  EXPECT_GT(most, 1U);
  EXPECT_LT(most, 10U);
  fall(delphi);
  EXPECT_EQ(number(delphi, "peek"), sum);
}

TEST_F(replay_test, is_not_what_a_passivated_actor_needs) {
  const actors all = open_oracles();
  const std::uint64_t sum = number(all.at("delphi").value(), "draw");
  number(all.at("dodona").value(), "draw");
  number(all.at("siwa").value(), "draw");
  EXPECT_THAT(steps("delphi"), IsEmpty()) << "it gave its state as it gave its place up";
  EXPECT_EQ(number(all.at("delphi").value(), "peek"), sum);
}

TEST_F(replay_test, needs_no_journal) {
  kept.reset();
  std::vector<std::uint64_t> sums;
  outcomes_seen nobody;
  manual_host alone(nobody, {}, calm_engine());
  const actors all = alone.get().open_actors(almanac(), oracles()).value();
  const actor delphi = all.at("delphi").value();
  for (const char* function : {"draw", "hour", "fall", "peek"}) {
    const ticket claim = delphi.submit(function, {}).value();
    alone.settle();
    const reply told = end(claim);
    EXPECT_FALSE(told.state_lost);
    if (told) sums.push_back(told.value->get<std::uint64_t>());
  }
  ASSERT_EQ(sums.size(), 3U);
  EXPECT_EQ(sums[1], sums[2]);
  kept = memory_journal();
}

TEST_F(replay_test, has_the_outcome_and_what_the_call_did_or_neither) {
  for (std::size_t steps = 0; steps < 40; ++steps) {
    SCOPED_TRACE(steps);
    kept = memory_journal();
    crash();
    std::uint64_t first = 0;
    {
      const actor ada = open_bank(ledger()).at("ada").value();
      deposit(ada, 3);
      deposit(ada, 4);
      first = number(ada, "balance");
      static_cast<void>(ada.submit("deposit", args(std::uint64_t{5}), {.key = "k"}).value());
      for (std::size_t i = 0; i < steps; ++i) owner->step();
    }
    crash();
    EXPECT_EQ(first, 7U);
    const actor ada = open_bank(ledger()).at("ada").value();
    owner->settle();
    const std::uint64_t before = number(ada, "balance");
    const reply again = ask(ada, "deposit", args(std::uint64_t{5}), {.key = "k"});
    const std::uint64_t after = number(ada, "balance");
    if (again.outcome == outcome::lost_in_crash) {
      EXPECT_EQ(before, 7U) << "what nobody was told of has left nothing";
      EXPECT_EQ(after, 7U);
    } else {
      EXPECT_EQ(again.value, wit::value(wit::value::ok(std::uint64_t{12}))) << again.detail;
      EXPECT_EQ(after, 12U) << "once, whoever ran it";
    }
  }
}

TEST_F(replay_test, of_a_call_that_comes_to_another_end_is_named_and_serves_nobody) {
  {
    const actor delphi = open_oracles().at("delphi").value();
    number(delphi, "draw");
    number(delphi, "peek");
    EXPECT_EQ(number(delphi, "stray"), 1U) << "it tells of a call that was said to change nothing";
  }
  crash();
  const actors all = open_oracles();
  const reply told = until_broken(all.at("delphi").value(), "peek");
  EXPECT_EQ(told.code, errc::broken);
  EXPECT_EQ(told.code, effect::not_executed);
  EXPECT_THAT(told.detail, HasSubstr("its call of `stray` again, number 2 of 2"));
  EXPECT_THAT(told.detail, HasSubstr("returned something else"));
  EXPECT_EQ(number(all.at("dodona").value(), "peek"), 0U) << "the others go on";
}

TEST_F(replay_test, of_a_guest_that_asks_for_something_else_is_named_and_asks_nobody) {
  {
    const actor delphi = open_oracles().at("delphi").value();
    number(delphi, "peek");
    number(delphi, "fickle");
    EXPECT_THAT(asked, ElementsAre(7U));
  }
  crash();
  const reply told = until_broken(open_oracles().at("delphi").value(), "peek");
  EXPECT_EQ(told.code, errc::broken);
  EXPECT_THAT(told.detail, HasSubstr("`fickle` again, number 1 of 1"));
  EXPECT_THAT(told.detail, HasSubstr("wasi:random/random"));
  EXPECT_THAT(told.detail, HasSubstr("holdfast:demo/oracle#ask"));
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(replay_test, is_left_out_by_actors_that_are_not_deterministic_and_they_say_so) {
  std::uint64_t sum = 0;
  {
    const actor delphi = open_oracles({.snapshot_every = 2}).at("delphi").value();
    number(delphi, "draw");
    sum = number(delphi, "draw");
    number(delphi, "draw");
  }
  crash();
  const component plain =
      component::load(calm_engine(), std::filesystem::path(HOLDFAST_GUESTS_DIR) / "almanac.wat").value();
  const actor delphi = owner->get().open_actors(plain, oracles()).value().at("delphi").value();
  const reply told = ask(delphi, "peek");
  EXPECT_EQ(told.value, wit::value(sum)) << "the state before the last call";
  EXPECT_TRUE(told.state_lost);
  EXPECT_FALSE(ask(delphi, "draw").state_lost) << "it was said";
  EXPECT_THAT(steps("delphi"), IsEmpty());
}

TEST_F(replay_test, moves_actors_to_the_next_component_by_their_states) {
  const actors bank = open_bank(ledger());
  const actor ada = bank.at("ada").value();
  deposit(ada, 5);
  deposit(ada, 6);
  ASSERT_TRUE(bank.swap(next_ledger()));
  EXPECT_EQ(ask(ada, "version").value, wit::value(std::uint32_t{2}));
  EXPECT_EQ(number(ada, "balance"), 11U);
  deposit(ada, 1);
  ASSERT_EQ(ask(ada, "fail", args(std::uint64_t{1})).outcome, outcome::trapped);
  EXPECT_EQ(number(ada, "balance"), 12U);
}

TEST_F(replay_test, is_done_by_the_component_that_made_the_calls_before_the_next_one_has_their_state) {
  const actors bank = open_bank(ledger());
  const actor ada = bank.at("ada").value();
  deposit(ada, 5);
  // It is cut while it gives its place up: its state is not asked for.
  ASSERT_TRUE(ada.submit("fail", args(std::uint64_t{1})));
  ASSERT_TRUE(bank.swap(next_ledger()));
  owner->settle();
  EXPECT_EQ(ask(ada, "version").value, wit::value(std::uint32_t{2}));
  EXPECT_EQ(number(ada, "balance"), 5U);
  EXPECT_THAT(steps("ada", "bank"), IsEmpty());
}

TEST_F(replay_test, is_done_by_the_component_that_can_before_one_has_the_state_that_cannot) {
  const component plain =
      component::load(calm_engine(), std::filesystem::path(HOLDFAST_GUESTS_DIR) / "ledger-v2.wasm").value();
  const actors bank = open_bank(ledger());
  const actor ada = bank.at("ada").value();
  deposit(ada, 5);
  ASSERT_TRUE(ada.submit("fail", args(std::uint64_t{1})));
  ASSERT_TRUE(bank.swap(plain));
  owner->settle();
  EXPECT_EQ(number(ada, "balance"), 5U);
  EXPECT_EQ(ask(ada, "version").value, wit::value(std::uint32_t{2}));
}

TEST_F(replay_test, goes_on_with_the_component_before_as_often_as_it_falls) {
  const actors bank = open_bank(next_ledger());
  const actor ada = bank.at("ada").value();
  deposit(ada, 5);
  ASSERT_TRUE(bank.swap(ledger()));  // it does not read the state
  for (std::uint64_t calls = 1; calls <= 3; ++calls) {
    deposit(ada, 1);
    ASSERT_EQ(ask(ada, "fail", args(std::uint64_t{1})).outcome, outcome::trapped);
    EXPECT_EQ(number(ada, "balance"), 5 + calls);
    EXPECT_EQ(ask(ada, "version").value, wit::value(std::uint32_t{2}));
  }
}

TEST_F(replay_test, by_another_component_than_made_the_calls_is_refused_and_says_what_to_do) {
  {
    const actor ada = open_bank(ledger()).at("ada").value();
    deposit(ada, 5);
  }
  crash();
  {
    const reply told = until_broken(open_bank(next_ledger()).at("ada").value(), "balance");
    EXPECT_EQ(told.code, errc::broken);
    EXPECT_THAT(told.detail, HasSubstr("another version of the component"));
  }
  crash();
  const actors bank = open_bank(next_ledger(), {.earlier = {ledger()}});
  const actor ada = bank.at("ada").value();
  EXPECT_EQ(number(ada, "balance"), 5U);
  EXPECT_EQ(ask(ada, "version").value, wit::value(std::uint32_t{2})) << "it has moved on at once";
  EXPECT_THAT(steps("ada", "bank"), IsEmpty());
}

TEST_F(replay_test, of_which_the_journal_lacks_a_part_is_refused_and_says_which) {
  {
    const actor delphi = open_oracles().at("delphi").value();
    number(delphi, "draw");
    number(delphi, "draw");
  }
  crash();
  written_step last = steps("delphi").back();
  EXPECT_EQ(last.serial, 2U);
  last.serial = 4;
  const journal_step stray = last.shown(detail::print_of_actor("oracles", "delphi"));
  ASSERT_FALSE(kept->commit({.steps = {&stray, 1}}));
  const reply told = until_broken(open_oracles().at("delphi").value(), "peek");
  EXPECT_EQ(told.code, errc::broken);
  EXPECT_THAT(told.detail, HasSubstr("lacks number 3"));
}

TEST_F(replay_test, gives_a_cart_in_javascript_the_same_order_again) {
  const component carts = deterministic("cart-js.wasm");
  actor_options options;
  options.name = "carts";
  options.resident = 1;
  options.limits.memory = 256U << 20;
  wit::value order;
  const auto open = [&] { return owner->get().open_actors(carts, options).value().at("ada").value(); };
  {
    const actor cart = open();
    EXPECT_TRUE(ask(cart, "add", args("pen", std::uint32_t{2}, std::uint64_t{150})));
    const reply told = ask(cart, "checkout");
    ASSERT_TRUE(told) << told.detail;
    order = *told.value;
    EXPECT_EQ(steps("ada", "carts").size(), 2U);
  }
  crash();
  const reply told = ask(open(), "last-order");
  ASSERT_TRUE(told) << told.detail;
  ASSERT_TRUE(told.value->get<wit::option_value>().some());
  EXPECT_EQ(*told.value->get<wit::option_value>().some(), *order.get<wit::result_value>().payload());
}

TEST_F(replay_test, is_refused_to_components_of_which_no_end_of_calls_could_be_forgotten) {
  const auto refusal = [&](const component& what, actor_options options) {
    options.name = "x";
    return owner->get().open_actors(what, std::move(options)).error();
  };
  const error endless = refusal(deterministic("hello.wat"), {});
  EXPECT_EQ(endless, errc::bad_arguments);
  EXPECT_THAT(endless.message(), HasSubstr("holdfast:actor/lifecycle"));
  const char* const maker = R"(
(component
  (type $of (resource (rep i32)))
  (export $thing "thing" (type $of))
  (core func $new (canon resource.new $of))
  (core module $code
    (import "thing" "new" (func $new (param i32) (result i32)))
    (func (export "make") (result i32) (call $new (i32.const 1))))
  (core instance $guest (instantiate $code (with "thing" (instance (export "new" (func $new))))))
  (func (export "make") (result (own $thing)) (canon lift (core func $guest "make"))))
)";
  const error held =
      refusal(component::compile(calm_engine(), bytes_of(maker), {.replay = determinism::on}).value(), {});
  EXPECT_EQ(held, errc::bad_arguments);
  EXPECT_THAT(held.message(), HasSubstr("resources"));
  actor_options reaching = oracles();
  reaching.may_reach.network = true;
  EXPECT_EQ(refusal(almanac(), std::move(reaching)), errc::bad_arguments);
}

}  // namespace
}  // namespace holdfast
