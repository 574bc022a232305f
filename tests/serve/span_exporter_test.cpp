// SPDX-License-Identifier: Apache-2.0
#include "serve/span_exporter.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "serve/fake_collector.hpp"

namespace holdfast::serve {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

span_exporter::destination to(const std::string& endpoint) {
  return {.where = parse_otlp_endpoint(endpoint).value(),
          .fields = {{"authorization", "Bearer of spans"}},
          .service = "shop",
          .version = "1"};
}

void give(span_exporter& into, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    trace_span one;
    one.name = "span " + std::to_string(i);
    into.give(std::move(one));
  }
}

constexpr span_exporter_bounds nobody_waits{.delay = 1h, .between_attempts = 1ms};

TEST(a_span_exporter, sends_what_waits_when_it_ends) {
  const fake_collector collector;
  span_exporter out(to(collector.endpoint()), nobody_waits);
  give(out, 3);
  out.end(30s);
  EXPECT_EQ(collector.spans().size(), 3U);
  ASSERT_EQ(collector.questions().size(), 1U);
  EXPECT_EQ(collector.questions()[0].target, "/v1/traces");
  EXPECT_EQ(collector.questions()[0].authorization, "Bearer of spans");
  EXPECT_EQ(collector.questions()[0].content_type, "application/json");
  EXPECT_EQ(out.figures().sent, 3U);
  EXPECT_EQ(out.figures().dropped, 0U);
}

TEST(a_span_exporter, sends_a_full_batch_at_once_and_keeps_its_connection) {
  fake_collector collector;
  span_exporter_bounds bounds = nobody_waits;
  bounds.batch = 2;
  span_exporter out(to(collector.endpoint()), bounds);
  give(out, 2);
  collector.wait_for(1);
  give(out, 2);
  collector.wait_for(2);
  out.end(30s);
  EXPECT_EQ(collector.spans().size(), 4U);
  EXPECT_EQ(collector.connections(), 1U);
}

TEST(a_span_exporter, sends_a_few_after_its_delay) {
  fake_collector collector;
  span_exporter_bounds bounds = nobody_waits;
  bounds.delay = 1ms;
  span_exporter out(to(collector.endpoint()), bounds);
  give(out, 1);
  collector.wait_for(1);
}

TEST(a_span_exporter, drops_and_counts_what_has_no_room) {
  const fake_collector collector;
  span_exporter_bounds bounds = nobody_waits;
  bounds.waiting = 4;
  span_exporter out(to(collector.endpoint()), bounds);
  give(out, 10);
  EXPECT_EQ(out.figures().dropped, 6U);
  out.end(30s);
  EXPECT_EQ(out.figures().sent, 4U);
  EXPECT_EQ(out.figures().dropped, 6U);
}

TEST(a_span_exporter, drops_what_comes_when_it_has_ended) {
  const fake_collector collector;
  span_exporter out(to(collector.endpoint()), nobody_waits);
  out.end(30s);
  give(out, 1);
  EXPECT_EQ(out.figures().dropped, 1U);
}

TEST(a_span_exporter, whose_collector_is_away_drops_and_counts) {
  std::string nowhere;
  {
    const fake_collector gone;
    nowhere = gone.endpoint();
  }
  span_exporter out(to(nowhere), nobody_waits);
  give(out, 3);
  out.end(30s);
  EXPECT_EQ(out.figures().dropped, 3U);
}

TEST(a_span_exporter, tries_again_where_the_collector_is_busy_and_gives_up_in_the_end) {
  fake_collector collector(fake_collector::with_status("503 Service Unavailable"));
  span_exporter out(to(collector.endpoint()), nobody_waits);
  give(out, 2);
  out.end(30s);
  EXPECT_EQ(collector.questions().size(), nobody_waits.attempts);
  EXPECT_EQ(out.figures().dropped, 2U);
}

TEST(a_span_exporter, sends_nothing_twice_that_the_collector_refuses) {
  fake_collector collector(fake_collector::with_status("400 Bad Request"));
  span_exporter out(to(collector.endpoint()), nobody_waits);
  give(out, 2);
  out.end(30s);
  EXPECT_EQ(collector.questions().size(), 1U);
  EXPECT_EQ(out.figures().dropped, 2U);
}

TEST(a_span_exporter, counts_what_the_collector_says_it_has_not_taken) {
  fake_collector collector(fake_collector::ok(R"({"partialSuccess": {"rejectedSpans": "2"}})"));
  span_exporter out(to(collector.endpoint()), nobody_waits);
  give(out, 3);
  out.end(30s);
  EXPECT_EQ(out.figures().sent, 1U);
  EXPECT_EQ(out.figures().dropped, 2U);
}

TEST(a_span_exporter, survives_a_collector_that_talks_nonsense) {
  fake_collector collector("\x16\x03nonsense\r\n\r\n");
  span_exporter_bounds bounds = nobody_waits;
  bounds.batch = 1;
  span_exporter out(to(collector.endpoint()), bounds);
  give(out, 1);
  collector.wait_for(bounds.attempts);
  collector.answer_with(fake_collector::ok());
  give(out, 1);
  out.end(30s);
  EXPECT_GE(out.figures().sent, 1U);
  EXPECT_EQ(out.figures().sent + out.figures().dropped, 2U);
}

TEST(a_span_exporter, survives_an_answer_without_end) {
  fake_collector collector("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" +
                           std::string(200'000, 'x'));
  span_exporter out(to(collector.endpoint()), nobody_waits);
  give(out, 1);
  out.end(30s);
  EXPECT_EQ(out.figures().dropped, 1U);
}

TEST(a_span_exporter, gives_a_silent_collector_so_much_time_and_no_more) {
  fake_collector collector("");
  span_exporter_bounds bounds = nobody_waits;
  bounds.patience = 1ms;
  span_exporter out(to(collector.endpoint()), bounds);
  give(out, 1);
  out.end(30s);
  EXPECT_EQ(out.figures().dropped, 1U);
}

TEST(a_span_exporter, ends_in_time_though_the_collector_is_silent) {
  fake_collector collector("");
  span_exporter_bounds bounds = nobody_waits;
  bounds.batch = 1;
  bounds.patience = 1h;
  span_exporter out(to(collector.endpoint()), bounds);
  give(out, 5);
  collector.wait_for(1);
  const auto began = std::chrono::steady_clock::now();
  out.end(50ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
  EXPECT_EQ(out.figures().dropped, 5U);
}

}  // namespace
}  // namespace holdfast::serve
