// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <holdfast/function.hpp>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "host/manual_host.hpp"

// Idempotency keys: which call a key stands for, who joins it, and what it leaves behind.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;
namespace asio = boost::asio;

struct keys_seen final : observer {
  void on_refused(errc why) noexcept override { refused.push_back(why); }
  void on_joined(const call_id& call) noexcept override { joined.push_back(call); }
  void on_accepted(const call_id& call) noexcept override { accepted.push_back(call); }
  void on_detached(const call_id& call) noexcept override { detached.push_back(call); }
  std::vector<errc> refused;
  std::vector<call_id> joined;
  std::vector<call_id> accepted;
  std::vector<call_id> detached;
};

class key_test : public testing::Test {
 protected:
  pool open(std::string name = {}, const component& what = guest("sleeper.wat", calm_engine())) {
    pool_options options;
    options.name = std::move(name);
    options.functions.define("holdfast:demo/host", "sleep", [this](host_call call) {
      naps.push_back(call.args().at(0).get<std::uint64_t>());
      parked.push_back(std::move(call));
    });
    pool made = host_of().open(what, std::move(options)).value();
    owner->settle();
    return made;
  }
  /// A sleeper whose naps may be repeated.
  const component& repeatable() {
    loaded =
        component::load(calm_engine(), std::filesystem::path(HOLDFAST_GUESTS_DIR) / "sleeper.wat",
                        {.contract = {.manifest = HOLDFAST_SOURCE_DIR "/tests/storm/fickle.holdfast.json"}})
            .value();
    return *loaded;
  }
  host& host_of() { return owner->get(); }

  ticket begin(const pool& in, std::uint64_t ms, const call_options& how) {
    ticket claim = in.submit("nap", args(ms), how).value();
    owner->settle();
    return claim;
  }
  void answer() {
    ASSERT_FALSE(parked.empty());
    host_call call = std::move(parked.front());
    parked.erase(parked.begin());
    std::move(call).reply();
    owner->settle();
  }
  void fail() {
    host_call call = std::move(parked.front());
    parked.erase(parked.begin());
    std::move(call).fail("as asked");
    owner->settle();
  }
  static reply end(const ticket& of) { return of.wait(0s); }

  std::vector<std::uint64_t> naps;
  std::vector<host_call> parked;
  std::optional<component> loaded;
  keys_seen told;
  // Its epoch never beats: a blocking call of a test is over within its slice, however busy the machine.
  std::optional<manual_host> owner{std::in_place, told, asio::any_io_executor(), calm_engine()};
};

TEST_F(key_test, lets_who_comes_second_join_the_call) {
  const pool served = open();
  const ticket first = begin(served, 5, {.key = "a"});
  const ticket second = begin(served, 5, {.key = "a"});
  EXPECT_EQ(second.id(), first.id());
  EXPECT_EQ(told.accepted.size(), 1U);
  EXPECT_THAT(told.joined, testing::ElementsAre(first.id()));
  answer();
  for (const ticket& each : {first, second}) EXPECT_EQ(end(each).value, wit::value(std::uint64_t{1}));
  EXPECT_EQ(naps.size(), 1U);
}

TEST_F(key_test, gives_who_comes_later_the_outcome_that_was) {
  const pool served = open();
  const call_id first = begin(served, 5, {.key = "a"}).id();
  answer();
  for (int i = 0; i < 3; ++i) {
    const reply again = served.call("nap", args(std::uint64_t{5}), {.key = "a"});
    EXPECT_TRUE(again) << again.detail;
    EXPECT_EQ(again.id, first);
    EXPECT_EQ(again.value, wit::value(std::uint64_t{1}));
    EXPECT_EQ(again.generation, 1U);
    EXPECT_EQ(again.attempts, 1U);
  }
  EXPECT_EQ(naps.size(), 1U);
}

TEST_F(key_test, gives_it_in_every_form_of_a_call) {
  const pool served = open();
  const ticket ran = begin(served, 5, {.key = "a"});
  answer();
  const wit::value one(std::uint64_t{1});
  const call_options with{.key = "a"};
  EXPECT_EQ(end(served.submit("nap", args(std::uint64_t{5}), with).value()).value, one);
  EXPECT_EQ(served.call("nap", args(std::uint64_t{5}), with, std::stop_source().get_token()).value, one);
  EXPECT_EQ(served.future_call("nap", args(std::uint64_t{5}), with).get().value, one);
  const auto nap = served.function<std::uint64_t(std::uint64_t)>("nap").value();
  EXPECT_EQ(nap.call(with, 5U).value, 1U);
  EXPECT_EQ(nap.submit(with, 5U).value().wait(0s).value, 1U);
  EXPECT_EQ(served.call<std::uint64_t>("nap", args(std::uint64_t{5}), with).value, 1U);
  asio::io_context loop;
  std::optional<reply> heard;
  served.async_call("nap", args(std::uint64_t{5}), with,
                    asio::bind_executor(loop, [&](std::error_code, reply what) { heard = std::move(what); }));
  EXPECT_FALSE(heard) << "never in the initiating function";
  loop.run();
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->value, one);
  EXPECT_EQ(naps.size(), 1U);
}

TEST_F(key_test, lets_every_form_of_a_call_join) {
  const pool served = open();
  const call_options with{.key = "a"};
  const ticket first = begin(served, 5, with);
  std::future<reply> later = served.future_call("nap", args(std::uint64_t{5}), with);
  asio::io_context loop;
  std::optional<reply> heard;
  served.async_call("nap", args(std::uint64_t{5}), with,
                    asio::bind_executor(loop, [&](std::error_code, reply what) { heard = std::move(what); }));
  answer();
  loop.run();
  ASSERT_TRUE(heard);
  for (const reply& each : {end(first), later.get(), *heard}) {
    EXPECT_EQ(each.id, first.id());
    EXPECT_EQ(each.value, wit::value(std::uint64_t{1}));
  }
}

TEST_F(key_test, is_refused_for_another_request) {
  const pool served = open();
  const ticket first = begin(served, 5, {.key = "a"});
  const auto other = served.submit("nap", args(std::uint64_t{6}), {.key = "a"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error(), errc::key_conflict);
  answer();
  const reply later = served.call("nap", args(std::uint64_t{6}), {.key = "a"});
  EXPECT_EQ(later.code, errc::key_conflict);
  EXPECT_EQ(later.code, effect::not_executed);
  EXPECT_THAT(told.refused, testing::ElementsAre(errc::key_conflict, errc::key_conflict));
  EXPECT_EQ(naps, std::vector<std::uint64_t>{5});
}

TEST_F(key_test, is_of_its_export_and_of_its_pool_or_of_all_pools_of_a_name) {
  const pool one = open();
  const pool other = open();
  const pool shop = open("shop");
  const pool same_shop = open("shop");
  const ticket of_one = begin(one, 5, {.key = "a"});
  answer();
  EXPECT_EQ(one.call("begun", {}, {.key = "a"}).value, wit::value(std::uint64_t{1}));
  const ticket of_other = begin(other, 6, {.key = "a"});
  EXPECT_EQ(naps.size(), 2U) << "another pool";
  answer();
  const ticket of_shop = begin(shop, 7, {.key = "a"});
  answer();
  EXPECT_EQ(same_shop.call("nap", args(std::uint64_t{7}), {.key = "a"}).value, wit::value(std::uint64_t{1}));
  EXPECT_EQ(naps.size(), 3U);
}

TEST_F(key_test, outlives_the_pool_of_its_call_where_another_has_its_name) {
  {
    const pool before = open("shop");
    const ticket ran = begin(before, 5, {.key = "a"});
    answer();
    before.drain(0s);
  }
  const pool after = open("shop");
  EXPECT_EQ(after.call("nap", args(std::uint64_t{5}), {.key = "a"}).value, wit::value(std::uint64_t{1}));
  EXPECT_EQ(naps.size(), 1U);
}

TEST_F(key_test, is_new_again_where_no_guest_was_entered) {
  const pool served = open();
  const ticket runs = begin(served, 1, {});
  const ticket waits = begin(served, 5, {.key = "a"});
  EXPECT_EQ(waits.revoke(), revoke_answer::revoked);
  EXPECT_EQ(end(waits).outcome, outcome::revoked);
  const ticket expires = begin(served, 6, {.key = "a", .deadline = 5ms});
  owner->world.advance(10ms);
  EXPECT_EQ(end(expires).outcome, outcome::expired_in_queue);
  const ticket next = begin(served, 7, {.key = "a"});
  answer();
  answer();
  EXPECT_TRUE(end(next));
  EXPECT_EQ(naps, (std::vector<std::uint64_t>{1, 7}));
}

TEST_F(key_test, keeps_an_outcome_without_a_result_where_the_export_may_not_run_again) {
  const pool served = open();
  const ticket first = begin(served, 5, {.key = "a"});
  fail();
  EXPECT_EQ(end(first).outcome, outcome::host_failed);
  const reply again = served.call("nap", args(std::uint64_t{5}), {.key = "a"});
  EXPECT_EQ(again.outcome, outcome::host_failed);
  EXPECT_EQ(again.code, effect::executed);
  EXPECT_EQ(again.id, first.id());
  EXPECT_EQ(naps.size(), 1U);
}

TEST_F(key_test, runs_the_next_attempt_where_the_export_may_run_again) {
  const pool served = open({}, repeatable());
  const ticket first = begin(served, 5, {.key = "a"});
  fail();
  EXPECT_EQ(end(first).outcome, outcome::host_failed);
  const ticket second = begin(served, 5, {.key = "a"});
  EXPECT_NE(second.id(), first.id());
  const ticket third = begin(served, 5, {.key = "a"});
  EXPECT_EQ(third.id(), second.id());
  fail();
  EXPECT_EQ(end(third).attempts, 2U);
  const ticket last = begin(served, 5, {.key = "a"});
  answer();
  EXPECT_EQ(end(last).attempts, 3U);
  EXPECT_TRUE(end(last));
  EXPECT_EQ(end(begin(served, 5, {.key = "a"})).id, last.id());
  EXPECT_EQ(naps.size(), 3U);
}

TEST_F(key_test, never_says_of_a_next_attempt_that_no_guest_ran) {
  const pool served = open({}, repeatable());
  const ticket ran = begin(served, 5, {.key = "a"});
  fail();
  const ticket runs = begin(served, 1, {});
  const ticket next = begin(served, 5, {.key = "a"});
  EXPECT_EQ(next.revoke(), revoke_answer::done);
  EXPECT_EQ(end(next).outcome, outcome::host_failed) << "what the last attempt came to";
  EXPECT_EQ(end(next).code, effect::executed);
  EXPECT_EQ(end(next).attempts, 1U);
  answer();
  const ticket again = begin(served, 5, {.key = "a"});
  answer();
  EXPECT_EQ(end(again).attempts, 2U);
}

TEST_F(key_test, withdraws_only_the_one_who_joined) {
  const pool served = open();
  const ticket runs = begin(served, 1, {});
  const ticket first = begin(served, 5, {.key = "a"});
  const ticket joined = begin(served, 5, {.key = "a"});
  EXPECT_EQ(joined.revoke(), revoke_answer::running);
  EXPECT_EQ(first.phase(), call_phase::queued);
  std::stop_source leaves;
  std::future<reply> bound =
      served.future_call("nap", args(std::uint64_t{5}), {.key = "a"}, leaves.get_token());
  leaves.request_stop();
  EXPECT_EQ(bound.get().code, errc::detached);
  EXPECT_EQ(first.phase(), call_phase::queued);
  EXPECT_EQ(first.revoke(), revoke_answer::revoked) << "its own it may take back";
  EXPECT_EQ(end(joined).outcome, outcome::revoked);
  EXPECT_EQ(joined.revoke(), revoke_answer::done);
}

TEST_F(key_test, holds_a_bound_call_for_the_last_one_who_waits) {
  const pool served = open();
  const ticket runs = begin(served, 1, {});
  std::stop_source first;
  std::stop_source second;
  const call_options with{.key = "a"};
  std::future<reply> one = served.future_call("nap", args(std::uint64_t{5}), with, first.get_token());
  std::future<reply> two = served.future_call("nap", args(std::uint64_t{5}), with, second.get_token());
  first.request_stop();
  EXPECT_EQ(one.get().code, errc::detached) << "another waits for it";
  EXPECT_EQ(served.queued(), 1U);
  second.request_stop();
  EXPECT_EQ(two.get().code, errc::revoked);
  EXPECT_EQ(served.queued(), 0U);
  answer();
  EXPECT_EQ(naps.size(), 1U);
}

TEST_F(key_test, keeps_a_bound_call_that_somebody_submitted_too) {
  const pool served = open();
  const ticket runs = begin(served, 1, {});
  std::stop_source leaves;
  std::future<reply> bound =
      served.future_call("nap", args(std::uint64_t{5}), {.key = "a"}, leaves.get_token());
  std::optional<ticket> kept = begin(served, 5, {.key = "a"});
  const call_id id = kept->id();
  leaves.request_stop();
  kept.reset();
  EXPECT_EQ(served.queued(), 1U);
  answer();
  answer();
  EXPECT_EQ(host_of().attach(id).value().wait(0s).value, wit::value(std::uint64_t{2}));
}

TEST_F(key_test, does_not_stand_for_a_caller_who_had_left_before) {
  const pool served = open();
  std::stop_source left;
  left.request_stop();
  const call_options with{.key = "a"};
  EXPECT_EQ(served.call("nap", args(std::uint64_t{5}), with, left.get_token()).code, errc::revoked);
  EXPECT_EQ(served.future_call("nap", args(std::uint64_t{5}), with, left.get_token()).get().code,
            errc::revoked);
  EXPECT_TRUE(told.accepted.empty());
}

TEST_F(key_test, is_not_taken_by_a_request_that_is_refused) {
  pool_options options;
  options.queue_depth = 1;
  options.functions.define("holdfast:demo/host", "sleep",
                           [this](host_call call) { parked.push_back(std::move(call)); });
  const pool served = host_of().open(guest("sleeper.wat", calm_engine()), std::move(options)).value();
  owner->settle();
  const ticket runs = begin(served, 1, {});
  const ticket waits = begin(served, 2, {});
  const auto full = served.submit("nap", args(std::uint64_t{5}), {.key = "a"});
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error(), errc::queue_full);
  answer();
  answer();
  const ticket other = begin(served, 6, {.key = "a"});
  answer();
  EXPECT_TRUE(end(other));
}

TEST_F(key_test, is_remembered_for_a_time) {
  const pool served = open();
  const auto run = [&](const char* key, std::uint64_t ms) -> std::error_code {
    const auto claim = served.submit("nap", args(ms), {.key = key});
    if (!claim) return claim.error().code;
    owner->settle();
    if (!parked.empty()) answer();
    return end(*claim).code;
  };
  EXPECT_FALSE(run("a", 1));
  owner->world.advance(23h);
  EXPECT_FALSE(run("b", 1));
  EXPECT_EQ(run("a", 2), errc::key_conflict);
  owner->world.advance(2h);
  EXPECT_FALSE(run("a", 2)) << "forgotten after a day";
  EXPECT_EQ(run("b", 2), errc::key_conflict);
}

TEST_F(key_test, compares_arguments_and_not_how_they_were_handed_over) {
  const pool echo = open({}, guest("echo.wat", calm_engine()));
  const wit::bytes large(100'000, 7);
  const reply first = echo.call("echo", args(large), {.key = "a"});
  ASSERT_TRUE(first);
  const auto typed = echo.function<wit::bytes(wit::bytes)>("echo").value();
  const auto again = typed.call({.key = "a"}, large);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.value, large);
  wit::bytes other = large;
  other.back() = 8;
  EXPECT_EQ(typed.call({.key = "a"}, other).code, errc::key_conflict);
}

TEST_F(key_test, is_another_requests_where_the_export_has_other_types_since) {
  const auto text = [](const char* type, const char* core) {
    return std::string("(component (core module $m (func (export \"f\") (result ") + core + ") (" + core +
           ".const 7))) (core instance $i (instantiate $m)) (func (export \"f\") (result " + type +
           ") (canon lift (core func $i \"f\"))))";
  };
  const auto compiled = [](const std::string& from) {
    return component::compile(calm_engine(), std::as_bytes(std::span(from))).value();
  };
  const pool served = open("shop", compiled(text("u32", "i32")));
  EXPECT_EQ(served.call("f", {}, {.key = "a"}).value, wit::value(7U));
  ASSERT_TRUE(served.swap(compiled(text("u32", "i32"))));
  EXPECT_EQ(served.call("f", {}, {.key = "a"}).value, wit::value(7U));
  ASSERT_TRUE(served.swap(compiled(text("u64", "i64"))));
  EXPECT_EQ(served.call("f", {}, {.key = "a"}).code, errc::key_conflict);
}

TEST_F(key_test, of_a_host_function_s_own_call_is_not_waited_for_in_any_form) {
  std::vector<reply> inner;
  std::optional<pool> self;
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep", [&](host_call call) {
    inner.push_back(self->call("nap", args(std::uint64_t{5}), {.key = "a"}));
    inner.push_back(self->future_call("nap", args(std::uint64_t{5}), {.key = "a"}).get());
    inner.push_back(self->future_call("nap", args(std::uint64_t{6}), {.key = "b"}).get());
    std::move(call).reply();
  });
  self = host_of().open(guest("sleeper.wat", calm_engine()), std::move(options)).value();
  owner->settle();
  const ticket outer = self->submit("nap", args(std::uint64_t{5}), {.key = "a"}).value();
  const ticket behind = self->submit("nap", args(std::uint64_t{6}), {.key = "b"}).value();
  for (int i = 0; i < 6 && inner.empty(); ++i) owner->step();
  ASSERT_EQ(inner.size(), 3U);
  for (const reply& each : inner) {
    EXPECT_EQ(each.code, errc::detached);
    EXPECT_EQ(each.code, effect::unknown);
    EXPECT_THAT(each.detail, HasSubstr("cannot end before the host function"));
  }
  EXPECT_EQ(inner[0].id, outer.id());
  EXPECT_EQ(inner[2].id, behind.id()) << "it waits behind the caller in its only cell";
  EXPECT_EQ(behind.revoke(), revoke_answer::revoked);
  owner->settle();
  EXPECT_TRUE(end(outer)) << end(outer).detail;
}

TEST_F(key_test, detaches_nobody_who_has_not_left) {
  const pool served = open();
  const ticket first = begin(served, 5, {.key = "a"});
  const ticket second = begin(served, 5, {.key = "a"});
  EXPECT_TRUE(told.detached.empty());
  answer();
  EXPECT_TRUE(told.detached.empty());
}

TEST_F(key_test, is_kept_for_the_ticket_that_does_not_wait_though_another_had_the_answer) {
  const pool served = open();
  std::optional<ticket> asleep = begin(served, 5, {.key = "a"});
  const call_id id = asleep->id();
  std::future<reply> waits = served.future_call("nap", args(std::uint64_t{5}), {.key = "a"});
  answer();
  EXPECT_TRUE(waits.get());
  asleep.reset();
  EXPECT_EQ(host_of().attach(id).value().wait(0s).value, wit::value(std::uint64_t{1}));
}

TEST_F(key_test, cannot_stand_for_what_is_of_one_instance) {
  struct account {};
  pool_options options;
  constexpr const char* bank = "holdfast:demo/accounts";
  options.functions.define_resource<account>(bank, "account");
  for (const char* each : {"[constructor]account", "[method]account.deposit", "close", "exchange", "total"})
    options.functions.define(bank, each, [](host_call call) { std::move(call).fail("not here"); });
  const pool vault = host_of().open(guest("vault.wat", calm_engine()), std::move(options)).value();
  owner->settle();
  const reply refused = vault.call("give", {}, {.key = "a"});
  EXPECT_EQ(refused.code, errc::bad_arguments);
  EXPECT_THAT(refused.detail, HasSubstr("`give` passes resources or streams, which no key can stand for"));
}

}  // namespace
}  // namespace holdfast
