// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "serve/served.hpp"

/// What strangers send. Each is sent on a connection of its own, with a second request behind it that asks
/// for `count`: where the first was refused, nothing of the second may be taken for a request.
namespace holdfast::serve {
namespace {

using namespace testing_support;

struct hostile {
  const char* name;
  std::string bytes;
  unsigned status;  // of the first answer; 0: none, the connection is closed
  bool closes;      // so that what is behind it is never read
};

std::string get(const std::string& head_rest, const std::string& line = "GET /livez HTTP/1.1\r\n") {
  return line + head_rest;
}
const std::string host = "Host: localhost\r\n";
const std::string json = "Content-Type: application/json\r\n";
const std::string post = "POST /v1/call/counting/add HTTP/1.1\r\n" + host + json;

std::vector<hostile> table() {
  const std::string end = "\r\n";
  return {
      // Framing: whoever reads it another way than a proxy did, takes its body for a request.
      {"length and chunks", post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
       true},
      {"chunks and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n", 400,
       true},
      {"two lengths that differ", post + "Content-Length: 6\r\nContent-Length: 5\r\n\r\n[2, 3]", 400, true},
      {"two lengths that agree", post + "Content-Length: 6\r\nContent-Length: 6\r\n\r\n[2, 3]", 400, true},
      {"a list of lengths", post + "Content-Length: 6, 6\r\n\r\n[2, 3]", 400, true},
      {"a length with a sign", post + "Content-Length: +6\r\n\r\n[2, 3]", 400, true},
      {"a negative length", post + "Content-Length: -1\r\n\r\n[2, 3]", 400, true},
      {"a length in hexadecimal", post + "Content-Length: 0x6\r\n\r\n[2, 3]", 400, true},
      {"an empty length", post + "Content-Length: \r\n\r\n[2, 3]", 400, true},
      {"a length with a blank in it", post + "Content-Length: 1 6\r\n\r\n[2, 3]", 400, true},
      {"a length beyond 64 bits", post + "Content-Length: 18446744073709551622\r\n\r\n[2, 3]", 400, true},
      {"a length that is too much", post + "Content-Length: 99999999999\r\n\r\n", 413, true},
      {"an encoding that is not chunked", post + "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 400, true},
      {"an encoding before chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, true},
      {"chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400, true},
      {"two fields of chunked",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, true},
      {"identity", post + "Transfer-Encoding: identity\r\n\r\n", 400, true},
      {"chunked in quotes", post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400, true},
      {"chunked with a tail", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, true},
      {"chunked with a vertical tab",
       post + "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n0\r\n\r\n",
       400, true},
      {"a blank before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, true},
      {"a folded encoding", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400, true},
      {"chunks in HTTP/1.0",
       "POST /v1/call/counting/add HTTP/1.0\r\n" + host + json +
           "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400, true},
      {"a chunk without a size", post + "Transfer-Encoding: chunked\r\n\r\n\r\n0\r\n\r\n", 400, true},
      {"a chunk's size that is no number",
       post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n[2, 3]\r\n0\r\n\r\n", 400, true},
      {"a chunk's size with a sign", post + "Transfer-Encoding: chunked\r\n\r\n-6\r\n[2, 3]\r\n0\r\n\r\n",
       400, true},
      {"a chunk's size with 0x", post + "Transfer-Encoding: chunked\r\n\r\n0x6\r\n[2, 3]\r\n0\r\n\r\n", 400,
       true},
      {"a chunk's size beyond 64 bits",
       post + "Transfer-Encoding: chunked\r\n\r\n10000000000000006\r\n[2, 3]\r\n0\r\n\r\n", 400, true},
      {"a chunk longer than its size", post + "Transfer-Encoding: chunked\r\n\r\n5\r\n[2, 3]\r\n0\r\n\r\n",
       400, true},
      {"a chunk that ends in LF", post + "Transfer-Encoding: chunked\r\n\r\n6\n[2, 3]\n0\n\n", 400, true},
      {"a long extension",
       post + "Transfer-Encoding: chunked\r\n\r\n6;a=" + std::string(1000, 'b') + "\r\n[2, 3]\r\n0\r\n\r\n",
       400, true},
      {"an extension without end", post + "Transfer-Encoding: chunked\r\n\r\n6;a=" + std::string(40000, 'b'),
       400, true},
      {"trailers without end",
       post + "Transfer-Encoding: chunked\r\n\r\n6\r\n[2, 3]\r\n0\r\nA: " + std::string(40000, 'b'), 400,
       true},
      {"a trailer that is a length",
       post + "Transfer-Encoding: chunked\r\n\r\n6\r\n[2, 3]\r\n0\r\nContent-Length: 7\r\n\r\n", 400, true},
      // The head.
      {"an empty line first", end + get(host + end), 400, true},
      {"a bare LF", "GET /livez HTTP/1.1\nHost: localhost\n\n", 400, true},
      {"a bare LF in the middle", get("A: b\n" + host + end), 400, true},
      {"a bare CR", get("A: b\rC: d\r\n" + host + end), 400, true},
      {"a NUL", get(std::string("A: b\0c\r\n", 8) + host + end), 400, true},
      {"a control character",
       get("A: b\x01"
           "c\r\n" +
           host + end),
       400, true},
      {"a folded field", get(host + "A: b\r\n c\r\n" + end), 400, true},
      {"a field that begins with a blank", get(" A: b\r\n" + host + end), 400, true},
      {"a field without a colon", get("Abc\r\n" + host + end), 400, true},
      {"a field without a name", get(": b\r\n" + host + end), 400, true},
      {"a field with a strange name", get("A(b): c\r\n" + host + end), 400, true},
      {"no host", get(end), 400, true},
      {"two hosts", get(host + host + end), 400, true},
      {"an empty host", get("Host: \r\n" + end), 400, true},
      {"a host with a user", get("Host: a@localhost\r\n" + end), 400, true},
      {"a host with a path", get("Host: localhost/a\r\n" + end), 400, true},
      {"a host with a blank", get("Host: local host\r\n" + end), 400, true},
      {"a host with a port that is none", get("Host: localhost:99999\r\n" + end), 400, true},
      {"another host in the target", get(host + end, "GET http://elsewhere/livez HTTP/1.1\r\n"), 400, true},
      {"a target without a slash", get(host + end, "GET livez HTTP/1.1\r\n"), 400, true},
      {"an authority as target", get(host + end, "CONNECT localhost:80 HTTP/1.1\r\n"), 400, true},
      {"a star that is not for OPTIONS", get(host + end, "GET * HTTP/1.1\r\n"), 400, true},
      {"a blank in the target", get(host + end, "GET /li vez HTTP/1.1\r\n"), 400, true},
      {"two blanks before the version", get(host + end, "GET /livez  HTTP/1.1\r\n"), 400, true},
      {"a tab for a blank", get(host + end, "GET\t/livez HTTP/1.1\r\n"), 400, true},
      {"a fragment in the target", get(host + end, "GET /livez#a HTTP/1.1\r\n"), 400, true},
      {"a byte beyond ASCII in the target", get(host + end, "GET /l\xc3\xa9 HTTP/1.1\r\n"), 400, true},
      {"a wrong percent sign", get(host + end, "GET /%zz HTTP/1.1\r\n"), 400, true},
      {"a NUL in percent", get(host + end, "GET /%00 HTTP/1.1\r\n"), 400, true},
      {"no version", get(host + end, "GET /livez\r\n"), 400, true},
      {"version 1.2", get(host + end, "GET /livez HTTP/1.2\r\n"), 505, true},
      {"version 2", get(host + end, "GET /livez HTTP/2.0\r\n"), 505, true},
      {"version 0.9", get(host + end, "GET /livez HTTP/0.9\r\n"), 505, true},
      {"a version in small letters", get(host + end, "GET /livez http/1.1\r\n"), 400, true},
      {"the first bytes of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, true},
      {"the first bytes of TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400, true},
      {"a method that is no word", get(host + end, "G(T /livez HTTP/1.1\r\n"), 400, true},
      {"an expectation nobody knows", post + "Expect: tea\r\nContent-Length: 6\r\n\r\n[2, 3]", 417, true},
      {"an origin twice",
       post + "Origin: http://localhost\r\nOrigin: http://localhost\r\nContent-Length: 6\r\n\r\n[2, 3]", 400,
       true},
      {"a key twice", post + "Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 6\r\n\r\n[2, 3]",
       400, true},
      // Limits.
      {"a target that is too long", get(host + end, "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n"), 414,
       true},
      {"a request line without end", "GET /" + std::string(20000, 'a'), 414, true},
      {"a field that is too long", get("A: " + std::string(20000, 'b') + "\r\n" + host + end), 431, true},
      {"too many fields", get([] {
         std::string all;
         for (int i = 0; i < 101; ++i) all += "A: b\r\n";
         return all;
       }() + host + end),
       431, true},
      // Requests that are HTTP, and not ours.
      {"a method that nobody has", get(host + end, "BREW /livez HTTP/1.1\r\n"), 405, false},
      {"a page of another origin", post + "Origin: http://elsewhere\r\nContent-Length: 6\r\n\r\n[2, 3]", 403,
       false},
      {"an origin that begins as ours",
       post + "Origin: http://localhost.evil.example\r\nContent-Length: 6\r\n\r\n[2, 3]", 403, false},
      {"a form of another site", post + "Sec-Fetch-Site: cross-site\r\nContent-Length: 6\r\n\r\n[2, 3]", 403,
       false},
      {"a name that leads here",
       "POST /v1/call/counting/add HTTP/1.1\r\nHost: evil.example\r\n" + json +
           "Content-Length: 6\r\n\r\n[2, 3]",
       403, false},
      {"arguments that are a form",
       "POST /v1/call/counting/add HTTP/1.1\r\n" + host +
           "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\n[2, 3]",
       415, false},
      {"arguments without a type",
       "POST /v1/call/counting/add HTTP/1.1\r\n" + host + "Content-Length: 6\r\n\r\n[2, 3]", 415, false},
      {"no JSON", post + "Content-Length: 6\r\n\r\n[2, 3}", 400, false},
      {"JSON that nests too deep", post + "Content-Length: 2000\r\n\r\n" + std::string(2000, '['), 400,
       false},
      {"a path that climbs", get(host + end, "GET /v1/../livez HTTP/1.1\r\n"), 404, false},
      {"a method that a call has not", get(host + end, "GET /v1/call/counting/add HTTP/1.1\r\n"), 405, false},
      {"a wait that is no number", post + "Prefer: wait=soon\r\nContent-Length: 6\r\n\r\n[2, 3]", 400, false},
      {"a deadline that is none", post + "Holdfast-Deadline: soon\r\nContent-Length: 6\r\n\r\n[2, 3]", 400,
       false},
      {"a key that is too long",
       post + "Idempotency-Key: " + std::string(300, 'k') + "\r\nContent-Length: 6\r\n\r\n[2, 3]", 400,
       false},
  };
}

class hostile_requests : public served_test {};

TEST_F(hostile_requests, are_refused_as_the_table_says_and_nothing_behind_one_is_taken_for_a_request) {
  start();
  const auto all = table();
  EXPECT_GE(all.size(), 60U);
  for (const hostile& each : all) {
    SCOPED_TRACE(each.name);
    raw_client client(port);
    client.send(each.bytes);
    if (each.closes) client.send(call_request("/v1/call/counting/count", "[]"));
    const raw_answer told = client.read();
    ASSERT_EQ(told.status, each.status) << told.body;
    if (told.status >= 400) {
      ASSERT_EQ(told.fields.at("content-type"), "application/problem+json");
      ASSERT_EQ(json(told).at("effect").as_string(), "not_executed");
    }
    if (each.closes) {
      ASSERT_EQ(client.read().status, 0U) << "another request was read";
      ASSERT_TRUE(client.closed());
    } else {
      ASSERT_EQ(client.ask(request("GET", "/livez")).status, 200U) << "the connection was not kept";
    }
  }
  EXPECT_EQ(json(ask(call_request("/v1/call/counting/count", "[]"))).at("value").as_int64(), 1);
}

}  // namespace
}  // namespace holdfast::serve
