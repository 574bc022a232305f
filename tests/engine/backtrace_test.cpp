// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/bare_guest.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using core::guest_state;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Faults in every way there is, three functions deep.
constexpr std::string_view faulty = R"((component
  (import "fail" (func $fail))
  (core func $fail_lowered (canon lower (func $fail)))
  (core module $shop
    (import "" "fail" (func $fail))
    (memory 1)
    (func $till unreachable)
    (func $counter (call $till))
    (func (export "unreachable") (call $counter))
    (func $shelf (drop (i32.load (i32.const 70000))))
    (func (export "out-of-bounds") (call $shelf))
    (func $stairs (call $stairs) (call $stairs))
    (func (export "overflow") (call $stairs))
    (func $waltz (loop $round (br $round)))
    (func (export "spin") (call $waltz))
    (func $greed (if (i32.eq (memory.grow (i32.const 60000)) (i32.const -1)) (then unreachable)))
    (func (export "grow") (call $greed))
    (func $share (param $zero i32) (drop (i32.div_u (i32.const 1) (local.get $zero))))
    (func (export "divide") (call $share (i32.const 0)))
    (func $call_out (call $fail))
    (func (export "fail") (call $call_out)))
  (core instance $i (instantiate $shop (with "" (instance (export "fail" (func $fail_lowered))))))
  (func (export "unreachable") (canon lift (core func $i "unreachable")))
  (func (export "out-of-bounds") (canon lift (core func $i "out-of-bounds")))
  (func (export "overflow") (canon lift (core func $i "overflow")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "grow") (canon lift (core func $i "grow")))
  (func (export "divide") (canon lift (core func $i "divide")))
  (func (export "fail") (canon lift (core func $i "fail")))))";

class backtrace : public testing::Test {
 protected:
  backtrace() {
    options.limits.memory = 1 << 20;
    options.functions.define("", "fail", [](host_call call) { std::move(call).fail("no \x1b[31mway\xff"); });
  }
  core::fault of(std::string_view name, std::string_view text = faulty) {
    bare_guest guest(compiled(text), options);
    EXPECT_EQ(guest.settle(), guest_state::ready);
    EXPECT_FALSE(guest.start(name));
    if (name == "spin") {
      EXPECT_EQ(guest.get().poll(), guest_state::pending);
      guest.get().interrupt();
    }
    EXPECT_EQ(guest.settle(), guest_state::failed);
    return guest.get().take_fault();
  }
  pool_options options;
};

TEST_F(backtrace, of_unreachable_names_each_function_from_the_inside_out) {
  const core::fault why = of("unreachable");
  EXPECT_EQ(why.code, errc::trapped);
  EXPECT_THAT(why.message, HasSubstr("unreachable"));
  EXPECT_THAT(why.backtrace, StartsWith("0: shop!till\n1: shop!counter\n2: shop!"));
}

TEST_F(backtrace, of_an_access_out_of_bounds_names_who_made_it) {
  const core::fault why = of("out-of-bounds");
  EXPECT_THAT(why.message, HasSubstr("out of bounds"));
  EXPECT_THAT(why.backtrace, StartsWith("0: shop!shelf\n"));
}

TEST_F(backtrace, of_a_stack_overflow_is_its_innermost_frames_and_bounded) {
  const core::fault why = of("overflow");
  EXPECT_EQ(why.code, errc::trapped);
  EXPECT_THAT(why.message, HasSubstr("stack"));
  EXPECT_THAT(why.backtrace, StartsWith("0: shop!stairs\n1: shop!stairs\n"));
  EXPECT_LE(std::ranges::count(why.backtrace, '\n'), 20);
}

TEST_F(backtrace, of_an_interrupted_loop_names_the_loop) {
  const core::fault why = of("spin");
  EXPECT_EQ(why.code, errc::killed);
  EXPECT_THAT(why.backtrace, StartsWith("0: shop!waltz\n"));
}

TEST_F(backtrace, of_memory_over_the_limit_names_who_wanted_it_and_how_much) {
  const core::fault why = of("grow");
  EXPECT_EQ(why.code, errc::trapped);
  EXPECT_THAT(why.message, HasSubstr("its limit is 1048576 bytes"));
  EXPECT_THAT(why.backtrace, StartsWith("0: shop!greed\n"));
}

TEST_F(backtrace, of_a_division_by_zero_names_who_divided) {
  const core::fault why = of("divide");
  EXPECT_THAT(why.message, HasSubstr("divide by zero"));
  EXPECT_THAT(why.backtrace, StartsWith("0: shop!share\n"));
}

TEST_F(backtrace, of_a_failed_host_function_names_who_called_it) {
  const core::fault why = of("fail");
  EXPECT_EQ(why.code, errc::host_failed);
  EXPECT_THAT(why.message, HasSubstr("no \\u{1b}[31mway\uFFFD")) << "what a terminal would obey is escaped";
  EXPECT_THAT(why.backtrace, HasSubstr("shop!call_out\n"));
}

TEST_F(backtrace, has_numbers_where_the_component_has_no_names) {
  const core::fault why = of("f", R"((component
    (core module (func unreachable) (func (export "f") (call 0)))
    (core instance $i (instantiate 0))
    (func (export "f") (canon lift (core func $i "f")))))");
  EXPECT_THAT(why.backtrace, StartsWith("0: <unknown>!<function 0>\n1: <unknown>!<function 1>\n"));
}

TEST_F(backtrace, holds_hostile_names_in_one_line_each_and_bounds_them) {
  const std::string text = R"((component
    (core module $"m\1b[2J\0a0: trusted!all_is_well" (func $"f\e2\80\ae\c2\9b)" +
                           std::string(100'000, 'x') + R"(" (export "f") unreachable))
    (core instance $i (instantiate 0))
    (func (export "f") (canon lift (core func $i "f")))))";
  const core::fault why = of("f", text);
  EXPECT_THAT(why.backtrace, StartsWith("0: m\\u{1b}[2J\\n0: trusted!all_is_well!f\\u{202e}\\u{9b}xxx"));
  EXPECT_EQ(std::ranges::count(why.backtrace, '\n'), 1);
  EXPECT_LT(why.backtrace.size(), 1500U);
}

TEST_F(backtrace, does_not_stand_in_the_message) {
  EXPECT_THAT(of("unreachable").message, Not(HasSubstr("till")));
  EXPECT_THAT(of("unreachable").message, Not(HasSubstr("\n")));
}

TEST(untrusted_text, in_the_error_of_a_component_that_is_refused_is_bounded_and_escaped) {
  const std::string text =
      R"((component (import "url=<\1b[31m)" + std::string(90'000, 'y') + R"(>" (func))))";
  const component odd = compiled(text);
  core::steady_time clock;
  const auto linked = bridge::blueprint::link(odd, {}, [](auto) { return false; }, clock);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error(), errc::unknown_import);
  EXPECT_THAT(linked.error().detail, HasSubstr("\\u{1b}[31m"));
  EXPECT_THAT(linked.error().detail, Not(HasSubstr("\x1b")));
  EXPECT_LE(linked.error().detail.size(), (64U << 10) + 20);
}

}  // namespace
}  // namespace holdfast
