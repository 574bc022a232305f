// SPDX-License-Identifier: Apache-2.0
#include "serve/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "serve/fed_ledger.hpp"
#include "serve/prometheus_text.hpp"

namespace holdfast::serve {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::Not;

// A ledger and sources of which every metric has something to tell.
struct everything {
  everything() {
    using enum cell_state;
    fed.of.on_cell_opened(0, {"hello", {}});
    fed.of.on_cell(0, 1, building, idle);
    fed.of.on_cell(0, 1, idle, running);
    fed.of.on_fault(0, 1, errc::trapped, "unreachable");
    fed.of.on_cell(0, 1, running, rebuilding);
    fed.of.on_cell(0, 2, rebuilding, idle);
    const call_id slow = fed.start();
    fed.now += 30ms;
    fed.of.on_done(slow, outcome::completed);
    fed.end(outcome::trapped);
    fed.end(outcome::deadline_killed);
    fed.accept();
    fed.start();
    fed.of.on_refused(errc::queue_full);
    fed.of.on_refused(errc::queue_full);
    fed.of.on_overshoot({1, 1}, 3ms);
    fed.of.on_committed(4, 2ms);
    fed.of.on_stuck(2);
    http.connection_opened();
    http.answered(200);
    http.answered(200);
    http.answered(429);
  }

  prometheus_text read() const { return prometheus_text::read(of.text()); }

  fed_ledger fed;
  http_figures http;
  metrics of{
      fed.of,
      {.orphans = [] { return orphan_figures{.orphans = 2, .orphaned = 5, .cost = 1500ms, .parked = 3}; },
       .actors =
           [] {
             return std::map<std::string, actor_figures>{
                 {"bank", {.resident = 4, .waiting = 1, .timers = 6}}};
           },
       .http = &http,
       .traces = [] { return span_figures{.sent = 8, .dropped = 3}; },
       .version = "0.1.0"}};
};

TEST(metrics, are_text_that_prometheus_reads) {
  const everything all;
  EXPECT_THAT(all.read().breaches, IsEmpty());
}

TEST(metrics, have_what_the_ledger_and_the_others_know) {
  const everything all;
  const prometheus_text read = all.read();
  EXPECT_EQ(read.value("holdfast_calls_total", {{"component", "hello"}, {"outcome", "trapped"}}), 1);
  EXPECT_EQ(read.value("holdfast_calls_in_flight", {{"component", "hello"}, {"phase", "running"}}), 1);
  EXPECT_EQ(read.value("holdfast_calls_in_flight", {{"component", "hello"}, {"phase", "queued"}}), 1);
  EXPECT_EQ(read.value("holdfast_calls_refused_total", {{"reason", "queue_full"}}), 2);
  EXPECT_EQ(read.value("holdfast_call_run_seconds_bucket", {{"component", "hello"}, {"le", "0.02"}}), 2);
  EXPECT_EQ(read.value("holdfast_call_run_seconds_bucket", {{"component", "hello"}, {"le", "0.05"}}), 3);
  EXPECT_EQ(read.value("holdfast_call_run_seconds_sum", {{"component", "hello"}}), 0.03);
  EXPECT_EQ(read.value("holdfast_call_queue_seconds_count", {{"component", "hello"}}), 4);
  EXPECT_EQ(read.value("holdfast_cells", {{"component", "hello"}, {"state", "idle"}}), 1);
  EXPECT_EQ(read.value("holdfast_generations_total", {{"component", "hello"}}), 2);
  EXPECT_EQ(read.value("holdfast_rebuilds_total", {{"component", "hello"}}), 1);
  EXPECT_EQ(read.value("holdfast_faults_total", {{"component", "hello"}, {"error", "trapped"}}), 1);
  EXPECT_EQ(read.value("holdfast_orphans"), 2);
  EXPECT_EQ(read.value("holdfast_orphan_seconds_total"), 1.5);
  EXPECT_EQ(read.value("holdfast_parked_results"), 3);
  EXPECT_EQ(read.value("holdfast_deadline_overshoot_seconds_count"), 1);
  EXPECT_EQ(read.value("holdfast_host_functions_stuck"), 2);
  EXPECT_EQ(read.value("holdfast_journal_commit_seconds_count"), 1);
  EXPECT_EQ(read.value("holdfast_journal_changes_total"), 4);
  EXPECT_EQ(read.value("holdfast_journal_full"), 0);
  EXPECT_EQ(read.value("holdfast_actors", {{"component", "bank"}, {"state", "resident"}}), 4);
  EXPECT_EQ(read.value("holdfast_timers"), 6);
  EXPECT_EQ(read.value("holdfast_http_connections"), 1);
  EXPECT_EQ(read.value("holdfast_http_requests_total", {{"code", "200"}}), 2);
  EXPECT_EQ(read.value("holdfast_trace_spans_sent_total"), 8);
  EXPECT_EQ(read.value("holdfast_trace_spans_dropped_total"), 3);
  EXPECT_EQ(read.value("holdfast_build_info", {{"version", "0.1.0"}, {"wasmtime", engine::version()}}), 1);
  EXPECT_GT(read.value("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(read.value("process_start_time_seconds"), 1e9);
  EXPECT_GE(read.value("process_open_fds"), 3);
}

TEST(metrics, add_up_to_the_totals_of_the_ledger) {
  const everything all;
  const prometheus_text read = all.read();
  const ledger_news news = all.fed.of.snapshot();
  for (std::size_t i = 1; i < outcome_count; ++i) {
    const char* const what = to_string(static_cast<outcome>(i));
    double sum = read.sum("holdfast_calls_total", {{"outcome", what}});
    if (static_cast<outcome>(i) == outcome::refused) sum += read.sum("holdfast_calls_refused_total");
    EXPECT_EQ(sum, static_cast<double>(total_of(news, what))) << what;
  }
  EXPECT_EQ(read.sum("holdfast_calls_accepted_total"), static_cast<double>(total_of(news, "accepted")));
  EXPECT_EQ(read.sum("holdfast_calls_accepted_total"),
            read.sum("holdfast_calls_total") + read.sum("holdfast_calls_in_flight"));
}

TEST(metrics, escape_the_names_of_components) {
  fed_ledger fed;
  fed.accept("a\"b\\c\nd");
  const prometheus_text read = prometheus_text::read(metrics(fed.of).text());
  EXPECT_THAT(read.breaches, IsEmpty());
  EXPECT_EQ(read.value("holdfast_calls_accepted_total", {{"component", "a\"b\\c\nd"}}), 1);
}

TEST(metrics, of_what_nobody_knows_are_left_out) {
  const fed_ledger fed;
  const prometheus_text read = prometheus_text::read(metrics(fed.of).text());
  EXPECT_THAT(read.breaches, IsEmpty());
  for (const char* each : {"holdfast_orphans", "holdfast_actors", "holdfast_http_connections",
                           "holdfast_trace_spans_sent_total"})
    EXPECT_FALSE(read.families.contains(each)) << each;
}

TEST(a_reader_of_metrics, finds_what_prometheus_would_refuse) {
  const std::string head = "# HELP a_total h\n# TYPE a_total counter\n";
  const std::string spread = "# HELP h h\n# TYPE h histogram\n";
  for (const std::string& wrong :
       {head + "a_total 1\na_total 2\n", head + "b_total 1\n", head + "a_total{x=1} 1\n",
        head + "a_total -1\n", head + "a_total 1", head + "a_total one\n", std::string("a_total 1\n"),
        head + "a_total{x=\"\\q\"} 1\n", std::string("# HELP a h\n# TYPE a counter\na 1\n"),
        head + "a_total 1\n" + spread + "h_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n" + head,
        spread + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n",
        spread + "h_bucket{le=\"1\"} 1\nh_count 1\nh_sum 1\n",
        spread + "h_bucket{le=\"+Inf\"} 2\nh_count 1\nh_sum 1\n"})
    EXPECT_THAT(prometheus_text::read(wrong).breaches, Not(IsEmpty())) << wrong;
}

// What docs/metrics.md says: `| `name` | type | labels | ... |`.
TEST(the_page_of_metrics, names_each_with_its_type_and_labels_and_no_other) {
  std::ifstream page(std::filesystem::path(HOLDFAST_SOURCE_DIR) / "docs/metrics.md");
  using described = std::pair<std::string, std::set<std::string>>;
  std::map<std::string, described> written;
  const std::regex row(R"(\| `([a-z_]+)` \| ([a-z]+) \|([^|]*)\| [^|]+ \|)");
  const std::regex word("`([a-z]+)`");
  for (std::string line; std::getline(page, line);) {
    std::smatch found;
    if (!std::regex_match(line, found, row)) continue;
    std::set<std::string> labels;
    const std::string text = found[3];
    for (std::sregex_iterator each(text.begin(), text.end(), word), end; each != end; ++each)
      labels.insert((*each)[1]);
    EXPECT_TRUE(written.emplace(found[1], described(found[2], labels)).second) << found[1] << " twice";
  }
  const everything all;
  std::map<std::string, described> there;
  for (const auto& [name, family] : all.read().families) there[name] = {family.type, family.label_names()};
  for (const auto& [name, what] : there) {
    ASSERT_TRUE(written.contains(name)) << name << " is not on the page";
    EXPECT_EQ(written.at(name), what) << name;
  }
  for (const auto& [name, what] : written)
    EXPECT_TRUE(there.contains(name)) << name << " is on the page alone";
}

}  // namespace
}  // namespace holdfast::serve
