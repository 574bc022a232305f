// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/expect.hpp"
#include "fuzz/framing_reference.hpp"
#include "serve/head_finder.hpp"
#include "serve/request_parser.hpp"

// Any bytes as what a client sends: the first four say how they are cut into pieces and how much room a body
// is given at a time, the rest are requests one behind the other. However they are cut, the same requests,
// bodies and refusals come of them; and no request ends elsewhere than a plain reading of RFC 9112 says.

using namespace holdfast;
using namespace holdfast::serve;
using fuzz::expect;

namespace {

// Small, so that the fuzzer finds them.
const http_limits limits{.head_bytes = 640, .fields = 8, .target_bytes = 128};
constexpr std::size_t most_pieces = 1U << 12;

struct told_request {
  std::size_t begin = 0;
  std::size_t head_end = 0;
  std::size_t end = 0;
  std::unique_ptr<http_request> head = std::make_unique<http_request>();
  std::string body{};
  bool whole = false;
};

struct transcript {
  std::vector<told_request> requests{};
  unsigned status = 0;  // of the refusal that ended it; 0: it waits for more
  std::string why{};
};

/// Sizes that the fuzzer chose. Past most_pieces everything comes at once, so that time is bounded too.
class pieces {
 public:
  explicit pieces(std::uint32_t seed) noexcept : state_(seed) {}
  std::size_t next(std::size_t most) noexcept {
    if (state_ == 0 || ++drawn_ > most_pieces) return most;
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    // Mostly a few bytes, now and then many.
    const std::size_t size = state_ % 8 == 0 ? state_ >> 8 & 0x3ff : state_ >> 8 & 7;
    return std::min(most, size + 1);
  }

 private:
  std::uint32_t state_;
  std::size_t drawn_ = 0;
};

/// A connection without a socket: reads into a buffer, a head, then a body, as `connection` does.
class reading {
 public:
  reading(std::string_view wire, pieces cut) : wire_(wire), cut_(cut) {}

  transcript run() {
    while (read_one()) {
    }
    return std::move(told_);
  }

 private:
  std::string_view unread() const { return wire_.substr(begin_, came_ - begin_); }
  bool fill() {
    if (came_ == wire_.size()) return false;
    came_ += cut_.next(wire_.size() - came_);
    return true;
  }
  bool refuse(const http_refusal& wrong) {
    expect(wrong.status >= 400 && wrong.status < 600 && !wrong.why.empty(), "a refusal says nothing");
    told_.status = wrong.status;
    told_.why = wrong.why;
    return false;
  }

  bool read_one() {
    head_finder finder(limits);
    told_request one{.begin = begin_};
    request_parser parser(limits, *one.head);
    for (;;) {
      if (begin_ != came_) {
        auto found = finder.look(unread());
        if (found.wrong) return refuse(*found.wrong);
        if (found.size) {
          expect(*found.size <= limits.head_bytes, "a head is longer than it may be");
          const auto wrong = parser.read_head(unread().substr(0, *found.size));
          begin_ += *found.size;
          if (wrong) return refuse(*wrong);
          break;
        }
        expect(came_ - begin_ <= limits.head_bytes, "a head is waited for that is too long already");
      }
      if (!fill()) return false;
    }
    one.head_end = begin_;
    expect(one.head->fields.size() <= limits.fields && one.head->target.size() <= limits.target_bytes + 1,
           "a head has more than it may");
    told_.requests.push_back(std::move(one));
    return read_body(parser, told_.requests.back());
  }

  bool read_body(request_parser& parser, told_request& one) {
    std::vector<char> room(4096);
    while (!parser.done()) {
      // What was not given room for has a canary behind it.
      const std::size_t given = cut_.next(room.size() - 1);
      room[given] = '\x5a';
      const auto taken = parser.read_body(unread(), room.data(), given);
      expect(taken.filled <= given && room[given] == '\x5a', "more is written than there is room for");
      expect(taken.used <= unread().size(), "more is used than there is");
      begin_ += taken.used;
      one.body.append(room.data(), taken.filled);
      expect(one.body.size() == parser.body_bytes(), "the bytes of a body are miscounted");
      if (taken.wrong) return refuse(*taken.wrong);
      if (taken.filled != 0 || parser.done()) continue;
      expect(unread().size() < limits.head_bytes, "what is between chunks is kept without end");
      if (!fill()) return false;
    }
    one.end = begin_;
    one.whole = true;
    return one.head->keep_alive;
  }

  const std::string_view wire_;
  pieces cut_;
  std::size_t begin_ = 0;
  std::size_t came_ = 0;
  transcript told_{};
};

void expect_same(const transcript& left, const transcript& right) {
  expect(left.status == right.status, "the pieces decide whether a request is refused, or as what");
  // What is wrong with trailers is told when they are whole, that they are too long before.
  const bool in_body = !left.requests.empty() && !left.requests.back().whole;
  expect(in_body || left.why == right.why, "the pieces decide why a request is refused");
  expect(left.requests.size() == right.requests.size(), "the pieces decide how many requests there are");
  for (std::size_t i = 0; i < left.requests.size(); ++i) {
    const told_request& a = left.requests[i];
    const told_request& b = right.requests[i];
    expect(a.begin == b.begin && a.head_end == b.head_end && a.end == b.end && a.whole == b.whole,
           "the pieces decide where a request ends");
    expect(a.body == b.body, "the pieces decide what a body is");
    expect(a.head->method_name == b.head->method_name && a.head->target == b.head->target &&
               a.head->host == b.head->host && a.head->framing == b.head->framing &&
               a.head->length == b.head->length && a.head->keep_alive == b.head->keep_alive,
           "the pieces decide what a head says");
    expect(std::ranges::equal(
               a.head->fields, b.head->fields,
               [](const auto& x, const auto& y) { return x.name == y.name && x.value == y.value; }),
           "the pieces decide what the fields are");
  }
}

void expect_as_written(std::string_view wire, const transcript& told) {
  using how = fuzz::message_reading::how;
  for (const told_request& one : told.requests) {
    const auto plain = fuzz::read_message(wire.substr(one.begin));
    expect(plain.head == one.head_end - one.begin, "a head ends elsewhere than it is written");
    if (one.whole) {
      expect(plain.ended == how::whole, "a request is taken that is none");
      expect(plain.size == one.end - one.begin, "a request ends elsewhere than it is written");
      expect(plain.body == one.body, "a body is another than it is written");
    } else {
      expect(plain.body.starts_with(one.body), "a body begins otherwise than it is written");
      expect(told.status != 0 || plain.ended != how::whole, "a request that is whole is waited for");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  std::uint32_t seed = 0;
  for (int i = 0; i < 4; ++i) seed = seed << 8 | data[i];
  const std::string_view wire(reinterpret_cast<const char*>(data) + 4, size - 4);
  const transcript at_once = reading(wire, pieces(0)).run();
  expect_as_written(wire, at_once);
  expect_same(at_once, reading(wire, pieces(seed | 1)).run());
  return 0;
}
