// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <holdfast/pool.hpp>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "host/manual_host.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;

class pool_test : public testing::Test {
 protected:
  pool open(const std::string& file, pool_options options = {}) {
    pool made = owner.get().open(guest(file), std::move(options)).value();
    owner.settle();
    return made;
  }
  // Runs a call to its end.
  reply ask(const pool& of, std::string_view function, wit::arguments arguments,
            const call_options& options = {}) {
    const ticket claim = of.submit(function, std::move(arguments), options).value();
    owner.settle();
    return claim.wait(0s);
  }
  manual_host owner;
};

TEST_F(pool_test, answers_with_the_value_the_guest_returned) {
  const pool shop = open("orders.wasm");
  const reply told = ask(shop, "place", args(7U, "book", 2U));
  ASSERT_TRUE(told) << told.detail;
  EXPECT_EQ(number_in(told, "id"), 7U);
  EXPECT_EQ(number_in(told, "serial"), 1U);
  EXPECT_EQ(told.outcome, outcome::completed);
  EXPECT_EQ(told.generation, 1U);
}

TEST_F(pool_test, counts_a_wit_error_as_a_value) {
  const pool shop = open("orders.wasm");
  const reply told = ask(shop, "place", args(7U, "spoon", 2U));
  EXPECT_TRUE(told) << "the guest ran to its end";
  ASSERT_TRUE(told.value);
  EXPECT_FALSE(told.value->get<wit::result_value>().is_ok());
  EXPECT_EQ(ask(shop, "count", {}).generation, 1U);
}

TEST_F(pool_test, carries_64_KiB_there_and_back) {
  const pool echo = open("echo.wat");
  wit::bytes sent(64 * 1024);
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::uint8_t>(i * 31);
  const reply told = ask(echo, "echo", args(sent));
  ASSERT_TRUE(told) << told.detail;
  EXPECT_EQ(told.value->get<wit::bytes>(), sent);
}

TEST_F(pool_test, refuses_an_unknown_export_and_names_the_nearest) {
  const pool shop = open("orders.wasm");
  const auto claim = shop.submit("plaice", {});
  ASSERT_FALSE(claim);
  EXPECT_EQ(claim.error(), errc::no_such_export);
  EXPECT_EQ(claim.error(), effect::not_executed);
  EXPECT_THAT(claim.error().detail, HasSubstr("`place`"));
}

TEST_F(pool_test, refuses_wrong_arguments_and_says_where) {
  const pool shop = open("orders.wasm");
  const auto wrong_type = shop.submit("place", args(7U, 8U, 2U));
  ASSERT_FALSE(wrong_type);
  EXPECT_EQ(wrong_type.error(), errc::bad_arguments);
  EXPECT_THAT(wrong_type.error().detail, HasSubstr("argument 2 (item)"));
  const auto wrong_count = shop.submit("place", args(7U));
  ASSERT_FALSE(wrong_count);
  EXPECT_THAT(wrong_count.error().detail, HasSubstr("3"));
  EXPECT_EQ(ask(shop, "count", {}).value->get<std::uint64_t>(), 0U) << "the guest was never entered";
}

TEST_F(pool_test, refuses_arguments_over_the_limit) {
  const pool echo = open("echo.wat", {.call_bytes = 1000});
  const auto claim = echo.submit("echo", args(wit::bytes(2000)));
  ASSERT_FALSE(claim);
  EXPECT_EQ(claim.error(), errc::limit);
}

TEST_F(pool_test, rebuilds_after_a_trap_and_tells_where_it_was) {
  const pool shop = open("orders.wasm");
  ask(shop, "place", args(1U, "book", 1U));
  const reply bad = ask(shop, "trap", args(2U));
  EXPECT_EQ(bad.code, errc::trapped);
  EXPECT_EQ(bad.code, effect::executed);
  EXPECT_THAT(bad.detail, HasSubstr("unreachable"));
  EXPECT_FALSE(bad.backtrace.empty());
  const reply next = ask(shop, "audit", {});
  EXPECT_EQ(next.generation, 2U);
  EXPECT_TRUE(next.value->get<wit::result_value>().is_ok());
}

TEST_F(pool_test, never_repeats_an_export_that_does_not_declare_it_whatever_the_policy) {
  const pool shop = open("orders.wasm", {.retry = {.attempts = 3}});
  const ticket claim = shop.submit("trap", args(1U)).value();
  for (int i = 0; i < 5; ++i) {
    owner.settle();
    owner.world.advance(1s);
  }
  ASSERT_EQ(claim.phase(), call_phase::done);
  const reply told = claim.wait(0s);
  EXPECT_EQ(told.code, errc::trapped);
  EXPECT_EQ(told.attempts, 1U);
}

TEST_F(pool_test, cuts_an_infinite_loop_at_its_run_limit_and_answers_from_the_next_generation) {
  const pool shop = open("orders.wasm");
  const ticket looping = shop.submit("spin", args(1U), {.run_limit = 50ms}).value();
  owner.settle(20);
  EXPECT_EQ(looping.phase(), call_phase::running);
  owner.world.advance(50ms);
  owner.settle();
  const reply told = looping.wait(0s);
  EXPECT_EQ(told.code, errc::deadline_killed);
  EXPECT_FALSE(told.backtrace.empty()) << "where it looped";
  EXPECT_EQ(ask(shop, "count", {}).generation, 2U);
}

TEST_F(pool_test, cuts_a_guest_that_waits_in_a_host_function_and_discards_the_late_answer) {
  std::vector<host_call> naps;
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep",
                           [&](host_call call) { naps.push_back(std::move(call)); });
  const pool bed = open("sleeper.wat", options);
  const ticket napping = bed.submit("nap", args(5U), {.run_limit = 50ms}).value();
  owner.settle();
  ASSERT_EQ(naps.size(), 1U);
  EXPECT_EQ(naps[0].args().at(0).get<std::uint64_t>(), 5U);
  EXPECT_FALSE(naps[0].abandoned());
  EXPECT_FALSE(naps[0].stop_token().stop_requested());
  owner.world.advance(50ms);
  owner.settle();
  EXPECT_EQ(napping.wait(0s).code, errc::deadline_killed);
  EXPECT_TRUE(naps[0].abandoned());
  EXPECT_TRUE(naps[0].stop_token().stop_requested());
  std::move(naps[0]).reply();
  EXPECT_EQ(ask(bed, "count", {}).generation, 2U);
}

TEST_F(pool_test, keeps_an_instance_whose_host_function_listens_to_the_stop) {
  std::vector<host_call> naps;
  pool_options options;
  options.stop_grace = 10ms;
  options.functions.define("holdfast:demo/host", "sleep",
                           [&](host_call call) { naps.push_back(std::move(call)); });
  const pool bed = open("sleeper.wat", options);
  const ticket napping = bed.submit("nap", args(5U), {.run_limit = 50ms}).value();
  owner.settle();
  owner.world.advance(50ms);
  owner.settle();
  ASSERT_TRUE(naps[0].stop_token().stop_requested());
  std::move(naps[0]).reply();
  owner.settle();
  EXPECT_TRUE(napping.wait(0s)) << "it came to its end within the grace";
  naps.clear();
  const ticket again = bed.submit("nap", args(1U)).value();
  owner.settle();
  ASSERT_EQ(naps.size(), 1U);
  EXPECT_FALSE(naps[0].stop_token().stop_requested()) << "the next call has a token of its own";
  std::move(naps[0]).reply();
  owner.settle();
  EXPECT_EQ(again.wait(0s).generation, 1U);
}

TEST_F(pool_test, tells_what_a_host_function_threw_and_rebuilds) {
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep",
                           [](const host_call&) { throw std::runtime_error("no bed is free"); });
  const pool bed = open("sleeper.wat", options);
  const reply told = ask(bed, "nap", args(5U));
  EXPECT_EQ(told.code, errc::host_failed);
  EXPECT_THAT(told.detail, HasSubstr("no bed is free"));
  EXPECT_EQ(ask(bed, "count", {}).generation, 2U);
}

TEST_F(pool_test, fails_a_call_whose_host_function_drops_it) {
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep", [](const host_call&) {});
  const pool bed = open("sleeper.wat", options);
  EXPECT_EQ(ask(bed, "nap", args(5U)).code, errc::host_failed);
}

TEST_F(pool_test, fails_a_call_whose_host_function_answers_something_else) {
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep",
                           [](host_call call) { std::move(call).reply("a dream"); });
  const pool bed = open("sleeper.wat", options);
  const reply told = ask(bed, "nap", args(5U));
  EXPECT_EQ(told.code, errc::host_failed);
  EXPECT_THAT(told.detail, HasSubstr("sleep"));
}

TEST_F(pool_test, fails_a_call_that_its_host_function_lost_in_an_exception_of_its_own) {
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep", [](host_call call) {
    try {
      const host_call mine(std::move(call));
      throw std::runtime_error("caught below");
    } catch (const std::runtime_error&) {
    }
  });
  const pool bed = open("sleeper.wat", options);
  EXPECT_EQ(ask(bed, "nap", args(5U)).code, errc::host_failed);
}

TEST_F(pool_test, does_not_run_a_host_function_whose_guest_was_cut_meanwhile) {
  int ran = 0;
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep", [&](host_call call) {
    ++ran;
    std::move(call).reply();
  });
  const pool bed = open("sleeper.wat", options);
  const ticket napping = bed.submit("nap", args(5U), {.run_limit = 10ms}).value();
  while (owner.world.step()) {  // the guest, but no host function: its thread is busy elsewhere
  }
  owner.world.advance(10ms);
  owner.settle();
  EXPECT_EQ(napping.wait(0s).code, errc::deadline_killed);
  EXPECT_EQ(ran, 0);
}

TEST_F(pool_test, refuses_a_handle_that_the_instance_did_not_issue) {
  const pool things = open("kinds.wasm");
  const wit::function* method = nullptr;
  for (const wit::function* one : things.component().world().exported_functions()) {
    const bool takes_handle = !one->params.empty() && one->params.front().type.kind() == wit::kind::borrow;
    if (takes_handle && one->params.size() == 1) method = one;
  }
  ASSERT_NE(method, nullptr);
  const reply told =
      ask(things, method->qualified_name(), args(wit::handle(12345, wit::handle::ownership::borrow)));
  EXPECT_EQ(told.code, errc::bad_arguments) << told.detail;
  EXPECT_EQ(told.code, effect::not_executed);
  EXPECT_EQ(ask(things, "nothing", {}).generation, 1U) << "a caller's mistake costs no instance";
}

TEST_F(pool_test, revokes_a_queued_call_before_the_guest_is_entered) {
  const pool shop = open("orders.wasm");
  const ticket first = shop.submit("place", args(1U, "book", 1U)).value();
  const ticket second = shop.submit("place", args(2U, "book", 1U)).value();
  EXPECT_EQ(second.revoke(), revoke_answer::revoked);
  EXPECT_EQ(second.revoke(), revoke_answer::done);
  owner.settle();
  EXPECT_EQ(first.revoke(), revoke_answer::done);
  EXPECT_EQ(second.wait().code, errc::revoked);
  EXPECT_EQ(ask(shop, "count", {}).value->get<std::uint64_t>(), 1U);
}

TEST_F(pool_test, tells_a_caller_who_stops_waiting_the_id_and_keeps_the_outcome_for_the_next) {
  const pool shop = open("orders.wasm");
  const ticket claim = shop.submit("place", args(1U, "book", 1U)).value();
  std::optional<reply> told;
  claim.on_done([&](reply answer) { told = std::move(answer); }, 10ms);
  owner.world.advance(10ms);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->code, errc::detached);
  EXPECT_EQ(told->code, effect::unknown);
  EXPECT_EQ(told->id, claim.id());
  EXPECT_FALSE(told->outcome);
  owner.settle();
  EXPECT_TRUE(claim.wait());
}

TEST_F(pool_test, cannot_be_opened_with_an_import_that_nobody_defines) {
  const auto made = owner.get().open(guest("unknown-import.wat"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), errc::unknown_import);
  EXPECT_THAT(made.error().detail, HasSubstr("acme:wares/stock@1.2.0"));
  EXPECT_THAT(made.error().detail, HasSubstr("ring-bell")) << "each is named";
}

TEST_F(pool_test, cannot_have_more_cells_than_the_engine_has_instances) {
  const auto made = owner.get().open(guest("hello.wat"), {.cells = 65});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), errc::no_resources);
  EXPECT_THAT(made.error().detail, HasSubstr("64"));
  EXPECT_TRUE(owner.get().open(guest("hello.wat"), {.cells = 8})) << "nothing was kept by the refusal";
}

TEST_F(pool_test, holds_a_guest_to_its_memory_limit) {
  const pool echo = open("echo.wat", {.limits = {.memory = 1U << 20}});
  const reply told = ask(echo, "grow", args(1000U));
  ASSERT_TRUE(told) << told.detail;
  EXPECT_EQ(told.value->get<std::int32_t>(), -1) << "the guest is told, and lives";
}

TEST_F(pool_test, does_not_build_an_instance_that_begins_over_its_memory_limit) {
  const auto shop =
      owner.get()
          .open(guest("orders.wasm"), {.limits = {.memory = 1000}, .rebuild = {.give_up_after = 1}})
          .value();
  owner.settle();
  const auto ready = shop.wait_ready(0s);
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error(), errc::cannot_instantiate);
  EXPECT_THAT(ready.error().detail, HasSubstr("1000")) << "the limit is told";
}

TEST_F(pool_test, refuses_a_memory_limit_that_the_engine_cannot_keep) {
  const auto made = owner.get().open(guest("orders.wasm"), {.limits = {.memory = 1ULL << 40}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), errc::limit);
}

TEST_F(pool_test, is_broken_when_its_component_cannot_start_and_says_why) {
  const pool bad = owner.get().open(guest("start-trap.wat"), {.rebuild = {.give_up_after = 2}}).value();
  const ticket waiting = bad.submit(bad.component().world().exported_functions().at(0)->name, {}).value();
  owner.settle();
  owner.world.advance(1s);
  owner.settle();
  EXPECT_EQ(waiting.wait(0s).code, errc::broken);
  EXPECT_EQ(waiting.wait(0s).code, effect::not_executed);
}

TEST_F(pool_test, cuts_a_start_function_that_loops) {
  const pool bad = owner.get()
                       .open(guest("start-spin.wat"), {.rebuild = {.give_up_after = 1, .build_limit = 100ms}})
                       .value();
  owner.settle(10);
  EXPECT_EQ(bad.cells().at(0).state, cell_state::building);
  owner.world.advance(100ms);
  owner.settle();
  EXPECT_EQ(bad.cells().at(0).state, cell_state::broken);
}

TEST_F(pool_test, drains_to_the_last_outcome) {
  const pool shop = open("orders.wasm");
  const ticket running = shop.submit("place-slowly", args(1U, 20000U)).value();
  owner.settle(1);
  const ticket waiting = shop.submit("place", args(2U, "pen", 1U)).value();
  shop.drain(1h);
  EXPECT_TRUE(running.wait(0s));
  EXPECT_TRUE(waiting.wait(0s));
  const auto late = shop.submit("count", {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), errc::draining);
}

TEST_F(pool_test, kills_what_outlasts_the_grace_of_a_drain) {
  const pool shop = open("orders.wasm");
  const ticket looping = shop.submit("spin", args(1U), {.run_limit = no_limit}).value();
  const ticket waiting = shop.submit("place", args(2U, "pen", 1U)).value();
  owner.settle(3);
  shop.drain(0s);
  EXPECT_EQ(looping.wait(0s).code, errc::killed);
  EXPECT_EQ(waiting.wait(0s).code, errc::draining);
  EXPECT_EQ(waiting.wait(0s).code, effect::not_executed);
}

// Real threads and the real clock from here on.

TEST(pool_on_threads, outlives_its_host_and_keeps_the_outcomes) {
  std::optional<pool> left;
  std::optional<ticket> done;
  std::optional<ticket> looping;
  {
    host owner(shared_engine(), {.workers = 2, .drain_grace = 0s});
    left = owner.open(guest("orders.wasm")).value();
    done = left->submit("place", args(1U, "book", 1U)).value();
    EXPECT_TRUE(done->wait());
    looping = left->submit("spin", args(1U), {.run_limit = no_limit}).value();
  }
  EXPECT_TRUE(done->wait());
  const reply told = looping->wait();
  EXPECT_TRUE(told.code == errc::killed || told.code == errc::draining) << told.detail;
  EXPECT_EQ(left->call("count", {}).code, errc::draining);
}

TEST(pool_on_threads, stops_waiting_when_the_caller_asked_for_it_while_the_guest_goes_on) {
  host owner(shared_engine(), {.workers = 2});
  std::promise<host_call> nap;
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep",
                           [&](host_call call) { nap.set_value(std::move(call)); });
  const pool bed = owner.open(guest("sleeper.wat"), options).value();
  const reply told = bed.call("nap", args(5U), {.wait = 20ms});
  EXPECT_EQ(told.code, errc::detached);
  host_call parked = nap.get_future().get();
  EXPECT_FALSE(parked.abandoned()) << "leaving never cancels";
  std::move(parked).reply();
  const reply next = bed.call("count", {});
  EXPECT_EQ(next.value->get<std::uint64_t>(), 1U) << "the nap was finished in the same instance";
  EXPECT_EQ(next.generation, 1U);
}

TEST(pool_on_threads, cuts_a_loop_at_its_limit_while_a_neighbour_works_on) {
  host owner(shared_engine(), {.workers = 2});
  const pool shop = owner.open(guest("orders.wasm"), {.cells = 2}).value();
  const ticket looping = shop.submit("spin", args(1U), {.run_limit = 300ms}).value();
  std::uint64_t answered = 0;
  while (looping.phase() != call_phase::done) {
    ASSERT_TRUE(shop.call("count", {}));
    ++answered;
  }
  EXPECT_EQ(looping.wait().code, errc::deadline_killed);
  EXPECT_GT(answered, 10U);
}

TEST(pool_on_threads, calls_wasi_and_passes_on_what_the_guest_prints) {
  host owner(shared_engine(), {.workers = 2});
  std::mutex mutex;
  std::string printed;
  call_id by;
  pool_options options;
  options.output = [&](const guest_text& text) {
    const std::scoped_lock lock(mutex);
    printed += text.untrusted;
    by = text.call;
  };
  const pool greeter = owner.open(guest("greet-js.wasm"), options).value();
  const reply hello = greeter.call("greet", args("ada"));
  ASSERT_TRUE(hello) << hello.detail;
  EXPECT_EQ(hello.value->get<std::string>(), "hello ada");
  EXPECT_TRUE(greeter.call("now", {}));
  EXPECT_TRUE(greeter.call("dice", {}));
  const reply said = greeter.call("say", args("good morning"));
  EXPECT_TRUE(said);
  const std::scoped_lock lock(mutex);
  EXPECT_THAT(printed, HasSubstr("good morning"));
  EXPECT_EQ(by, said.id);
}

TEST(pool_on_threads, gives_every_caller_its_own_answer) {
  host owner(shared_engine(), {.workers = 2});
  const pool shop = owner.open(guest("orders.wasm"), {.cells = 3}).value();
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> callers;
    for (std::uint64_t who = 0; who < 8; ++who) {
      callers.emplace_back([&, who] {
        for (std::uint64_t i = 0; i < 500; ++i) {
          const std::uint64_t id = who * 1000 + i;
          const auto how = i % 2 == 0 ? start::dispatch : start::post;
          const reply told = shop.call("place", args(id, "book", 1U), {.how = how});
          if (!told || number_in(told, "id") != id) wrong.fetch_add(1);
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace holdfast
