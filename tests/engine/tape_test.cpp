// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/bare_guest.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using core::guest_state;
using testing::HasSubstr;

const compile_options replayed{.replay = determinism::on};
constexpr std::size_t enough = 1U << 16;

// Asks the host for prices.
const char* const shop = R"((component
  (import "test:shop/host" (instance $host
    (export "price" (func (param "of" u32) (result u32)))
    (export "stock" (func (param "of" u32) (result u32)))))
  (alias export $host "price" (func $price))
  (alias export $host "stock" (func $stock))
  (core func $price_lowered (canon lower (func $price)))
  (core func $stock_lowered (canon lower (func $stock)))
  (core module $m
    (import "" "price" (func $price (param i32) (result i32)))
    (import "" "stock" (func $stock (param i32) (result i32)))
    (global $spent (mut i32) (i32.const 0))
    (func (export "buy") (param i32) (result i32)
      (if (call $stock (local.get 0))
        (then (global.set $spent (i32.add (global.get $spent) (call $price (local.get 0))))))
      (global.get $spent))
    (func (export "look") (param i32) (result i32) (call $price (local.get 0)))
    (func (export "spent") (result i32) (global.get $spent)))
  (core instance $i (instantiate $m (with "" (instance
    (export "price" (func $price_lowered)) (export "stock" (func $stock_lowered))))))
  (func (export "buy") (param "what" u32) (result u32) (canon lift (core func $i "buy")))
  (func (export "look") (param "at" u32) (result u32) (canon lift (core func $i "look")))
  (func (export "spent") (result u32) (canon lift (core func $i "spent")))))";

// A shop whose host counts what it is asked; the price is ten times the thing and what was asked before.
class counted_shop {
 public:
  explicit counted_shop(std::size_t tape_bytes = enough)
      : guest(compiled(shop, replayed), host(), tape_bytes) {
    EXPECT_EQ(guest.settle(), guest_state::ready);
  }

  bridge::instance& tape() { return dynamic_cast<bridge::instance&>(guest.get()); }
  std::uint32_t buy(std::uint32_t what) { return guest.ask_for<std::uint32_t>("buy", args(what)); }

  // What a call that goes another way ends as.
  error diverge(std::string_view name, std::uint32_t with) {
    EXPECT_FALSE(guest.start(name, args(with)));
    EXPECT_EQ(guest.settle(), guest_state::failed);
    const core::fault why = guest.get().take_fault();
    return {why.code, why.message};
  }

  unsigned asked = 0;
  bare_guest guest;

 private:
  pool_options host() {
    pool_options options;
    options.functions.define("test:shop/host", "price", [this](host_call call) {
      const auto of = call.args().at(0).get<std::uint32_t>();
      std::move(call).reply(wit::value(10 * of + asked++));
    });
    options.functions.define_inline("test:shop/host", "stock", [this](std::uint32_t) noexcept {
      ++asked;
      return 1U;
    });
    return options;
  }
};

TEST(tape, answers_for_the_host_when_it_is_played) {
  counted_shop first;
  first.buy(1);
  const std::uint32_t spent = first.buy(2);
  EXPECT_EQ(first.asked, 4U);
  const auto tape = first.tape().take_tape();
  ASSERT_TRUE(tape);

  counted_shop second;
  second.tape().play(tape->bytes());
  second.buy(1);
  EXPECT_EQ(second.buy(2), spent);
  EXPECT_EQ(second.asked, 0U) << "nobody was asked";
  EXPECT_FALSE(second.tape().end_play());
  second.buy(3);
  EXPECT_EQ(second.asked, 2U) << "it goes on with the host itself";
}

TEST(tape, is_ended_by_each_segment_and_recorded_again) {
  counted_shop first;
  EXPECT_EQ(first.tape().take_tape()->size(), 0U) << "its instantiation asked for nothing";
  first.buy(1);
  const auto one = first.tape().take_tape();
  first.buy(2);
  const auto two = first.tape().take_tape();

  counted_shop second;
  for (const auto* each : {&one, &two}) {
    second.tape().play((*each)->bytes());
    second.buy(each == &one ? 1 : 2);
    EXPECT_FALSE(second.tape().end_play());
  }
  EXPECT_EQ(second.guest.ask_for<std::uint32_t>("spent"), first.guest.ask_for<std::uint32_t>("spent"));
}

TEST(tape, ends_a_guest_that_goes_another_way) {
  counted_shop first;
  first.buy(1);
  const auto tape = first.tape().take_tape();

  counted_shop other_function;
  other_function.tape().play(tape->bytes());
  const error another = other_function.diverge("look", 1);
  EXPECT_EQ(another, errc::replay_diverged);
  EXPECT_EQ(another, effect::not_executed);
  EXPECT_THAT(another.detail, HasSubstr("asks for `test:shop/host#price`, and when it was recorded for "
                                        "`test:shop/host#stock`"));

  counted_shop other_arguments;
  other_arguments.tape().play(tape->bytes());
  EXPECT_THAT(other_arguments.diverge("buy", 2).detail,
              HasSubstr("asks `test:shop/host#stock` with other arguments than when it was recorded"));

  counted_shop more;
  more.tape().play(tape->bytes());
  more.buy(1);
  const error ended = more.diverge("buy", 1);
  EXPECT_EQ(ended, errc::replay_diverged);
  EXPECT_THAT(ended.detail, HasSubstr("for nothing more"));
  EXPECT_EQ(other_function.asked + other_arguments.asked + more.asked, 0U);
}

TEST(tape, that_was_not_used_up_says_what_comes_next) {
  counted_shop first;
  first.buy(1);
  const auto tape = first.tape().take_tape();
  counted_shop second;
  second.tape().play(tape->bytes());
  second.guest.ask("spent");
  const auto left = second.tape().end_play();
  ASSERT_TRUE(left);
  EXPECT_EQ(*left, errc::replay_diverged);
  EXPECT_THAT(left->detail, HasSubstr("`test:shop/host#stock` next"));
  EXPECT_FALSE(second.tape().end_play()) << "the next segment is recorded";
  second.buy(1);
  EXPECT_EQ(second.asked, 2U);
}

TEST(tape, that_would_be_too_long_is_given_up_and_the_guest_goes_on) {
  counted_shop tight(40);
  EXPECT_GT(tight.buy(1), 0U);
  EXPECT_FALSE(tight.tape().take_tape());
  tight.guest.ask("spent");
  EXPECT_TRUE(tight.tape().take_tape()) << "the next one is short";
}

TEST(tape, tells_what_the_context_of_the_call_was) {
  const component cooperative = built("cooperative.wat", replayed);
  bare_guest first(cooperative, {}, enough);
  ASSERT_EQ(first.settle(), guest_state::ready);
  const core::request limited{
      .key = "order-17", .attempt = 3, .stop_at = first.world.now() + std::chrono::milliseconds(30)};
  const auto all = [](bare_guest& of, const core::request& how) {
    std::vector<wit::value> said;
    for (const char* name : {"key", "attempt", "generation", "time-left", "start-attempt"})
      said.push_back(of.ask(name, {}, how));
    return said;
  };
  first.renew();
  ASSERT_EQ(first.settle(), guest_state::ready);
  const auto told = all(first, limited);
  EXPECT_EQ(told[0], wit::value::some("order-17"));
  const auto tape = dynamic_cast<bridge::instance&>(first.get()).take_tape();

  bare_guest second(cooperative, {}, enough);
  auto& played = dynamic_cast<bridge::instance&>(second.get());
  played.play(tape->bytes());
  ASSERT_EQ(second.settle(), guest_state::ready) << "the instantiation is of the same segment";
  EXPECT_TRUE(all(second, {}) == told);
  EXPECT_FALSE(played.end_play());
  EXPECT_EQ(second.ask("key"), wit::value::none());
}

TEST(tape, ends_an_instantiation_that_goes_another_way) {
  bare_guest guest(built("cooperative.wat", replayed), {}, enough);
  dynamic_cast<bridge::instance&>(guest.get()).play({});
  EXPECT_EQ(guest.settle(), guest_state::failed);
  const core::fault why = guest.get().take_fault();
  EXPECT_EQ(why.code, errc::replay_diverged);
  EXPECT_THAT(why.message, HasSubstr("`holdfast:call/context#attempt`"));
}

error link_error(const component& of, const pool_options& options = {}) {
  static const core::steady_time clock;
  const auto linked = bridge::blueprint::link(of, options, [](auto) {}, clock, enough);
  return linked ? error() : linked.error();
}

TEST(tape, is_refused_where_it_would_not_hold_everything) {
  const component plain = compiled(shop);
  EXPECT_FALSE(plain.deterministic());
  EXPECT_EQ(link_error(plain), errc::bad_arguments);
  EXPECT_THAT(link_error(plain).detail, HasSubstr("determinism::on"));

  const component replayable = compiled(shop, replayed);
  EXPECT_TRUE(replayable.deterministic());
  EXPECT_EQ(link_error(replayable, {.may_reach = {.network = true}}), errc::bad_arguments);
  EXPECT_EQ(link_error(replayable, {.may_reach = {.directories = {{"/tmp", "/"}}}}), errc::bad_arguments);
  EXPECT_EQ(link_error(replayable), errc::unknown_import);

  EXPECT_EQ(link_error(compiled(R"((component (import "wasi:random/random@0.3.0" (instance
    (export "get-random-u64" (func (result u64)))))))",
                                replayed)),
            errc::unsupported_component);
}

TEST(tape, has_no_place_for_functions_that_pass_resources) {
  const component bank = compiled(R"((component
    (import "test:bank/accounts" (instance
      (export "account" (type $a (sub resource)))
      (export "close" (func (param "which" (own $a))))))))",
                                  replayed);
  pool_options options;
  options.functions.define_resource<int>("test:bank/accounts", "account")
      .define("test:bank/accounts", "close", [](host_call call) { std::move(call).reply(); });
  const error refused = link_error(bank, options);
  EXPECT_EQ(refused, errc::bad_arguments);
  EXPECT_THAT(refused.detail, HasSubstr("import `test:bank/accounts#close`"));
}

TEST(determinism, is_refused_to_a_component_with_async_functions) {
  const auto made =
      component::load(ticking_engine(), std::filesystem::path(HOLDFAST_GUESTS_DIR) / "tasks.wat", replayed);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), errc::unsupported_component);
  EXPECT_THAT(made.error().detail, HasSubstr("async functions"));
}

TEST(determinism, costs_a_guest_without_a_tape_nothing_but_its_code) {
  bare_guest guest(built("orders.wasm", replayed));
  ASSERT_EQ(guest.settle(), guest_state::ready);
  EXPECT_EQ(guest.ask_for<std::uint32_t>("add", args(1U, 2U)), 3U);
  EXPECT_FALSE(dynamic_cast<bridge::instance&>(guest.get()).take_tape());
}

}  // namespace
}  // namespace holdfast
