// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe.hpp>
#include <holdfast/function.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "host/export_target.hpp"
#include "host/manual_host.hpp"

namespace shop {

struct receipt {
  std::uint64_t serial = 0;
  std::uint64_t id = 0;
  std::uint64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(receipt, (), (serial, id, total))

using order_error = std::variant<std::string, std::uint32_t>;
using placed = holdfast::wit::expected<receipt, order_error>;

struct point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  friend bool operator==(const point&, const point&) = default;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

struct person {
  std::string name;
  std::uint8_t age = 0;
  std::vector<std::string> aliases;
  std::optional<point> home;
  friend bool operator==(const person&, const person&) = default;
};
BOOST_DESCRIBE_STRUCT(person, (), (name, age, aliases, home))

enum class color { red, green, blue };
BOOST_DESCRIBE_ENUM(color, red, green, blue)
enum class day { mon, tue, wed, thu, fri, sat, sun, feast, fast };
BOOST_DESCRIBE_ENUM(day, mon, tue, wed, thu, fri, sat, sun, feast, fast)

}  // namespace shop

namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;

class function_test : public testing::Test {
 protected:
  pool open(const std::string& file, pool_options options = {}) {
    pool made = owner.get().open(guest(file), std::move(options)).value();
    owner.settle();
    return made;
  }
  // Runs a call to its end.
  template <class R, class... Args>
  typed_reply<R> ask(const function<R(Args...)>& what, std::type_identity_t<Args>... values) {
    const auto claim = what.submit(std::forward<Args>(values)...).value();
    owner.settle();
    return claim.wait(0s);
  }
  template <class T>
  void comes_back(const pool& from, const char* name, T sent) {
    SCOPED_TRACE(name);
    const auto echo = from.function<T(T)>(name);
    ASSERT_TRUE(echo) << echo.error().detail;
    const auto told = ask(*echo, sent);
    ASSERT_TRUE(told) << told.detail;
    EXPECT_EQ(*told, sent);
  }
  manual_host owner;
};

TEST_F(function_test, answers_with_the_type_that_was_asked_for) {
  const pool orders = open("orders.wasm");
  const auto place =
      orders.function<shop::placed(std::uint64_t, const std::string&, std::uint32_t)>("place").value();
  const auto told = ask(place, 7, "book", 2);
  ASSERT_TRUE(told) << told.detail;
  ASSERT_TRUE(told->has_value());
  EXPECT_EQ((*told)->id, 7U);
  EXPECT_EQ((*told)->total, 2500U);
  EXPECT_EQ(told.generation, 1U);
  EXPECT_EQ(told.outcome, outcome::completed);
  EXPECT_NE(told.id, call_id());
}

TEST_F(function_test, counts_a_wit_error_as_a_value) {
  const pool orders = open("orders.wasm");
  const auto place =
      orders.function<shop::placed(std::uint64_t, std::string_view, std::uint32_t)>("place").value();
  const auto told = ask(place, 7, "spoon", 2);
  ASSERT_TRUE(told) << "the guest ran to its end";
  ASSERT_FALSE(told->has_value());
  EXPECT_EQ(std::get<0>(told->error()), "spoon");
}

TEST_F(function_test, carries_every_kind_of_value_there_and_back) {
  const pool kinds = open("kinds.wasm");
  comes_back<bool>(kinds, "echo-bool", true);
  comes_back<std::int8_t>(kinds, "echo-s8", -7);
  comes_back<std::uint16_t>(kinds, "echo-u16", 40000);
  comes_back<std::int64_t>(kinds, "echo-s64", -1'000'000'000'000);
  comes_back<float>(kinds, "echo-f32", 0.5F);
  comes_back<double>(kinds, "echo-f64", -0.25);
  comes_back<char32_t>(kinds, "echo-char", U'ß');
  comes_back<std::string>(kinds, "echo-string", std::string(1000, 'x') + "ü");
  comes_back<std::vector<std::uint8_t>>(kinds, "echo-bytes", std::vector<std::uint8_t>(1000, 3));
  comes_back<std::vector<std::int16_t>>(kinds, "echo-shorts", {-1, 2});
  comes_back<std::vector<double>>(kinds, "echo-doubles", std::vector<double>(100, 0.5));
  comes_back<std::vector<bool>>(kinds, "echo-bools", {true, false, true});
  comes_back<std::vector<char32_t>>(kinds, "echo-chars", {U'a', U'\U0001F600'});
  comes_back<std::vector<std::string>>(kinds, "echo-strings", {"a", "", std::string(500, 'z')});
  comes_back<std::vector<std::vector<std::uint32_t>>>(kinds, "echo-table", {{1}, {}, {2, 3}});
  comes_back<shop::point>(kinds, "echo-point", {-3, 4});
  const shop::person ada{"ada", 36, {"lovelace", "countess"}, shop::point{1, 2}};
  comes_back<shop::person>(kinds, "echo-person", ada);
  comes_back<std::vector<shop::person>>(kinds, "echo-people", {ada, {"bob", 1, {}, {}}});
  comes_back<std::tuple<std::uint8_t, std::string, float>>(kinds, "echo-tuple", {1, "two", 3.F});
  using shape = std::variant<std::monostate, double, std::vector<shop::point>, std::string>;
  comes_back<shape>(kinds, "echo-shape", {});
  comes_back<shape>(kinds, "echo-shape", std::vector<shop::point>{{1, 2}});
  comes_back<shape>(kinds, "echo-shape", std::string("named"));
  comes_back<shop::color>(kinds, "echo-color", shop::color::blue);
  comes_back<wit::flags<shop::day>>(kinds, "echo-days",
                                    wit::flags<shop::day>(shop::day::tue, shop::day::fast));
  comes_back<std::optional<std::optional<std::string>>>(kinds, "echo-maybe-maybe",
                                                        std::optional<std::string>());
  comes_back<wit::expected<std::uint32_t, std::string>>(kinds, "echo-result", wit::err("no"));
  comes_back<wit::expected<std::string, void>>(kinds, "echo-ok-only", wit::ok("yes"));
  comes_back<wit::expected<void, shop::color>>(kinds, "echo-err-only", wit::err(shop::color::green));
  comes_back<wit::expected<void, void>>(kinds, "echo-done", wit::err());
  comes_back<wit::value>(kinds, "echo-rights", wit::value::flags("read"));
}

TEST_F(function_test, of_void_tells_only_what_became_of_the_call) {
  const pool kinds = open("kinds.wasm");
  const auto nothing = kinds.function<void()>("nothing").value();
  EXPECT_TRUE(ask(nothing));
  const pool orders = open("orders.wasm");
  const auto trap = orders.function<void(std::uint64_t)>("trap").value();
  auto told = ask(trap, 1);
  EXPECT_EQ(told.code, errc::trapped);
  EXPECT_EQ(told.code, effect::executed);
  EXPECT_THROW(std::move(told).get(), std::system_error);
}

TEST_F(function_test, hands_resources_back_to_the_instance_that_made_them) {
  const pool kinds = open("kinds.wasm");
  const auto make = kinds.function<wit::handle(std::uint32_t)>("[constructor]counter").value();
  const auto next = kinds.function<std::uint32_t(wit::handle)>("[method]counter.next").value();
  const auto counter = ask(make, 5);
  ASSERT_TRUE(counter) << counter.detail;
  EXPECT_TRUE(ask(next, *counter));
  const auto foreign = ask(next, wit::handle(12345, wit::handle::ownership::borrow));
  EXPECT_EQ(foreign.code, errc::bad_arguments);
  EXPECT_EQ(foreign.code, effect::not_executed);
}

TEST_F(function_test, is_refused_at_look_up_when_its_types_do_not_fit) {
  const pool orders = open("orders.wasm");
  const auto wrong = orders.function<shop::placed(std::uint64_t, std::string, std::string)>("place");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error(), errc::bad_arguments);
  EXPECT_EQ(wrong.error().detail,
            "`place`: parameter 3 (quantity): the component has u32, the call gives std::string");
  const auto result = orders.function<std::string()>("count");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().detail,
            "`count`: result: the component returns u64, the call expects std::string");
  const auto unknown = orders.function<void()>("plaice");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error(), errc::no_such_export);
}

TEST_F(function_test, refuses_a_value_that_wit_cannot_hold_before_the_guest_is_entered) {
  const pool kinds = open("kinds.wasm");
  const auto echo = kinds.function<std::string(std::string)>("echo-string").value();
  const auto refused = echo.submit("\xff");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::bad_arguments);
  EXPECT_THAT(refused.error().detail, HasSubstr("argument 1 (v): the string is not UTF-8"));
}

TEST_F(function_test, obeys_its_options) {
  const pool orders = open("orders.wasm");
  const auto spin = orders.function<void(std::uint64_t)>("spin").value();
  const auto claim = spin.submit({.run_limit = 50ms}, 1).value();
  owner.settle(20);
  owner.world.advance(50ms);
  owner.settle();
  EXPECT_EQ(claim.wait(0s).code, errc::deadline_killed);
}

TEST_F(function_test, counts_large_moved_arguments_in_the_limits_of_the_queue) {
  const pool echo = open("echo.wat", {.call_bytes = 1000});
  using bytes = std::vector<std::uint8_t>;
  const auto call = echo.function<bytes(bytes)>("echo").value();
  const auto refused = call.submit(bytes(2000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::limit);
}

TEST_F(function_test, checks_itself_once_against_a_component_that_took_the_place_of_the_first) {
  const auto check = &detail::checked<std::uint32_t(std::uint32_t, std::uint32_t)>::check;
  const component& first = guest("orders.wasm");
  const auto target = detail::export_target::find(first, "add", check).value();
  EXPECT_EQ(target.in(first).value(), first.world().find_export("add").value());
  const component& fits = guest("echo.wat");
  EXPECT_EQ(target.in(fits).value(), fits.world().find_export("add").value());
  const component& lacks = guest("hello.wat");
  EXPECT_EQ(target.in(lacks).error(), errc::no_such_export);
  EXPECT_TRUE(target.in(first)) << "and back";

  using pair = std::tuple<std::uint64_t, std::uint64_t>;
  const auto place = detail::export_target::find(fits, "place", &detail::checked<pair(std::uint64_t)>::check);
  const auto differs = place.value().in(first);
  ASSERT_FALSE(differs);
  EXPECT_EQ(differs.error(), errc::bad_arguments);
  EXPECT_THAT(differs.error().detail, HasSubstr("takes 3 arguments"));
}

TEST_F(function_test, goes_to_the_component_that_took_the_place_of_the_first) {
  const pool served = open("orders.wasm");
  const auto add = served.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  const auto place =
      served.function<shop::placed(std::uint64_t, std::string, std::uint32_t)>("place").value();
  EXPECT_EQ(*ask(add, 2, 3), 5U);
  ASSERT_TRUE(served.swap(guest("echo.wat")));
  owner.settle();
  EXPECT_EQ(*ask(add, 2, 4), 6U);
  const auto refused = place.submit(1, "book", 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::bad_arguments);
  EXPECT_EQ(refused.error(), effect::not_executed);
  EXPECT_FALSE(place.submit(1, "book", 1)) << "and again";
  ASSERT_TRUE(served.swap(guest("orders.wasm")));
  owner.settle();
  EXPECT_TRUE(place.submit(1, "book", 1)) << "back, it fits again";
}

TEST_F(function_test, refuses_handles_of_two_instances_in_one_call) {
  const pool kinds = open("kinds.wasm");
  using wit::handle;
  const auto merge = kinds.function<handle(handle, handle)>("merge").value();
  const auto refused =
      merge.submit(handle(1, handle::ownership::borrow, {0, 1}), handle(2, handle::ownership::own, {1, 1}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("different instances"));
}

// Real threads and the real clock from here on.

TEST(function_on_threads, is_called_like_a_function) {
  host owner(shared_engine(), {.workers = 2});
  const pool orders = owner.open(guest("orders.wasm")).value();
  const auto add = orders.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  EXPECT_EQ(add(2, 3).get(), 5U);
  const auto spin = orders.function<void(std::uint64_t)>("spin").value();
  const auto left = spin.call({.wait = 20ms, .run_limit = 500ms}, 1);
  EXPECT_EQ(left.code, errc::detached);
  EXPECT_NE(left.id, call_id());
  EXPECT_EQ(spin.call({.run_limit = 20ms}, 1).code, errc::deadline_killed);
  EXPECT_EQ(add(2, 3).get(), 5U);
}

TEST(function_on_threads, of_a_result_alone_takes_dynamic_arguments) {
  host owner(shared_engine(), {.workers = 2});
  const pool orders = owner.open(guest("orders.wasm")).value();
  const auto told = orders.call<shop::placed>("place", args(7U, "book", 1U));
  ASSERT_TRUE(told) << told.detail;
  EXPECT_EQ((*told)->total, 1250U);
  const auto wrong = orders.call<std::string>("count", {});
  EXPECT_EQ(wrong.code, errc::bad_arguments);
  EXPECT_EQ(wrong.code, effect::not_executed);
  EXPECT_EQ(wrong.detail, "result: the component returns u64, the call expects std::string");
  EXPECT_TRUE(orders.call<void>("trap", args(1U)).code == errc::trapped);
}

TEST(function_on_threads, is_safe_to_share) {
  host owner(shared_engine(), {.workers = 2});
  const pool orders = owner.open(guest("orders.wasm"), {.cells = 2}).value();
  const auto place =
      orders.function<shop::placed(std::uint64_t, std::string_view, std::uint32_t)>("place").value();
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> callers;
    for (std::uint64_t who = 0; who < 4; ++who) {
      callers.emplace_back([&, who] {
        for (std::uint64_t i = 0; i < 300; ++i) {
          const std::uint64_t id = who * 1000 + i;
          const auto told = place(id, "book", 1);
          if (!told || !told->has_value() || (*told)->id != id) wrong.fetch_add(1);
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace holdfast
