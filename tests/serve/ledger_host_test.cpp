// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <holdfast/actors.hpp>
#include <holdfast/function.hpp>
#include <string>
#include <vector>

#include "host/manual_host.hpp"
#include "serve/fed_ledger.hpp"
#include "serve/metrics.hpp"
#include "serve/prometheus_text.hpp"

// The ledger of a real host with real guests.
namespace holdfast::serve {
namespace {

using namespace holdfast::testing_support;
using namespace serve::testing_support;
using namespace std::chrono_literals;
using testing::IsEmpty;

class ledger_host_test : public testing::Test {
 protected:
  pool open(const char* file, pool_options options = {.name = "shop"}) {
    pool made = owner.get().open(guest(file), std::move(options)).value();
    owner.settle();
    return made;
  }

  ledger told;
  manual_host owner{told};
};

TEST_F(ledger_host_test, knows_a_call_from_its_acceptance_to_its_end) {
  const pool shop = open("orders.wasm");
  const ledger_news before = told.snapshot();
  EXPECT_EQ(text_in(first_in(before, "cells"), "component"), "shop");
  EXPECT_EQ(text_in(first_in(before, "cells"), "state"), "idle");

  const ticket claim = shop.submit("add", args(2U, 3U), {.key = "sum"}).value();
  const ledger_news queued = told.changes_since(before.revision);
  ASSERT_EQ(array_in(queued, "calls").size(), 1U);
  const auto& call = first_in(queued, "calls");
  EXPECT_EQ(text_in(call, "id"), claim.id().to_string());
  EXPECT_EQ(text_in(call, "component"), "shop");
  EXPECT_EQ(text_in(call, "export"), "add");
  EXPECT_EQ(text_in(call, "phase"), "queued");
  EXPECT_TRUE(call.at("keyed").as_bool());
  EXPECT_FALSE(call.contains("actor"));

  owner.settle();
  const ledger_news done = told.changes_since(queued.revision);
  ASSERT_FALSE(done.snapshot);
  EXPECT_TRUE(array_in(done, "calls").empty());
  ASSERT_EQ(array_in(done, "calls_gone").size(), 1U);
  EXPECT_EQ(text_in(first_in(done, "calls_gone"), "outcome"), "completed");
}

TEST_F(ledger_host_test, knows_a_call_that_went_past_the_queue) {
  const pool shop = open("orders.wasm");
  const reply sum = shop.call("add", args(2U, 3U));
  ASSERT_TRUE(sum) << sum.detail;
  const auto record = told.record_of(sum.id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->of.component, "shop");
  EXPECT_EQ(record->of.function, "add");
  EXPECT_EQ(record->what, outcome::completed);
  EXPECT_EQ(record->attempt, 1U);
}

TEST_F(ledger_host_test, knows_whose_an_actors_call_and_cell_are) {
  const actors bank = owner.get().open_actors(guest("ledger.wasm"), {.name = "bank", .resident = 2}).value();
  const ticket claim = bank.at("ada").value().submit("deposit", args(std::uint64_t{5})).value();
  const auto found = told.find(claim.id());
  ASSERT_TRUE(found);
  EXPECT_EQ(text_in(*found, "component"), "bank");
  EXPECT_EQ(text_in(*found, "actor"), "ada");
  owner.settle();
  EXPECT_EQ(claim.phase(), call_phase::done);
  const ledger_news news = told.snapshot();
  ASSERT_EQ(array_in(news, "cells").size(), 1U);
  EXPECT_EQ(text_in(first_in(news, "cells"), "component"), "bank");
  EXPECT_EQ(text_in(first_in(news, "cells"), "actor"), "ada");
}

TEST_F(ledger_host_test, tells_of_a_trap_and_of_the_instance_that_took_its_place) {
  const pool shop = open("orders.wasm");
  const ledger_news before = told.snapshot();
  const ticket claim = shop.submit("trap", args(1U)).value();
  owner.settle();
  owner.world.advance(1min);
  owner.settle();
  EXPECT_EQ(claim.wait(0s).outcome, outcome::trapped);
  const ledger_news news = told.changes_since(before.revision);
  EXPECT_EQ(total_of(news, "trapped"), 1U);
  EXPECT_EQ(total_of(news, "rebuilds"), 1U);
  EXPECT_EQ(text_in(first_in(news, "faults"), "component"), "shop");
  EXPECT_EQ(number_in(first_in(news, "cells"), "generation"), 2U);
}

TEST_F(ledger_host_test, measures_how_late_a_killed_guest_was_gone) {
  const pool shop = open("orders.wasm", {.name = "shop", .stop_grace = 0ms});
  const ticket claim = shop.submit("spin", args(std::uint32_t{1})).value();
  for (int i = 0; i < 10; ++i) owner.step();
  ASSERT_EQ(claim.phase(), call_phase::running);
  claim.kill();
  owner.world.advance(3ms);
  owner.settle();
  EXPECT_EQ(claim.wait(0s).outcome, outcome::killed);
  const overshoot_figures late = told.overshoot();
  EXPECT_EQ(late.count, 1U);
  EXPECT_EQ(late.max, 3ms);
}

TEST_F(ledger_host_test, knows_a_call_that_its_caller_left) {
  const pool shop = open("orders.wasm");
  {
    const ticket claim = shop.submit("add", args(2U, 3U)).value();
    EXPECT_EQ(told.record_of(claim.id())->waiters, 1U);
  }
  const ledger_news news = told.snapshot();
  EXPECT_EQ(number_in(first_in(news, "calls"), "waiters"), 0U);
  EXPECT_EQ(total_of(news, "orphaned"), 1U);
  owner.settle();
}

TEST_F(ledger_host_test, has_metrics_that_add_up) {
  const pool shop = open("orders.wasm");
  for (std::uint32_t i = 0; i < 5; ++i) {
    const auto claim = shop.submit("add", args(i, i));
    owner.settle();
  }
  EXPECT_FALSE(shop.submit("no-such-thing", {}));
  const metrics of(told, {.orphans = [this] { return owner.get().orphans(); }});
  const prometheus_text read = prometheus_text::read(of.text());
  EXPECT_THAT(read.breaches, IsEmpty());
  EXPECT_EQ(read.value("holdfast_calls_total", {{"component", "shop"}, {"outcome", "completed"}}), 5);
  EXPECT_EQ(read.value("holdfast_call_run_seconds_count", {{"component", "shop"}}), 5);
  EXPECT_EQ(read.value("holdfast_calls_refused_total", {{"reason", "no_such_export"}}), 1);
  EXPECT_EQ(read.value("holdfast_cells", {{"component", "shop"}, {"state", "idle"}}), 1);
}

}  // namespace
}  // namespace holdfast::serve
