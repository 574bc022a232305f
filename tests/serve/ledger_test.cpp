// SPDX-License-Identifier: Apache-2.0
#include "serve/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/fed_ledger.hpp"

namespace holdfast::serve {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

TEST(ledger, shows_a_call_as_it_was_asked_for) {
  fed_ledger fed;
  fed.now = 250ms;
  const call_id id = [&] {
    const on_behalf_of ops("ops");
    return fed.accept("hello", "ada", true);
  }();
  const ledger_news news = fed.of.snapshot();
  EXPECT_TRUE(news.snapshot);
  EXPECT_EQ(news.content.at("at").as_double(), 1'000'000.25);
  const auto& call = first_in(news, "calls");
  EXPECT_EQ(text_in(call, "id"), id.to_string());
  EXPECT_EQ(text_in(call, "component"), "hello");
  EXPECT_EQ(text_in(call, "export"), "greet");
  EXPECT_EQ(text_in(call, "actor"), "ada");
  EXPECT_EQ(text_in(call, "phase"), "queued");
  EXPECT_EQ(call.at("since").as_double(), 1'000'000.25);
  EXPECT_TRUE(call.at("keyed").as_bool());
  EXPECT_EQ(text_in(call, "principal"), "ops");
  EXPECT_EQ(number_in(call, "waiters"), 1U);
  EXPECT_FALSE(call.contains("cell")) << "it has not begun";
}

TEST(ledger, follows_a_call_through_its_attempts) {
  fed_ledger fed;
  const call_id id = fed.accept();
  fed.now += 2ms;
  fed.of.on_started(id, 4, 3);
  fed.now += 10ms;
  fed.of.on_backing_off(id, 1, errc::trapped, 5ms);
  EXPECT_EQ(text_in(first_in(fed.of.snapshot(), "calls"), "phase"), "backing_off");
  fed.now += 5ms;
  fed.of.on_queued_again(id);
  EXPECT_EQ(text_in(first_in(fed.of.snapshot(), "calls"), "phase"), "queued");
  fed.now += 1ms;
  fed.of.on_started(id, 5, 1);
  const ledger_news running = fed.of.snapshot();
  EXPECT_EQ(text_in(first_in(running, "calls"), "phase"), "running");
  EXPECT_EQ(number_in(first_in(running, "calls"), "attempt"), 2U);
  EXPECT_EQ(number_in(first_in(running, "calls"), "cell"), 5U);
  fed.now += 20ms;
  fed.of.on_done(id, outcome::completed);
  const auto record = fed.of.record_of(id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->queue, 2ms);
  EXPECT_EQ(record->run, 30ms) << "of both attempts";
  EXPECT_EQ(total_of(fed.of.snapshot(), "retried"), 1U);
}

TEST(ledger, does_not_count_the_journals_time_as_the_guests) {
  fed_ledger fed;
  const call_id id = fed.start();
  fed.now += 3ms;
  fed.of.on_recording(id, outcome::completed);
  fed.now += 40ms;
  fed.of.on_done(id, outcome::completed);
  EXPECT_EQ(fed.of.record_of(id)->run, 3ms);
}

TEST(ledger, tells_a_reader_only_what_has_changed) {
  fed_ledger fed;
  const call_id stays = fed.accept();
  const call_id goes = fed.start();
  fed.of.on_cell_opened(0, {"hello", {}});
  fed.of.on_cell_opened(1, {"hello", "ada"});
  const ledger_news first = fed.of.snapshot();
  EXPECT_EQ(array_in(first, "calls").size(), 2U);
  EXPECT_EQ(array_in(first, "cells").size(), 2U);

  fed.of.on_done(goes, outcome::trapped);
  fed.of.on_fault(0, 1, errc::trapped, "unreachable\x1b[31m");
  fed.of.on_cell(1, 1, cell_state::building, cell_state::closed);
  const call_id fresh = fed.accept();
  const ledger_news next = fed.of.changes_since(first.revision);
  EXPECT_FALSE(next.snapshot);
  ASSERT_EQ(array_in(next, "calls").size(), 1U);
  EXPECT_EQ(text_in(first_in(next, "calls"), "id"), fresh.to_string());
  ASSERT_EQ(array_in(next, "calls_gone").size(), 1U);
  EXPECT_EQ(text_in(first_in(next, "calls_gone"), "id"), goes.to_string());
  EXPECT_EQ(text_in(first_in(next, "calls_gone"), "outcome"), "trapped");
  EXPECT_EQ(array_in(next, "cells_gone"), boost::json::array({1}));
  ASSERT_EQ(array_in(next, "faults").size(), 1U);
  EXPECT_EQ(text_in(first_in(next, "faults"), "error"), "trapped");
  EXPECT_EQ(text_in(first_in(next, "faults"), "detail").find('\x1b'), std::string::npos) << "it is escaped";

  const ledger_news last = fed.of.changes_since(next.revision);
  for (const char* each : {"calls", "calls_gone", "cells", "cells_gone", "faults"})
    EXPECT_TRUE(array_in(last, each).empty()) << each;
  EXPECT_TRUE(fed.of.find(stays));
}

TEST(ledger, gives_a_snapshot_to_a_reader_who_is_too_far_behind) {
  fed_ledger fed({.ended = 2});
  const call_id known = fed.start();
  const ledger_news first = fed.of.snapshot();
  fed.of.on_done(known, outcome::completed);
  // All of one shard: ids follow one another, and only every 32nd is of the same.
  for (int i = 0; i < 200; ++i) fed.end();
  EXPECT_TRUE(fed.of.changes_since(first.revision).snapshot);
}

TEST(ledger, gives_a_snapshot_where_changes_are_over_the_limits) {
  fed_ledger fed;
  const ledger_news first = fed.of.snapshot();
  for (int i = 0; i < 5; ++i) fed.accept();
  EXPECT_FALSE(fed.of.changes_since(first.revision, {.calls = 5}).snapshot);
  const ledger_news cut = fed.of.changes_since(first.revision, {.calls = 4});
  EXPECT_TRUE(cut.snapshot);
  EXPECT_EQ(array_in(cut, "calls").size(), 4U);
}

TEST(ledger, gives_a_snapshot_to_a_reader_of_another_server) {
  fed_ledger fed;
  EXPECT_TRUE(fed.of.changes_since(1'000'000).snapshot);
  EXPECT_TRUE(fed.of.changes_since(0).snapshot);
}

TEST(ledger, leaves_out_calls_that_nobody_heard_of_before_it_asks_readers_to_begin_anew) {
  fed_ledger fed;
  const ledger_news first = fed.of.snapshot();
  for (int i = 0; i < 100; ++i) fed.end();
  const ledger_news next = fed.of.changes_since(first.revision, {.calls = 10});
  EXPECT_FALSE(next.snapshot);
  EXPECT_EQ(array_in(next, "calls_gone").size(), 10U);
  EXPECT_EQ(total_of(next, "completed"), 100U);
}

TEST(ledger, knows_whether_somebody_waits) {
  fed_ledger fed;
  const call_id id = fed.start();
  const auto waiters = [&] { return fed.of.record_of(id)->waiters; };
  fed.of.on_joined(id);
  EXPECT_EQ(waiters(), 2U);
  fed.of.on_detached(id);
  EXPECT_EQ(waiters(), 1U);
  fed.of.on_detached(id);
  fed.of.on_orphaned(id);
  EXPECT_EQ(waiters(), 0U);
  fed.of.on_orphan_ended(id, 1ms);
  EXPECT_EQ(waiters(), 1U);
}

TEST(ledger, remembers_the_last_calls_that_ended_and_no_others) {
  fed_ledger fed({.ended = 3});
  std::vector<call_id> ids;
  for (int i = 0; i < 32 * 4; ++i) ids.push_back(fed.end());
  EXPECT_FALSE(fed.of.find(ids.front())) << "of its shard three came later";
  const auto last = fed.of.find(ids.back());
  ASSERT_TRUE(last);
  EXPECT_EQ(text_in(*last, "outcome"), "completed");
}

TEST(ledger, lists_the_calls_that_fit) {
  fed_ledger fed;
  fed.accept("hello");
  const call_id running = fed.start();
  const call_id other = [&] {
    const on_behalf_of ada("ada");
    return fed.accept("shop");
  }();
  const call_id ended = fed.end(outcome::killed);
  EXPECT_EQ(fed.of.list({}).size(), 3U) << "those in flight";
  EXPECT_EQ(fed.of.list({.limit = 2}).size(), 2U);
  EXPECT_EQ(fed.of.list({.component = "hello"}).size(), 2U);
  const auto found = fed.of.list({.phase = call_phase::running});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(text_in(found[0].as_object(), "id"), running.to_string());
  const auto hers = fed.of.list({.principal = "ada"});
  ASSERT_EQ(hers.size(), 1U);
  EXPECT_EQ(text_in(hers[0].as_object(), "id"), other.to_string());
  const auto done = fed.of.list({.phase = call_phase::done});
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(text_in(done[0].as_object(), "id"), ended.to_string());
}

TEST(ledger, knows_a_call_of_which_nobody_said_what_it_asks_for) {
  fed_ledger fed;
  const call_id id{1, 2};
  fed.of.on_accepted(id);
  fed.of.on_done(id, outcome::lost_in_crash);
  EXPECT_EQ(total_of(fed.of.snapshot(), "accepted"), 1U);
  EXPECT_EQ(total_of(fed.of.snapshot(), "lost_in_crash"), 1U);
}

TEST(ledger, counts_rebuilds_and_generations_of_cells) {
  fed_ledger fed;
  using enum cell_state;
  fed.of.on_cell_opened(3, {"hello", {}});
  fed.of.on_cell(3, 1, building, idle);
  fed.of.on_cell(3, 1, idle, running);
  fed.of.on_cell(3, 1, running, rebuilding);
  fed.now += 5ms;
  fed.of.on_cell(3, 2, rebuilding, idle);
  const cell_figures figures = fed.of.figures().cells.at("hello");
  EXPECT_EQ(figures.generations, 2U);
  EXPECT_EQ(figures.rebuilds, 1U);
  EXPECT_EQ(figures.states[static_cast<std::size_t>(idle)], 1U);
  const ledger_news news = fed.of.snapshot();
  EXPECT_EQ(number_in(first_in(news, "cells"), "generation"), 2U);
  EXPECT_EQ(first_in(news, "cells").at("since").as_double(), 1'000'000.005);
  EXPECT_EQ(total_of(news, "rebuilds"), 1U);
}

TEST(ledger, counts_the_cells_of_all_actors_of_a_component_together) {
  fed_ledger fed;
  fed.of.on_cell_opened(1, {"carts", "ada"});
  fed.of.on_cell_opened(2, {"carts", "bob"});
  const auto cells = fed.of.figures().cells;
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells.at("carts").states[static_cast<std::size_t>(cell_state::building)], 2U);
}

TEST(ledger, tells_how_late_guests_were_gone) {
  fed_ledger fed;
  for (int i = 1; i <= 100; ++i) fed.of.on_overshoot({1, 1}, i * 1ms);
  const overshoot_figures late = fed.of.overshoot();
  EXPECT_EQ(late.count, 100U);
  EXPECT_EQ(late.p50, 50ms);
  EXPECT_EQ(late.p99, 99ms);
  EXPECT_EQ(late.max, 100ms);
}

TEST(ledger, remembers_so_many_faults_and_no_more) {
  fed_ledger fed({.faults = 2});
  for (std::uint64_t i = 1; i <= 3; ++i) fed.of.on_fault(0, i, errc::trapped, std::string(5000, 'a'));
  const ledger_news news = fed.of.snapshot();
  ASSERT_EQ(array_in(news, "faults").size(), 2U);
  EXPECT_EQ(number_in(first_in(news, "faults"), "generation"), 2U);
  EXPECT_LE(text_in(first_in(news, "faults"), "detail").size(), 1000U);
  EXPECT_EQ(fed.of.figures().cells.at("").faults.at(errc::trapped), 3U);
}

TEST(a_histogram, has_the_bound_within) {
  histogram of;
  of.add(1us);
  of.add(1us + 1ns);
  of.add(200s);
  EXPECT_EQ(of.at(0), 1U);
  EXPECT_EQ(of.at(1), 1U);
  EXPECT_EQ(of.at(histogram::bounds), 1U);
  EXPECT_EQ(of.count(), 3U);
  EXPECT_EQ(of.quantile(1.0), 100s) << "the bounds tell no more";
  EXPECT_EQ(histogram().quantile(0.5), 0ns);
}

TEST(a_histogram, tells_a_share_as_near_as_its_bounds) {
  histogram of;
  for (int i = 1; i <= 1000; ++i) of.add(i * 1us);
  EXPECT_NEAR(static_cast<double>(of.quantile(0.5).count()), 500e3, 1e3);
  EXPECT_NEAR(static_cast<double>(of.quantile(0.99).count()), 990e3, 10e3);
}

}  // namespace
}  // namespace holdfast::serve
