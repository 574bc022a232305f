// SPDX-License-Identifier: Apache-2.0
#include "engine/http_traffic.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/bare_guest.hpp"

// A request of HTTP in the hands of one instance, without a cell or a pool.
namespace holdfast {
namespace {

using namespace testing_support;
using bridge::http_traffic;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::shared_ptr<http_traffic> request(const char* target) {
  return http_traffic::make({.authority = "shop.example", .target = target}).value();
}

std::string read_all(http_traffic& from) {
  std::string all;
  std::array<char, 100> some{};
  while (const std::size_t size = from.read(std::as_writable_bytes(std::span(some))))
    all.append(some.data(), size);
  return all;
}

class http_traffics : public testing::Test {
 protected:
  core::guest_state serve(http_traffic& with) {
    EXPECT_FALSE(guest.get().start({.function = handler()->index, .with = &with}));
    return guest.settle();
  }

  const wit::function* handler() const { return what.http_handler(); }

  const component what = built("http.wat");
  bare_guest guest{what};
};

TEST_F(http_traffics, pass_through_a_guest_one_after_another) {
  ASSERT_EQ(guest.settle(), core::guest_state::ready);
  for (const char* const served : {"1", "2", "3"}) {
    const auto with = request("/count");
    ASSERT_EQ(serve(*with), core::guest_state::ready);
    EXPECT_EQ(with->news({}), http_flow::open);
    EXPECT_EQ(with->take_head()->status, 200);
    EXPECT_EQ(read_all(*with), served);
    EXPECT_EQ(with->news({}), http_flow::ended);
  }
}

TEST_F(http_traffics, let_a_callback_do_whatever_it_likes) {
  ASSERT_EQ(guest.settle(), core::guest_state::ready);
  const auto with = request("/echo");
  with->push(bytes_of("some"));
  std::string read;
  std::function<void()> on_news = [&] {
    with->take_head();
    read += read_all(*with);
    with->end_push(false);
    if (with->news(on_news) != http_flow::waiting) with->abandon();
  };
  EXPECT_EQ(with->news(on_news), http_flow::waiting);
  ASSERT_EQ(serve(*with), core::guest_state::ready);
  EXPECT_EQ(read, "some");
  EXPECT_TRUE(with->is_abandoned());
}

TEST_F(http_traffics, are_lost_with_their_instance) {
  ASSERT_EQ(guest.settle(), core::guest_state::ready);
  const auto with = request("/echo");
  ASSERT_FALSE(guest.get().start({.function = handler()->index, .with = with.get()}));
  while (with->news({}) == http_flow::waiting) ASSERT_EQ(guest.get().poll(), core::guest_state::pending);
  ASSERT_TRUE(with->take_head());
  int told = 0;
  EXPECT_EQ(with->news([&] { ++told; }), http_flow::waiting);
  guest.lose();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(with->news({}), http_flow::lost);
  EXPECT_EQ(with->trouble().what, http_fault::lost);
}

TEST_F(http_traffics, of_another_call_are_refused_and_the_guest_is_as_before) {
  ASSERT_EQ(guest.settle(), core::guest_state::ready);
  const auto with = request("/hello");
  with->over("the queue is full");
  EXPECT_EQ(with->trouble().what, http_fault::not_begun);
  EXPECT_EQ(with->trouble().detail, "the queue is full");
  const auto refused = guest.get().start({.function = handler()->index, .with = with.get()});
  ASSERT_TRUE(refused);
  EXPECT_EQ(*refused, errc::bad_arguments);
  EXPECT_EQ(serve(*request("/hello")), core::guest_state::ready);
}

}  // namespace
}  // namespace holdfast
