// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/actors.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/manual_host.hpp"
#include "host/pool_call.hpp"

// What guests call of their host's other components: whom they may, what they are told, and that nothing
// waits for itself.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;

struct told_of {
  bool ok = false;
  std::string text{};  ///< what was returned, or the code
  std::string effect{};
  std::string detail{};
};

class outbound_test : public testing::Test {
 protected:
  void SetUp() override {
    actor_options bank_options{.name = "bank", .resident = 2};
    bank.emplace(owner.get().open_actors(guest("ledger.wasm", calm_engine()), bank_options).value());
    relays.emplace(open_relays({"bank", "relays", "beds"}, 2));
  }

  actors open_relays(std::vector<std::string> calls, std::uint32_t resident, std::string name = "relays") {
    actor_options options{.name = std::move(name), .resident = resident};
    options.may_reach.calls = std::move(calls);
    return owner.get().open_actors(guest("relay.wat", calm_engine()), std::move(options)).value();
  }

  static wit::arguments asking(std::string component, std::optional<std::string> actor, std::string function,
                               std::string arguments) {
    return args(std::move(component), std::move(actor), std::move(function), std::move(arguments));
  }

  static told_of read(const reply& told) {
    if (!told) return {.text = std::string("the relay: ") + told.code.message() + ": " + told.detail};
    const auto& either = told.value->get<wit::result_value>();
    if (either.is_ok()) return {.ok = true, .text = either.payload()->get<std::string>()};
    const auto& why = either.payload()->get<wit::record_value>();
    return {.text = why.find("code")->get<std::string>(),
            .effect = why.find("effect")->get<wit::enum_value>().name(),
            .detail = why.find("detail")->get<std::string>()};
  }

  told_of ask(const actor& by, wit::arguments&& what, const call_options& how = {},
              const char* through = "relay") {
    const ticket claim = by.submit(through, std::move(what), how).value();
    owner.settle();
    EXPECT_EQ(claim.phase(), call_phase::done);
    return claim.phase() == call_phase::done ? read(claim.wait(0s)) : told_of();
  }

  actor relay(const char* key = "r") { return relays->at(key).value(); }
  std::uint64_t balance(const char* of) {
    const ticket claim = bank->at(of)->submit("balance", {}).value();
    owner.settle();
    return claim.wait(0s).value->get<std::uint64_t>();
  }

  manual_host owner{no_observer(), {}, calm_engine()};
  std::optional<actors> bank;
  std::optional<actors> relays;
};

TEST_F(outbound_test, brings_what_another_actor_returned) {
  const told_of told = ask(relay(), asking("bank", "ada", "deposit", "[5]"));
  EXPECT_TRUE(told.ok) << told.detail;
  EXPECT_EQ(told.text, R"({"ok":5})");
  EXPECT_EQ(ask(relay(), asking("bank", "ada", "balance", "[]")).text, "5");
  EXPECT_EQ(ask(relay(), asking("bank", "ada", "withdraw", R"({"amount": 9})")).text,
            R"({"err":{"insufficient":5}})");
}

TEST_F(outbound_test, says_why_a_call_did_not_complete_and_whether_the_guest_ran) {
  const told_of trapped = ask(relay(), asking("bank", "ada", "fail", "[5]"));
  EXPECT_EQ(trapped.text, "trapped");
  EXPECT_EQ(trapped.effect, "executed");
  const told_of unknown = ask(relay(), asking("bank", "ada", "no-such", "[]"));
  EXPECT_EQ(unknown.text, "no_such_export");
  EXPECT_EQ(unknown.effect, "not-executed");
  for (const char* bad : {"[", "5", "[\"x\"]", "[5, 6]", "[-1]"}) {
    const told_of told = ask(relay(), asking("bank", "ada", "deposit", bad));
    EXPECT_EQ(told.text, "bad_arguments") << bad;
    EXPECT_EQ(told.effect, "not-executed");
  }
  EXPECT_EQ(balance("ada"), 0U);
}

TEST_F(outbound_test, reaches_nobody_whom_the_embedder_did_not_name) {
  const actors others = open_relays({}, 1, "others");
  const actor other = others.at("o").value();
  for (const char* each : {"bank", "nobody", "others"}) {
    const told_of told = ask(other, asking(each, "ada", "balance", "[]"));
    EXPECT_EQ(told.text, "no_such_export") << each;
    EXPECT_THAT(told.detail, HasSubstr("may be called from here"));
  }
  EXPECT_EQ(ask(relay(), asking("bank", std::nullopt, "balance", "[]")).text, "no_such_export")
      << "there is no pool of that name";
  EXPECT_EQ(ask(relay(), asking("bank", "", "balance", "[]")).text, "no_such_export");
}

TEST_F(outbound_test, has_a_key_that_follows_from_the_call_that_makes_it) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ask(relay(), asking("bank", "ada", "deposit", "[5]"), {.key = "k"}).text, R"({"ok":5})");
  EXPECT_EQ(balance("ada"), 5U) << "one call, asked for three times";
  EXPECT_EQ(ask(relay(), asking("bank", "ada", "deposit", "[5]"), {.key = "another"}).text, R"({"ok":10})");
  EXPECT_EQ(ask(relay(), asking("bank", "bob", "deposit", "[5]"), {.key = "two"}, "twice").text,
            R"({"ok":10})")
      << "the second call of one is another";
}

TEST(keys_of_outbound_calls, are_the_same_in_each_attempt_and_differ_within_one) {
  core::fakes::manual_world world;
  const auto call_of = [&](std::uint64_t id) {
    return boost::intrusive_ptr<detail::pool_call>(
        new detail::pool_call(world.env, {1, id}, std::nullopt, ""));
  };
  const auto parent = call_of(1);
  const std::string first = parent->key_of_child(1);
  const std::string second = parent->key_of_child(1);
  EXPECT_NE(first, second);
  EXPECT_EQ(parent->key_of_child(2), first);
  EXPECT_EQ(parent->key_of_child(2), second);
  EXPECT_NE(call_of(2)->key_of_child(1), first) << "another call's are others";
}

TEST_F(outbound_test, that_would_wait_for_itself_is_refused) {
  const told_of itself =
      ask(relay("a"), asking("relays", "a", "relay", R"(["bank", "ada", "balance", "[]"])"));
  EXPECT_EQ(itself.text, "cycle");
  EXPECT_EQ(itself.effect, "not-executed");
  const told_of around =
      ask(relay("a"), asking("relays", "b", "relay",
                             R"(["relays", "a", "relay", "[\"bank\", \"ada\", \"balance\", \"[]\"]"])"));
  EXPECT_TRUE(around.ok);
  EXPECT_THAT(around.text, HasSubstr(R"("code":"cycle")")) << "whoever closes the circle is told";
}

TEST_F(outbound_test, of_two_that_call_each_other_is_refused_to_the_second) {
  const auto crossing = [&](const char* by, const char* to) {
    return relay(by)
        .submit("relay", asking("relays", to, "relay", R"(["bank", "ada", "balance", "[]"])"))
        .value();
  };
  for (int ahead = 0; ahead < 30; ++ahead) {
    SCOPED_TRACE(ahead);
    const ticket first = crossing("a", "b");
    for (int i = 0; i < ahead; ++i) owner.step();
    const ticket second = crossing("b", "a");
    owner.settle();
    ASSERT_EQ(first.phase(), call_phase::done);
    ASSERT_EQ(second.phase(), call_phase::done);
  }
}

TEST_F(outbound_test, waits_for_no_place_that_a_call_may_keep) {
  // Both relays have a place and wait for their callees; the bank has two as well.
  const actors narrow = open_relays({"narrow", "bank"}, 1, "narrow");
  const told_of told =
      ask(narrow.at("a").value(), asking("narrow", "b", "relay", R"(["bank", "ada", "balance", "[]"])"));
  EXPECT_EQ(told.text, "queue_full") << "the only place is the one of who asks";
  EXPECT_EQ(told.effect, "not-executed");
  EXPECT_THAT(told.detail, HasSubstr("does not wait for one"));
}

TEST_F(outbound_test, gets_the_place_of_an_actor_that_is_idle) {
  for (const char* each : {"a", "b", "c", "d"})
    EXPECT_EQ(ask(relay(), asking("bank", each, "deposit", "[1]")).text, R"({"ok":1})") << each;
  EXPECT_LE(bank->figures().resident, 2U);
}

TEST_F(outbound_test, keeps_its_actor_s_next_instance_from_beginning_while_it_runs) {
  const actors trio = open_relays({"beds"}, 3, "trio");
  pool_options beds;
  beds.name = "beds";
  beds.cells = 3;
  std::map<std::uint64_t, host_call> asleep;
  beds.functions.define("holdfast:demo/host", "sleep", [&](host_call call) {
    const auto number = call.args().at(0).get<std::uint64_t>();
    asleep.emplace(number, std::move(call));
  });
  const pool bed = owner.get().open(guest("sleeper.wat", calm_engine()), beds).value();
  const auto nap = [&](const char* key, int number) {
    ticket claim =
        trio.at(key)
            ->submit("relay", asking("beds", std::nullopt, "nap", "[" + std::to_string(number) + "]"))
            .value();
    owner.settle();
    return claim;
  };
  const auto wake = [&](std::uint64_t number) {
    std::move(asleep.at(number)).reply();
    owner.settle();
  };
  const ticket a = nap("a", 1);
  const ticket b = nap("b", 2);
  const ticket d = nap("d", 3);
  ASSERT_EQ(asleep.size(), 3U);
  // Each of those that come is promised the place of one that works, the first that of `a`.
  const ticket c = nap("c", 4);
  const ticket again = nap("a", 5);
  const ticket e = nap("e", 6);
  wake(2);
  wake(3);
  EXPECT_EQ(a.phase(), call_phase::running);
  EXPECT_EQ(again.phase(), call_phase::queued) << "two instances of one actor";
  EXPECT_EQ(e.phase(), call_phase::running) << "it does not wait behind that";
  wake(1);
  EXPECT_EQ(again.phase(), call_phase::running);
}

TEST_F(outbound_test, is_as_bounded_as_the_call_that_makes_it) {
  pool_options beds;
  beds.name = "beds";
  std::vector<host_call> asleep;
  beds.functions.define("holdfast:demo/host", "sleep",
                        [&](host_call call) { asleep.push_back(std::move(call)); });
  const pool bed = owner.get().open(guest("sleeper.wat", calm_engine()), beds).value();
  owner.settle();
  const ticket claim =
      relay().submit("relay", asking("beds", std::nullopt, "nap", "[5]"), {.deadline = 50ms}).value();
  owner.settle();
  EXPECT_EQ(asleep.size(), 1U);
  for (int i = 0; i < 100; ++i) {
    owner.world.advance(1ms);
    owner.settle();
  }
  ASSERT_EQ(claim.phase(), call_phase::done);
  const told_of told = read(claim.wait(0s));
  EXPECT_EQ(told.text, "deadline_killed");
  EXPECT_EQ(told.effect, "executed");
  EXPECT_EQ(bed.cells().front().generation, 2U) << "the call that it made was stopped at the same deadline";
}

}  // namespace
}  // namespace holdfast
