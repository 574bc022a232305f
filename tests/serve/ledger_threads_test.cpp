// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <set>
#include <thread>

#include "serve/fed_ledger.hpp"

// A ledger that many feed while others read it, and what it costs.
namespace holdfast::serve {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

constexpr int feeders = 4;
constexpr int calls_each = 5000;

// Plays the life of one call after the other; every seventh stays.
void feed(ledger& into, std::uint64_t who) {
  for (std::uint64_t i = 0; i < calls_each; ++i) {
    const call_id id{.high = who, .low = i * 0x9e3779b97f4a7c15U};
    const auto cell = static_cast<std::uint32_t>(who);
    into.on_asked(id, {.where = {i % 2 == 0 ? "even" : "odd", {}}, .function = "run"});
    into.on_accepted(id);
    into.on_started(id, cell, 1);
    into.on_cell(cell, 1, cell_state::idle, cell_state::running);
    if (i % 7 == 0) continue;
    into.on_done(id, i % 5 == 0 ? outcome::trapped : outcome::completed);
    into.on_cell(cell, 1, cell_state::running, cell_state::idle);
  }
}

// What a reader knows who applies what it is told.
struct mirror {
  void take(const ledger_news& news) {
    if (news.snapshot) calls.clear();
    for (const auto& each : array_in(news, "calls_gone")) calls.erase(text_in(each.as_object(), "id"));
    for (const auto& each : array_in(news, "calls")) calls.insert(text_in(each.as_object(), "id"));
    EXPECT_TRUE(revision == 0 || news.revision > revision);
    revision = news.revision;
  }
  std::set<std::string> calls;
  std::uint64_t revision = 0;
};

TEST(ledger, ends_with_what_it_was_fed_while_others_read) {
  ledger of({.ended = 100});
  const ledger_limits limits{.calls = 100'000};
  for (std::uint32_t i = 0; i < feeders; ++i) of.on_cell_opened(i, {"even", {}});
  std::atomic<int> left{feeders};
  std::vector<std::thread> threads;
  for (std::uint64_t who = 0; who < feeders; ++who)
    threads.emplace_back([&, who] {
      feed(of, who);
      left.fetch_sub(1);
    });
  std::array<mirror, 2> readers;
  for (mirror& reader : readers)
    threads.emplace_back([&] {
      bool last = false;
      do {
        last = left.load() == 0;
        reader.take(of.changes_since(reader.revision, limits));
      } while (!last);
    });
  for (std::thread& each : threads) each.join();

  const auto stays = static_cast<std::uint64_t>((calls_each + 6) / 7 * feeders);
  const ledger_news news = of.snapshot(limits);
  EXPECT_EQ(total_of(news, "accepted"), std::uint64_t{feeders * calls_each});
  EXPECT_EQ(total_of(news, "completed") + total_of(news, "trapped") + stays, total_of(news, "accepted"));
  EXPECT_EQ(array_in(news, "calls").size(), stays);
  const ledger_figures figures = of.figures();
  std::uint64_t live = 0;
  for (const auto& [name, each] : figures.calls)
    live += each.live[static_cast<std::size_t>(call_phase::running)];
  EXPECT_EQ(live, stays);
  mirror whole;
  whole.take(news);
  for (const mirror& reader : readers)
    EXPECT_EQ(reader.calls, whole.calls) << "changes add up to what there is";
}

// Of the processor, in nanoseconds: neighbours do not count.
double used_by_this_thread() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

// To be run by hand: --gtest_also_run_disabled_tests --gtest_filter='ledger.*costs*'
TEST(ledger, DISABLED_costs_a_call_on_one_thread) {
  ledger of;
  observer& told = of;
  constexpr int rounds = 200'000;
  double best = 1e9;
  for (int again = 0; again < 7; ++again) {
    const double before = used_by_this_thread();
    for (std::uint64_t i = 0; i < rounds; ++i) {
      const call_id id{.high = i, .low = i * 0x9e3779b97f4a7c15U};
      told.on_asked(id, {.where = {"hello", {}}, .function = "greet"});
      told.on_accepted(id);
      told.on_started(id, 0, 1);
      told.on_cell(0, 1, cell_state::idle, cell_state::running);
      told.on_done(id, outcome::completed);
      told.on_cell(0, 1, cell_state::running, cell_state::idle);
    }
    best = std::min(best, (used_by_this_thread() - before) / rounds);
  }
  std::printf("ledger: %.0f ns a call\n", best);
}

}  // namespace
}  // namespace holdfast::serve
