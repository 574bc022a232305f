// SPDX-License-Identifier: Apache-2.0
#include "serve/gateway.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "serve/served.hpp"

namespace holdfast::serve {
namespace {

using namespace testing_support;

class gateway_test : public served_test {
 protected:
  // The cell runs `forever`, for somebody who does not wait; its id.
  std::string occupy() const {
    const raw_answer told = ask(call_request("/v1/call/counting/forever", "[]", "Prefer: respond-async\r\n"));
    EXPECT_EQ(told.status, 202U) << told.body;
    const std::string id = text(json(told), "id");
    // Its phase is asked for until it runs: each asking is a round trip.
    while (text(json(ask(request("GET", "/v1/calls/" + id))), "phase") == "queued") std::this_thread::yield();
    return id;
  }
  // A guest is in the cell.
  void until_running() const {
    while (!json(ask(request("GET", "/v1/components/counting"))).at("states").as_object().contains("running"))
      std::this_thread::yield();
  }
  raw_answer kill(const std::string& id) const {
    return ask(call_request("/v1/calls/" + id + "/kill", "{}"));
  }
  std::int64_t count() const {
    return json(ask(call_request("/v1/call/counting/count", "[]"))).at("value").as_int64();
  }
};

TEST_F(gateway_test, answers_a_call_with_its_value_and_what_became_of_it) {
  start();
  const raw_answer told = ask(call_request("/v1/call/counting/add", "[2, 40]"));
  EXPECT_EQ(told.status, 200U);
  EXPECT_EQ(told.fields.at("content-type"), "application/json");
  const auto body = json(told);
  EXPECT_EQ(text(body, "outcome"), "completed");
  EXPECT_EQ(body.at("value").as_int64(), 42);
  EXPECT_EQ(text(body, "effect"), "executed");
  EXPECT_EQ(body.at("generation").as_int64(), 1);
  EXPECT_EQ(body.at("attempts").as_int64(), 1);
  EXPECT_EQ(text(body, "id").size(), 32U);
}

TEST_F(gateway_test, takes_arguments_by_the_names_of_their_parameters) {
  start();
  EXPECT_EQ(json(ask(call_request("/v1/call/counting/add", R"({"b": 1, "a": 2})"))).at("value").as_int64(),
            3);
}

TEST_F(gateway_test, says_which_argument_is_wrong_and_that_no_guest_ran) {
  start();
  const raw_answer told = ask(call_request("/v1/call/counting/add", R"([2, "x"])"));
  EXPECT_EQ(told.status, 400U);
  const auto body = json(told);
  EXPECT_EQ(text(body, "type"), "urn:holdfast:error:bad_arguments");
  EXPECT_EQ(text(body, "outcome"), "refused");
  EXPECT_EQ(text(body, "effect"), "not_executed");
  EXPECT_THAT(text(body, "detail"), testing::HasSubstr("b"));
}

TEST_F(gateway_test, knows_no_component_and_no_export_of_another_name) {
  start();
  EXPECT_EQ(ask(call_request("/v1/call/nobody/add", "[]")).status, 404U);
  const raw_answer told = ask(call_request("/v1/call/counting/ad", "[]"));
  EXPECT_EQ(told.status, 404U);
  EXPECT_THAT(text(json(told), "detail"), testing::HasSubstr("add"));
}

TEST_F(gateway_test, tells_that_a_guest_trapped_and_the_next_call_finds_a_new_generation) {
  start();
  const raw_answer told = ask(call_request("/v1/call/counting/trap", "[]"));
  EXPECT_EQ(told.status, 500U);
  EXPECT_EQ(text(json(told), "outcome"), "trapped");
  EXPECT_EQ(text(json(told), "effect"), "executed");
  EXPECT_EQ(json(ask(call_request("/v1/call/counting/add", "[1, 1]"))).at("generation").as_int64(), 2);
}

TEST_F(gateway_test, stops_a_guest_at_the_deadline_that_the_client_gives) {
  start();
  const raw_answer told = ask(call_request("/v1/call/counting/forever", "[]", "Holdfast-Deadline: 50ms\r\n"));
  EXPECT_EQ(told.status, 504U);
  EXPECT_EQ(text(json(told), "outcome"), "deadline_killed");
}

TEST_F(gateway_test, answers_at_once_where_the_client_does_not_wait_and_has_the_outcome_later) {
  start();
  const raw_answer told = ask(call_request("/v1/call/counting/spin", "[1000]", "Prefer: respond-async\r\n"));
  EXPECT_EQ(told.status, 202U);
  EXPECT_EQ(told.fields.at("preference-applied"), "respond-async");
  const std::string place = told.fields.at("location");
  EXPECT_EQ(place, "/v1/calls/" + text(json(told), "id"));
  const raw_answer later = ask(request("GET", place + "?wait=60"));
  EXPECT_EQ(later.status, 200U);
  EXPECT_EQ(json(later).at("value").as_int64(), 1000);
}

TEST_F(gateway_test, tells_a_client_whose_wait_is_over_first_where_the_call_is_found) {
  start();
  const raw_answer told = ask(call_request("/v1/call/counting/forever", "[]", "Prefer: wait=0.05\r\n"));
  EXPECT_EQ(told.status, 202U);
  const std::string id = text(json(told), "id");
  EXPECT_EQ(text(json(told), "outcome"), "detached");
  EXPECT_EQ(text(json(told), "effect"), "unknown");
  const raw_answer still = ask(request("GET", "/v1/calls/" + id));
  EXPECT_EQ(still.status, 202U);
  EXPECT_EQ(text(json(still), "effect"), "unknown");
  EXPECT_EQ(text(json(still), "phase"), "running");
  EXPECT_EQ(text(json(kill(id)), "state"), "stopping");
  const raw_answer end = ask(request("GET", "/v1/calls/" + id + "?wait=60"));
  EXPECT_EQ(end.status, 409U);
  EXPECT_EQ(text(json(end), "outcome"), "killed");
}

TEST_F(gateway_test, revokes_a_call_that_waits_and_no_other) {
  start();
  const std::string running = occupy();
  const raw_answer queued = ask(call_request("/v1/call/counting/count", "[]", "Prefer: respond-async\r\n"));
  const std::string id = text(json(queued), "id");
  EXPECT_EQ(text(json(ask(request("DELETE", "/v1/calls/" + running))), "state"), "running");
  EXPECT_EQ(text(json(ask(request("DELETE", "/v1/calls/" + id))), "state"), "revoked");
  const raw_answer end = ask(request("GET", "/v1/calls/" + id));
  EXPECT_EQ(end.status, 409U);
  EXPECT_EQ(text(json(end), "effect"), "not_executed");
  kill(running);
  EXPECT_EQ(count(), 1);
}

TEST_F(gateway_test, drops_the_queued_call_of_a_client_that_is_gone_before_a_guest_is_entered) {
  start();
  const std::string running = occupy();
  raw_client leaves(port);
  leaves.send(call_request("/v1/call/counting/count", "[]"));
  const auto queued = [this] {
    return json(ask(request("GET", "/v1/components/counting"))).at("queued").as_int64();
  };
  while (queued() == 0) std::this_thread::yield();
  leaves.reset();
  while (queued() == 1) std::this_thread::yield();
  kill(running);
  EXPECT_EQ(count(), 1);
}

TEST_F(gateway_test, lets_a_call_go_on_whose_client_is_gone) {
  start();
  {
    raw_client leaves(port);
    leaves.send(call_request("/v1/call/counting/spin", "[100000000]"));
    until_running();
    leaves.reset();
  }
  const raw_answer next = ask(call_request("/v1/call/counting/add", "[1, 2]"));
  EXPECT_EQ(next.status, 200U);
  EXPECT_EQ(json(next).at("generation").as_int64(), 1) << "the instance was spoiled";
}

TEST_F(gateway_test, does_not_take_a_client_for_gone_that_has_only_ended_its_sending) {
  start();
  raw_client client(port);
  client.send(call_request("/v1/call/counting/spin", "[10000000]"));
  client.end_sending();
  EXPECT_EQ(client.read().status, 200U);
}

TEST_F(gateway_test, gives_calls_with_one_key_one_answer_and_tells_a_conflict) {
  start();
  const auto with_key = [this](const char* arguments) {
    return ask(call_request("/v1/call/counting/spin", arguments, "Idempotency-Key: \"order-17\"\r\n"));
  };
  const raw_answer first = with_key("[5]");
  EXPECT_EQ(first.status, 200U);
  EXPECT_EQ(text(json(with_key("[5]")), "id"), text(json(first), "id"));
  EXPECT_EQ(with_key("[6]").status, 422U);
}

TEST_F(gateway_test, knows_a_key_with_and_without_quotes_as_one) {
  start();
  const auto id = [&](const char* field) {
    return text(json(ask(call_request("/v1/call/counting/spin", "[5]", field))), "id");
  };
  EXPECT_EQ(id("Idempotency-Key: \"a\"\r\n"), id("Idempotency-Key: a\r\n"));
}

TEST_F(gateway_test, tells_that_an_id_is_not_known) {
  start();
  const raw_answer told = ask(request("GET", "/v1/calls/00000000000000000000000000000001"));
  EXPECT_EQ(told.status, 410U);
  EXPECT_EQ(text(json(told), "effect"), "unknown");
  EXPECT_EQ(ask(request("GET", "/v1/calls/xyz")).status, 400U);
}

TEST_F(gateway_test, serves_requests_that_come_together_one_after_the_other) {
  start();
  raw_client client(port);
  client.send(call_request("/v1/call/counting/count", "[]") + call_request("/v1/call/counting/count", "[]") +
              request("GET", "/livez"));
  EXPECT_EQ(json(client.read()).at("value").as_int64(), 1);
  EXPECT_EQ(json(client.read()).at("value").as_int64(), 2);
  EXPECT_EQ(client.read().body, "ok\n");
}

TEST_F(gateway_test, reads_a_body_in_chunks_as_it_does_a_whole_one) {
  start();
  const std::string head =
      "POST /v1/call/counting/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  raw_client client(port);
  EXPECT_EQ(json(client.ask(head + "3;x=y\r\n[2,\r\n2\r\n 3\r\n1\r\n]\r\n0\r\nTrailer: a\r\n\r\n"))
                .at("value")
                .as_int64(),
            5);
  // Also byte by byte, with another request behind it.
  const std::string bytes = head + "1\r\n[\r\n5\r\n2, 3]\r\n0\r\n\r\n" + request("GET", "/livez");
  for (const char c : bytes) client.send(std::string_view(&c, 1));
  EXPECT_EQ(json(client.read()).at("value").as_int64(), 5);
  EXPECT_EQ(client.read().status, 200U);
}

TEST_F(gateway_test, asks_for_the_body_that_a_client_holds_back_until_it_is_wanted) {
  start();
  raw_client client(port);
  client.send(
      "POST /v1/call/counting/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 6\r\nExpect: 100-continue\r\n\r\n");
  client.send("[2, 3]");
  EXPECT_EQ(json(client.read()).at("value").as_int64(), 5);
}

TEST_F(gateway_test, says_that_it_waits_for_a_body_and_to_nobody_whom_it_refuses) {
  start();
  const std::string fields =
      " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 6\r\n"
      "Expect: 100-continue\r\n\r\n";
  raw_client client(port);
  client.send("POST /v1/call/counting/add" + fields);
  EXPECT_EQ(client.read_interim(), 100U);
  client.send("[2, 3]");
  EXPECT_EQ(client.read().status, 200U);
  client.send("POST /v1/call/nobody/add" + fields);
  EXPECT_EQ(client.read_interim(), 404U);
}

TEST_F(gateway_test, takes_a_body_as_long_as_the_limit_says) {
  settings.server.limits.body_bytes = 6;
  start();
  const auto in_chunks = [](const std::string& body) {
    return "POST /v1/call/counting/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           "Transfer-Encoding: chunked\r\n\r\n" +
           std::to_string(body.size()) + "\r\n" + body + "\r\n0\r\n\r\n";
  };
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[2, 3]")).status, 200U);
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[2,  3]")).status, 413U);
  EXPECT_EQ(ask(in_chunks("[2, 3]")).status, 200U);
  EXPECT_EQ(ask(in_chunks("[2,  3]")).status, 413U);
}

TEST_F(gateway_test, closes_a_connection_after_its_last_request) {
  settings.server.limits.requests = 2;
  start();
  raw_client client(port);
  EXPECT_FALSE(client.ask(request("GET", "/livez")).fields.contains("connection"));
  EXPECT_EQ(client.ask(request("GET", "/livez")).fields["connection"], "close");
  EXPECT_TRUE(client.closed());
}

TEST_F(gateway_test, answers_head_as_get_without_the_content) {
  start();
  raw_client client(port);
  client.send(request("HEAD", "/v1/components"));
  const raw_answer told = client.read(true);
  EXPECT_EQ(told.status, 200U);
  EXPECT_NE(told.fields.at("content-length"), "0");
  EXPECT_EQ(client.ask(request("GET", "/livez")).body, "ok\n");
}

TEST_F(gateway_test, says_which_methods_there_are_and_nothing_to_pages_of_others) {
  start();
  const raw_answer told = ask(request("OPTIONS", "/v1/call/counting/add", "Origin: http://elsewhere\r\n"));
  EXPECT_EQ(told.status, 204U);
  EXPECT_EQ(told.fields.at("allow"), "POST, OPTIONS");
  EXPECT_FALSE(told.fields.contains("access-control-allow-origin"));
}

TEST_F(gateway_test, knows_the_hosts_that_are_listed_and_none_that_only_end_so) {
  settings.server.hosts = {"Shop.example"};
  start();
  const auto status = [this](const std::string& host) {
    return ask("GET /version HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status;
  };
  EXPECT_EQ(status("shop.example"), 200U);
  EXPECT_EQ(status("SHOP.example:8080"), 200U);
  EXPECT_EQ(status("[::1]:8080"), 200U);
  EXPECT_EQ(status("evilshop.example"), 403U);
  EXPECT_EQ(status("shop.example.evil"), 403U);
}

TEST_F(gateway_test, lets_pages_call_whose_origin_is_listed) {
  settings.server.cors_origins = {"https://shop.example"};
  start();
  const char* const origin = "Origin: https://shop.example\r\n";
  const raw_answer asked = ask(request("OPTIONS", "/v1/call/counting/add", origin));
  EXPECT_EQ(asked.fields.at("access-control-allow-origin"), "https://shop.example");
  const raw_answer told = ask(call_request("/v1/call/counting/add", "[1, 2]", origin));
  EXPECT_EQ(told.status, 200U);
  EXPECT_EQ(told.fields.at("access-control-allow-origin"), "https://shop.example");
}

TEST_F(gateway_test,
       tells_a_client_of_an_older_protocol_that_its_connection_goes_on_where_it_asked_for_that) {
  start();
  const std::string head = "GET /livez HTTP/1.0\r\nHost: localhost\r\n";
  raw_client client(port);
  const raw_answer kept = client.ask(head + "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.fields.at("connection"), "keep-alive");
  const raw_answer last = client.ask(head + "\r\n");
  EXPECT_EQ(last.fields.at("connection"), "close");
  EXPECT_TRUE(client.closed());
}

class principals_test : public gateway_test {
 protected:
  principals_test() {
    // Of the tokens `one` and `two`.
    settings.server.principals = {
        {.name = "one", .token_sha256 = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"},
        {.name = "two",
         .token_sha256 = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3",
         .may = {.kill = true}}};
  }
  static constexpr const char* one = "Authorization: Bearer one\r\n";
  static constexpr const char* two = "Authorization: bearer two\r\n";
};

TEST_F(principals_test, lets_in_who_has_a_token_and_nobody_else) {
  start();
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[1, 2]", one)).status, 200U);
  const raw_answer told = ask(call_request("/v1/call/counting/add", "[1, 2]"));
  EXPECT_EQ(told.status, 401U);
  EXPECT_EQ(told.fields.at("www-authenticate"), "Bearer realm=\"holdfast\"");
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[1, 2]", "Authorization: Bearer three\r\n")).status,
            401U);
  // Its hash begins as that of `one` does.
  EXPECT_EQ(ask(request("GET", "/version", "Authorization: Bearer one-16911\r\n")).status, 401U);
  EXPECT_EQ(ask(request("GET", "/metrics")).status, 401U);
  EXPECT_EQ(ask(request("GET", "/livez")).status, 200U);
}

TEST_F(principals_test, lists_for_each_its_own_calls_and_tells_events_to_those_alone_who_may_kill) {
  start();
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[1, 2]", two)).status, 200U);
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[1, 2]", one)).status, 200U);
  const auto listed = [this](const char* who) {
    return json(ask(request("GET", "/v1/calls?phase=done", who))).at("calls").as_array().size();
  };
  EXPECT_EQ(listed(one), 1U);
  EXPECT_EQ(listed(two), 2U);
  EXPECT_EQ(ask(request("GET", "/v1/events", one)).status, 403U);
  raw_client looks(port);
  looks.send(request("HEAD", "/v1/events", two) + request("GET", "/livez"));
  EXPECT_EQ(looks.read(true).status, 200U);
  EXPECT_EQ(looks.read().body, "ok\n") << "the events of a HEAD go on";
  raw_client sees(port);
  sees.send(request("GET", "/v1/events", two));
  EXPECT_EQ(sees.read(true).status, 200U);
}

TEST_F(principals_test, lets_those_alone_drain_who_may) {
  settings.server.principals[1].may.drain = true;
  start();
  const char* const place = "/v1/components/counting/drain";
  EXPECT_EQ(ask(call_request(place, "{}", one)).status, 403U);
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[1, 2]", one)).status, 200U);
  EXPECT_EQ(ask(call_request(place, "{}", two)).status, 202U);
}

TEST_F(principals_test, shows_nobody_the_calls_of_others_but_who_may_kill) {
  start();
  const raw_answer told =
      ask(call_request("/v1/call/counting/forever", "[]", std::string("Prefer: respond-async\r\n") + two));
  const std::string place = told.fields.at("location");
  EXPECT_EQ(ask(request("GET", place, one)).status, 410U);
  EXPECT_EQ(ask(request("DELETE", place, one)).status, 410U);
  EXPECT_EQ(ask(call_request(place + "/kill", "{}", one)).status, 403U);
  EXPECT_EQ(ask(call_request(place + "/kill", "{}", two)).status, 200U);
}

TEST_F(principals_test, lists_for_each_the_calls_that_are_theirs_while_they_go_on) {
  start();
  raw_client bound(port);
  bound.send(call_request("/v1/call/counting/forever", "[]", one));
  const auto listed = [&](const char* who, const std::string& place = "/v1/calls") {
    return json(ask(request("GET", place, who))).at("calls").as_array();
  };
  while (listed(one, "/v1/calls?phase=running").empty())
    std::this_thread::yield();  // a kill of the queued revokes it
  const std::string hers = text(listed(one).at(0).as_object(), "id");
  EXPECT_EQ(text(listed(one).at(0).as_object(), "principal"), "one");
  ask(call_request("/v1/call/counting/count", "[]", std::string("Prefer: respond-async\r\n") + two));
  EXPECT_EQ(listed(one).size(), 1U);
  EXPECT_EQ(listed(two).size(), 2U) << "who may kill sees all";
  EXPECT_EQ(ask(request("GET", "/v1/calls/" + hers, one)).status, 202U) << "and reaches it by its id";
  raw_client waits(port);
  waits.send(request("GET", "/v1/calls/" + hers + "?wait=60", one));
  EXPECT_EQ(text(json(ask(call_request("/v1/calls/" + hers + "/kill", "{}", two))), "state"), "stopping");
  const raw_answer told = bound.read();
  EXPECT_EQ(told.status, 409U);
  EXPECT_EQ(text(json(told), "outcome"), "killed");
  const raw_answer over = waits.read();
  EXPECT_EQ(over.status, 410U);
  EXPECT_THAT(over.body, testing::HasSubstr("went to the client that waited for it"));
}

TEST_F(principals_test, find_their_calls_again_by_a_key_after_a_restart) {
  settings.journal = folder / "calls.journal";
  start();
  const std::string again = call_request("/v1/call/counting/count", "[]",
                                         std::string("Idempotency-Key: a\r\nPrefer: wait=60\r\n") + one);
  const std::string id = text(json(ask(again)), "id");
  running.reset();
  start();
  EXPECT_EQ(ask(request("GET", "/v1/calls/" + id, one)).status, 410U) << "nobody knows whose it was";
  EXPECT_EQ(text(json(ask(again)), "id"), id);
  EXPECT_EQ(ask(request("GET", "/v1/calls/" + id, one)).status, 200U);
}

TEST_F(principals_test, keeps_the_keys_of_one_apart_from_those_of_another) {
  start();
  const auto id = [&](const char* who) {
    return text(
        json(ask(call_request("/v1/call/counting/spin", "[5]", std::string("Idempotency-Key: a\r\n") + who))),
        "id");
  };
  EXPECT_EQ(id(one), id(one));
  EXPECT_NE(id(one), id(two));
}

TEST_F(gateway_test, holds_back_a_client_that_calls_too_often) {
  settings.server.per_client = {.per_second = 0.001, .burst = 2};
  start();
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[1, 2]")).status, 200U);
  EXPECT_EQ(ask(call_request("/v1/call/counting/add", "[1, 2]")).status, 200U);
  const raw_answer told = ask(call_request("/v1/call/counting/add", "[1, 2]"));
  EXPECT_EQ(told.status, 429U);
  EXPECT_GE(std::stol(told.fields.at("retry-after")), 1);
}

TEST_F(gateway_test, refuses_what_does_not_fit_in_the_queue_and_says_when_to_come_again) {
  settings.components.front().pool.queue_depth = 1;
  start();
  const std::string running = occupy();
  EXPECT_EQ(ask(call_request("/v1/call/counting/count", "[]", "Prefer: respond-async\r\n")).status, 202U);
  const raw_answer told = ask(call_request("/v1/call/counting/count", "[]"));
  EXPECT_EQ(told.status, 429U);
  EXPECT_EQ(text(json(told), "error"), "queue_full");
  EXPECT_TRUE(told.fields.contains("retry-after"));
  kill(running);
}

TEST_F(gateway_test, serves_a_unix_socket) {
  settings.server.listen = {parse_listen_address("unix:" + (folder / "gate.sock")).value()};
  start();
  raw_client client(folder / "gate.sock");
  EXPECT_EQ(client.ask(call_request("/v1/call/counting/add", "[1, 2]")).status, 200U);
}

TEST_F(gateway_test, ends_what_runs_before_it_ends_and_takes_nothing_new) {
  start();
  raw_client client(port);
  client.send(call_request("/v1/call/counting/spin", "[200000000]"));
  until_running();
  EXPECT_TRUE(running->end(60s));
  const raw_answer told = client.read();
  EXPECT_EQ(told.status, 200U) << told.body;
  EXPECT_EQ(told.fields.at("connection"), "close");
  EXPECT_THROW(raw_client{port}, std::system_error);
}

TEST_F(gateway_test, is_not_ready_any_more_when_it_is_to_end_but_lives) {
  start();
  EXPECT_EQ(ask(request("GET", "/readyz")).status, 200U);
  running->served().begin_end();
  EXPECT_EQ(ask(request("GET", "/readyz")).status, 503U);
  EXPECT_EQ(ask(request("GET", "/livez")).status, 200U);
}

TEST_F(gateway_test, writes_no_text_into_its_log_that_a_terminal_would_obey) {
  settings.log.access = folder / "access";
  start();
  EXPECT_EQ(ask(request("GET", "/livez", "User-Agent: a\xe2\x80\xae\xc2\x9b\r\n")).status, 200U);
  running.reset();
  const std::string line = contents_of(folder / "access");
  EXPECT_THAT(line, testing::HasSubstr(R"("target":"/livez","status":200)"));
  EXPECT_THAT(line, testing::Not(testing::HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(line, testing::Not(testing::HasSubstr("\xc2\x9b")));
}

TEST_F(gateway_test, kills_what_outlasts_the_grace_and_tells_its_client) {
  start();
  raw_client client(port);
  client.send(call_request("/v1/call/counting/forever", "[]"));
  until_running();
  EXPECT_FALSE(running->end(10ms));
  EXPECT_EQ(text(json(client.read()), "outcome"), "killed");
}

}  // namespace
}  // namespace holdfast::serve
