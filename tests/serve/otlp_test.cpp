// SPDX-License-Identifier: Apache-2.0
#include "serve/otlp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace holdfast::serve {
namespace {

using testing::HasSubstr;

std::string why_not(std::string_view text) {
  const auto read = parse_otlp_endpoint(text);
  return read ? "it is read" : read.error().message();
}

TEST(an_endpoint, is_where_its_address_says_with_the_path_of_traces) {
  const auto plain = parse_otlp_endpoint("http://127.0.0.1:4318").value();
  EXPECT_EQ(plain.host, "127.0.0.1");
  EXPECT_EQ(plain.port, "4318");
  EXPECT_EQ(plain.authority, "127.0.0.1:4318");
  EXPECT_EQ(plain.target, "/v1/traces");
  const auto below = parse_otlp_endpoint("http://[::1]/otlp/").value();
  EXPECT_EQ(below.host, "::1");
  EXPECT_EQ(below.port, "80");
  EXPECT_EQ(below.authority, "[::1]");
  EXPECT_EQ(below.target, "/otlp/v1/traces");
}

TEST(an_endpoint, that_cannot_be_reached_is_refused_with_the_reason) {
  EXPECT_THAT(why_not("collector"), HasSubstr("such as `http://localhost:4318`"));
  EXPECT_THAT(why_not("http://"), HasSubstr("such as"));
  EXPECT_THAT(why_not("localhost:4318"), HasSubstr("such as"));
  EXPECT_THAT(why_not("https://localhost:4318"), HasSubstr("without TLS"));
  EXPECT_THAT(why_not("ftp://localhost"), HasSubstr("begins with `http://`"));
  EXPECT_THAT(why_not("http://me:secret@localhost"), HasSubstr("a name and a password"));
  EXPECT_THAT(why_not("http://localhost?x=1"), HasSubstr("query"));
  EXPECT_THAT(why_not("http://localhost:0"), HasSubstr("no port"));
  EXPECT_THAT(why_not("http://localhost:65536"), HasSubstr("no port"));
}

TEST(a_body, has_a_span_as_the_protocol_writes_it) {
  trace_span one;
  one.here = {
      .trace = {0x4bf92f3577b34da6, 0xa3ce929d0e0e4736}, .span = 0xab, .sampled = true, .state = "a=1"};
  one.parent = 0xcd;
  one.parent_is_afar = true;
  one.kind = trace_span::role::server;
  one.name = "GET /";
  one.began = std::chrono::system_clock::time_point(std::chrono::nanoseconds(1'700'000'000'000'000'001));
  one.ended = one.began + std::chrono::nanoseconds(5);
  one.attributes = {{"text", std::string("x")}, {"whole", std::int64_t{1} << 60}, {"real", 0.5}};
  one.failed = true;
  one.why = "trapped";
  const auto whole = boost::json::parse(otlp_body({&one, 1}, "shop", "1.2"));
  const auto& of = whole.at("resourceSpans").at(0);
  EXPECT_EQ(of.at("resource").at("attributes"),
            boost::json::parse(R"([{"key":"service.name","value":{"stringValue":"shop"}},
                                   {"key":"service.version","value":{"stringValue":"1.2"}}])"));
  EXPECT_EQ(
      of.at("scopeSpans").at(0).at("spans").at(0),
      boost::json::parse(R"({"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00000000000000ab",
      "name": "GET /", "kind": 2, "startTimeUnixNano": "1700000000000000001",
      "endTimeUnixNano": "1700000000000000006", "flags": 769, "parentSpanId": "00000000000000cd",
      "traceState": "a=1", "attributes": [{"key": "text", "value": {"stringValue": "x"}},
      {"key": "whole", "value": {"intValue": "1152921504606846976"}},
      {"key": "real", "value": {"doubleValue": 0.5}}], "status": {"code": 2, "message": "trapped"}})"));
}

TEST(a_body, is_json_whatever_clients_write) {
  trace_span one;
  one.name = "GET /";
  one.attributes = {{"agent", std::string("\xff\xfe\x01 \"\\ \xc3")}};
  boost::system::error_code failed;
  boost::json::parse(otlp_body({&one, 1}, "holdfast", "1"), failed);
  EXPECT_FALSE(failed) << failed.message();
}

TEST(an_answer, says_how_many_spans_were_not_taken) {
  EXPECT_EQ(otlp_rejected(R"({"partialSuccess": {"rejectedSpans": "7"}})"), 7U);
  EXPECT_EQ(otlp_rejected(R"({"partialSuccess": {"rejectedSpans": 7}})"), 7U);
  for (const char* const each : {"", "{}", "nonsense", "[]", R"({"partialSuccess": 1})",
                                 R"({"partialSuccess": {"rejectedSpans": -1}})"})
    EXPECT_EQ(otlp_rejected(each), 0U) << each;
}

}  // namespace
}  // namespace holdfast::serve
