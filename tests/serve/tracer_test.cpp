// SPDX-License-Identifier: Apache-2.0
#include "serve/tracer.hpp"

#include <thread>

#include "serve/fake_collector.hpp"
#include "serve/served.hpp"

namespace holdfast::serve {
namespace {

using namespace testing_support;

constexpr const char* from_afar =
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\ntracestate: a=1\r\n";
constexpr const char* not_sampled =
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\r\n";

constexpr const char* call_route = "POST /v1/call/{component}/{export}";
constexpr const char* call_add = "call counting/add";

class tracer_test : public served_test {
 protected:
  void start_traced() {
    settings.traces.endpoint = collector.endpoint();
    start();
  }
  // Ends the server, which sends what waits.
  void end() { running->end(10s); }
  raw_answer add(std::string_view fields = {}) const {
    return ask(call_request("/v1/call/counting/add", "[2, 40]", fields));
  }
  double dropped() const {
    const std::string all = ask(request("GET", "/metrics")).body;
    const std::size_t at = all.find("\nholdfast_trace_spans_dropped_total ");
    EXPECT_NE(at, all.npos);
    return at == all.npos ? -1 : std::stod(all.substr(all.find(' ', at)));
  }

  fake_collector collector;
};

TEST_F(tracer_test, makes_a_trace_of_a_request_and_its_call) {
  start_traced();
  const std::string id = text(json(add()), "id");
  end();
  ASSERT_EQ(collector.spans().size(), 2U);
  const auto server = collector.span(call_route);
  EXPECT_EQ(server.at("kind").as_int64(), 2);
  EXPECT_FALSE(server.contains("parentSpanId"));
  EXPECT_EQ(attribute_of(server, "http.request.method"), "POST");
  EXPECT_EQ(attribute_of(server, "http.route"), "/v1/call/{component}/{export}");
  EXPECT_EQ(attribute_of(server, "http.response.status_code"), "200");
  EXPECT_EQ(attribute_of(server, "url.path"), "/v1/call/counting/add");
  EXPECT_EQ(attribute_of(server, "url.scheme"), "http");
  EXPECT_EQ(attribute_of(server, "server.address"), "localhost");
  EXPECT_EQ(attribute_of(server, "client.address"), "127.0.0.1");
  EXPECT_FALSE(has_failed(server));

  const auto call = collector.span(call_add);
  EXPECT_EQ(call.at("kind").as_int64(), 1);
  EXPECT_EQ(text_of(call, "traceId"), text_of(server, "traceId"));
  EXPECT_EQ(text_of(call, "parentSpanId"), text_of(server, "spanId"));
  EXPECT_EQ(attribute_of(call, "holdfast.call.id"), id);
  EXPECT_EQ(attribute_of(call, "holdfast.component"), "counting");
  EXPECT_EQ(attribute_of(call, "holdfast.export"), "add");
  EXPECT_EQ(attribute_of(call, "holdfast.outcome"), "completed");
  EXPECT_EQ(attribute_of(call, "holdfast.effect"), "executed");
  EXPECT_EQ(attribute_of(call, "holdfast.generation"), "1");
  EXPECT_EQ(attribute_of(call, "holdfast.attempts"), "1");
  EXPECT_FALSE(attribute_of(call, "holdfast.queue_wait").empty());
  EXPECT_FALSE(attribute_of(call, "holdfast.run_time").empty());
  EXPECT_FALSE(has_failed(call));
  const auto time = [](const auto& of, const char* which) { return std::stoull(text_of(of, which)); };
  EXPECT_LE(time(server, "startTimeUnixNano"), time(call, "startTimeUnixNano"));
  EXPECT_LE(time(call, "startTimeUnixNano"), time(call, "endTimeUnixNano"));
  EXPECT_LE(time(call, "endTimeUnixNano"), time(server, "endTimeUnixNano"));
}

TEST_F(tracer_test, goes_on_with_the_trace_that_the_client_began) {
  settings.traces.sample = 0;  // of those alone that begin here
  start_traced();
  add(from_afar);
  end();
  const auto server = collector.span(call_route);
  EXPECT_EQ(text_of(server, "traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(text_of(server, "parentSpanId"), "00f067aa0ba902b7");
  EXPECT_EQ(text_of(server, "traceState"), "a=1");
  const auto call = collector.span(call_add);
  EXPECT_EQ(text_of(call, "traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(text_of(call, "parentSpanId"), text_of(server, "spanId"));
}

TEST_F(tracer_test, sends_nothing_of_what_the_client_has_not_sampled) {
  start_traced();
  add(not_sampled);
  end();
  EXPECT_TRUE(collector.spans().empty());
}

TEST_F(tracer_test, sends_nothing_of_what_its_own_share_leaves_out) {
  settings.traces.sample = 0;
  start_traced();
  add();
  end();
  EXPECT_TRUE(collector.spans().empty());
}

TEST_F(tracer_test, begins_a_trace_where_a_traceparent_is_malformed) {
  start_traced();
  add("traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-00\r\ntracestate: a=1\r\n");
  end();
  const auto server = collector.span(call_route);
  EXPECT_EQ(text_of(server, "traceId").size(), 32U);
  EXPECT_NE(text_of(server, "traceId"), std::string(32, '0'));
  EXPECT_FALSE(server.contains("parentSpanId"));
  EXPECT_FALSE(server.contains("traceState"));
}

TEST_F(tracer_test, has_a_trace_for_each_request_of_a_connection) {
  start_traced();
  {
    raw_client client(port);
    client.ask(request("GET", "/livez", from_afar));
    client.ask(request("GET", "/readyz"));
    client.ask(request("PURGE", "/nowhere/secret?token=x"));
  }
  end();
  const auto second = collector.span("GET /readyz");
  EXPECT_NE(text_of(second, "traceId"), text_of(collector.span("GET /livez"), "traceId"));
  EXPECT_FALSE(second.contains("parentSpanId"));
  const auto third = collector.span("HTTP");  // no route, and a method that anybody may have made up
  EXPECT_EQ(attribute_of(third, "http.request.method"), "_OTHER");
  EXPECT_EQ(attribute_of(third, "http.request.method_original"), "PURGE");
  EXPECT_EQ(attribute_of(third, "url.path"), "/nowhere/secret");
}

TEST_F(tracer_test, cuts_what_a_client_makes_too_long) {
  start_traced();
  ask(request("GET", "/livez", "User-Agent: " + std::string(5000, 'x') + "\r\n"));
  end();
  EXPECT_EQ(attribute_of(collector.span("GET /livez"), "user_agent.original"),
            std::string(longest_attribute, 'x'));
}

TEST_F(tracer_test, tells_of_a_call_that_traps_as_an_error) {
  start_traced();
  EXPECT_EQ(ask(call_request("/v1/call/counting/trap", "[]")).status, 500U);
  end();
  const auto server = collector.span(call_route);
  EXPECT_TRUE(has_failed(server));
  EXPECT_EQ(attribute_of(server, "error.type"), "500");
  const auto call = collector.span("call counting/trap");
  EXPECT_TRUE(has_failed(call));
  EXPECT_EQ(attribute_of(call, "error.type"), "trapped");
  EXPECT_EQ(attribute_of(call, "holdfast.outcome"), "trapped");
}

TEST_F(tracer_test, makes_no_call_of_what_was_refused) {
  start_traced();
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[2]")).status, 400U);
  EXPECT_EQ(ask(call_request("/v1/call/nobody/add", "[2]")).status, 404U);
  end();
  EXPECT_EQ(collector.spans().size(), 2U);
  for (const auto& each : collector.spans()) {
    EXPECT_EQ(text_of(each, "name"), call_route);
    EXPECT_FALSE(has_failed(each)) << "the client's fault is none of the server's";
  }
}

TEST_F(tracer_test, tells_of_a_call_that_outlives_its_request_when_it_ends) {
  start_traced();
  const raw_answer begun = ask(
      call_request("/v1/call/counting/forever", "[]", "Prefer: respond-async\r\n" + std::string(from_afar)));
  EXPECT_EQ(begun.status, 202U);
  const std::string place = "/v1/calls/" + text(json(begun), "id");
  while (text(json(ask(request("GET", place))), "phase") == "queued") std::this_thread::yield();
  running->end(0s);  // it is killed
  const auto call = collector.span("call counting/forever");
  EXPECT_EQ(text_of(call, "parentSpanId"), text_of(collector.span(call_route), "spanId"));
  EXPECT_EQ(attribute_of(call, "holdfast.outcome"), "killed");
  EXPECT_TRUE(has_failed(call));
}

TEST_F(tracer_test, sends_the_fields_and_the_name_that_are_configured) {
  settings.traces.service = "shop";
  settings.traces.headers = {{"authorization", "Bearer of spans"}};
  start_traced();
  add();
  end();
  const auto asked = collector.questions();
  ASSERT_FALSE(asked.empty());
  EXPECT_EQ(asked[0].authorization, "Bearer of spans");
  EXPECT_EQ(asked[0].json.at("resourceSpans").at(0).at("resource").at("attributes").at(0).at("value"),
            boost::json::value({{"stringValue", "shop"}}));
}

TEST_F(tracer_test, holds_up_neither_requests_nor_the_end_where_the_collector_is_silent) {
  collector.answer_with("");
  start_traced();
  add();
  collector.wait_for(1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(add().status, 200U);
  const auto began = std::chrono::steady_clock::now();
  end();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
}

TEST_F(tracer_test, counts_in_the_metrics_what_a_collector_did_not_take) {
  collector.answer_with(fake_collector::with_status("400 Bad Request"));
  start_traced();
  EXPECT_EQ(dropped(), 0);
  collector.wait_for(1);
  while (dropped() < 1) std::this_thread::yield();
}

TEST_F(tracer_test, is_off_where_no_endpoint_is_set) {
  start();
  EXPECT_EQ(add(from_afar).status, 200U);
  EXPECT_EQ(ask(request("GET", "/metrics")).body.find("holdfast_trace_spans"), std::string::npos);
  end();
  EXPECT_EQ(collector.connections(), 0U);
}

class traced_web_app : public tracer_test {
 protected:
  traced_web_app() {
    settings.components.clear();
    add_web("shop").pool.cells = 1;
  }
  // What the guest sees: `traceparent`, a blank, `tracestate`.
  std::string seen(std::string_view fields) const { return ask(request("GET", "/where", fields)).body; }
};

TEST_F(traced_web_app, sees_a_traceparent_that_goes_on_from_the_servers_span) {
  start_traced();
  const std::string told = seen(from_afar);
  end();
  const auto server = collector.span("GET /*");
  EXPECT_EQ(told, "00-4bf92f3577b34da6a3ce929d0e0e4736-" + text_of(server, "spanId") + "-01 a=1");
  EXPECT_EQ(text_of(server, "parentSpanId"), "00f067aa0ba902b7");
  EXPECT_EQ(attribute_of(server, "holdfast.component"), "shop");
  EXPECT_EQ(collector.spans().size(), 1U);
}

TEST_F(traced_web_app, sees_that_a_trace_is_not_sampled) {
  start_traced();
  const std::string told = seen(not_sampled);
  EXPECT_EQ(told.substr(0, 36), "00-4bf92f3577b34da6a3ce929d0e0e4736-");
  EXPECT_EQ(told.substr(52), "-00 ");
  end();
  EXPECT_TRUE(collector.spans().empty());
}

TEST_F(traced_web_app, sees_one_that_begins_here_where_the_client_has_none) {
  start_traced();
  const auto told = parse_traceparent(seen({}).substr(0, 55));
  end();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->trace.to_string(), text_of(collector.span("GET /*"), "traceId"));
}

TEST_F(traced_web_app, sees_what_its_client_sent_where_traces_are_off) {
  start();
  EXPECT_EQ(seen(from_afar), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 a=1");
  EXPECT_EQ(seen("traceparent: whatever it is\r\n"), "whatever it is ");
  EXPECT_EQ(seen({}), " ");
}

TEST(a_share, of_traces_is_sampled_by_their_ids) {
  EXPECT_TRUE(is_sampled({1, ~0ULL}, 1.0));
  EXPECT_FALSE(is_sampled({1, 0}, 0.0));
  EXPECT_TRUE(is_sampled({1, 0x3f'ffff'ffff'ffff}, 0.25));
  EXPECT_FALSE(is_sampled({1, 0x40'0000'0000'0000}, 0.25));
  EXPECT_TRUE(is_sampled({1, 0xff00'0000'0000'0000}, 0.25)) << "the first 8 bits have no say";
}

TEST(a_route, is_one_of_a_known_set) {
  const auto route = [](std::string_view path, std::string_view web = {}) {
    return route_of(path_parts(path), web);
  };
  EXPECT_EQ(route("/v1/call/shop/ns:pkg/iface#buy"), "/v1/call/{component}/{export}");
  EXPECT_EQ(route("/v1/actors/shop/ada/buy"), "/v1/actors/{component}/{key}/{export}");
  EXPECT_EQ(route("/v1/actors"), "/v1/actors");
  EXPECT_EQ(route("/v1/calls"), "/v1/calls");
  EXPECT_EQ(route("/v1/calls/ab"), "/v1/calls/{id}");
  EXPECT_EQ(route("/v1/calls/ab/kill"), "/v1/calls/{id}/kill");
  EXPECT_EQ(route("/v1/calls/ab/other"), "");
  EXPECT_EQ(route("/v1/components"), "/v1/components");
  EXPECT_EQ(route("/v1/components/shop"), "/v1/components/{component}");
  EXPECT_EQ(route("/v1/components/shop/drain"), "/v1/components/{component}/drain");
  EXPECT_EQ(route("/v1/events"), "/v1/events");
  EXPECT_EQ(route("/v1/nothing"), "");
  EXPECT_EQ(route("/livez"), "/livez");
  EXPECT_EQ(route("/livez/more"), "");
  EXPECT_EQ(route("/page/page.js"), "/page/{file}");
  EXPECT_EQ(route("/"), "/");
  EXPECT_EQ(route("/made/up"), "");
  EXPECT_EQ(route("/made/up", "shop"), "/*");
  EXPECT_EQ(route("/", "shop"), "/*");
  EXPECT_EQ(route("/shop/cart", "shop"), "/shop/*");
}

}  // namespace
}  // namespace holdfast::serve
