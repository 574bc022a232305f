// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <holdfast/function.hpp>
#include <holdfast/host.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "host/guests.hpp"

// Results that go from the guest's memory into the caller's value at once, and what may come between.
namespace holdfast {
namespace {

using namespace testing_support;

// Returns the list that it is given. `asking` calls the host first; the others fail or take long after they
// have returned, in post-return.
constexpr std::string_view text = R"((component
  (import "holdfast:demo/host" (instance $host (export "sleep" (func (param "ms" u64)))))
  (alias export $host "sleep" (func $sleep))
  (core module $code
    (import "host" "sleep" (func $sleep (param i64)))
    (memory (export "memory") 4)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func $echo (export "echo") (param $data i32) (param $size i32) (result i32)
      (i32.store (i32.const 16) (local.get $data))
      (i32.store (i32.const 20) (local.get $size))
      (i32.const 16))
    (func (export "asking") (param $data i32) (param $size i32) (result i32)
      (call $sleep (i64.const 0))
      (call $echo (local.get $data) (local.get $size)))
    (func (export "trap") (param i32) unreachable)
    (func (export "work") (param i32) (local $left i32)
      (local.set $left (i32.const 30000000))
      (loop $again
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))))
  (core func $sleep_lowered (canon lower (func $sleep)))
  (core instance $guest (instantiate $code
    (with "host" (instance (export "sleep" (func $sleep_lowered))))))
  (func (export "bytes") (param "data" (list u8)) (result (list u8))
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc"))))
  (func (export "doubles") (param "data" (list f64)) (result (list f64))
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc"))))
  (func (export "chars") (param "data" (list char)) (result (list char))
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc"))))
  (func (export "bools") (param "data" (list bool)) (result (list bool))
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc"))))
  (func (export "letters") (param "data" string) (result string)
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc"))))
  (func (export "wide") (param "data" string) (result string)
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc")) string-encoding=utf16))
  (func (export "asking") (param "data" (list u8)) (result (list u8))
    (canon lift (core func $guest "asking") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc"))))
  (func (export "trapping") (param "data" (list u8)) (result (list u8))
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc")) (post-return (core func $guest "trap"))))
  (func (export "long-bytes") (param "data" (list u8)) (result (list u8))
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc")) (post-return (core func $guest "work"))))
  (func (export "long-doubles") (param "data" (list f64)) (result (list f64))
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc")) (post-return (core func $guest "work"))))
  (func (export "long-letters") (param "data" string) (result string)
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc")) (post-return (core func $guest "work")))))
)";

class landing : public testing::Test {
 protected:
  static pool open(host& owner, const engine& on) {
    pool_options options{.cells = 1};
    options.functions.define("holdfast:demo/host", "sleep", [](std::uint64_t) {});
    pool made = owner.open(component::compile(on, std::as_bytes(std::span(text))).value(), std::move(options))
                    .value();
    EXPECT_TRUE(made.wait_ready());
    return made;
  }
  template <class T>
  void comes_back(const char* name, const T& sent) {
    SCOPED_TRACE(name);
    const auto echo = guests.function<T(T)>(name).value();
    const auto told = echo(sent);
    ASSERT_TRUE(told) << told.detail;
    EXPECT_EQ(*told, sent);
    EXPECT_EQ(told.attempts, 1U);
  }
  // A beat of the epoch ends a slice: on this engine only guests that work long are there to see one.
  host owner{shared_engine()};
  pool guests = open(owner, shared_engine());
};

std::vector<std::uint8_t> bytes(std::size_t count) {
  std::vector<std::uint8_t> made(count);
  for (std::size_t i = 0; i < count; ++i) made[i] = static_cast<std::uint8_t>(i * 31 + i / 256);
  return made;
}

TEST_F(landing, brings_back_what_was_sent) {
  for (const std::size_t count : {0U, 1U, 255U, 2049U, 65'536U}) comes_back("bytes", bytes(count));
  comes_back("doubles", std::vector<double>{0.5, -1, 1e300});
  comes_back("chars", std::vector<char32_t>{U'a', U'\U0001f980'});
  comes_back("bools", std::vector<bool>{true, false, true});
  comes_back("letters", std::string("gr\u00fcn \U0001f980"));
  comes_back("letters", std::string());
  comes_back("wide", std::string("gr\u00fcn \U0001f980"));
}

TEST_F(landing, is_not_for_a_call_that_a_host_function_has_shown) { comes_back("asking", bytes(1000)); }

TEST_F(landing, leaves_no_value_where_the_post_return_traps) {
  const auto echo = guests.function<wit::bytes(wit::bytes)>("trapping").value();
  const auto told = echo(bytes(1000));
  EXPECT_EQ(told.code, errc::trapped) << told.detail;
  EXPECT_FALSE(told.value) << "a call that failed has none";
  comes_back("bytes", bytes(10));
}

// Its caller waits on, but might leave, and others might join: the value is the call's again meanwhile.
TEST_F(landing, is_given_up_by_a_call_that_goes_on_in_its_post_return) {
  comes_back("long-bytes", bytes(1000));
  comes_back("long-bytes", bytes(0));
  comes_back("long-doubles", std::vector<double>{0.5, -1, 1e300});
  comes_back("long-letters", std::string("gr\u00fcn \U0001f980"));
}

TEST_F(landing, is_there_too_for_a_call_by_name) {
  const auto told = guests.call<wit::bytes>("bytes", args(bytes(300)));
  ASSERT_TRUE(told) << told.detail;
  EXPECT_EQ(*told, bytes(300));
}

}  // namespace
}  // namespace holdfast
