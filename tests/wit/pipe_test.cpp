// SPDX-License-Identifier: Apache-2.0
#include "wit/pipe.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "wit/packed.hpp"

namespace holdfast::wit {
namespace {

struct counting_sleeper final : sleeper {
  void wake() noexcept override { ++woken; }
  std::atomic<int> woken = 0;
};

std::vector<std::byte> bytes(std::initializer_list<int> all) {
  std::vector<std::byte> made;
  for (const int each : all) made.push_back(static_cast<std::byte>(each));
  return made;
}

std::vector<std::byte> take(pipe& from) {
  const auto front = from.front();
  std::vector<std::byte> taken(front.begin(), front.end());
  from.pop(front.size());
  return taken;
}

TEST(pipe, takes_as_many_bytes_as_it_has_room_for) {
  pipe made(kind::stream, pipe::form::bytes, 4);
  EXPECT_EQ(made.write(bytes({1, 2, 3})), 3U);
  EXPECT_EQ(made.write(bytes({4, 5, 6})), 1U);
  EXPECT_EQ(made.room(nullptr), flow::waiting);
  EXPECT_EQ(made.write(bytes({5})), 0U);
  EXPECT_EQ(take(made), bytes({1, 2, 3}));
  EXPECT_EQ(made.room(nullptr), flow::open);
  EXPECT_EQ(take(made), bytes({4}));
  EXPECT_EQ(made.filled(nullptr), flow::waiting);
}

TEST(pipe, gives_bytes_in_parts) {
  pipe made(kind::stream, pipe::form::bytes, 10);
  made.write(bytes({1, 2, 3}));
  made.pop(1);
  EXPECT_EQ(take(made), bytes({2, 3}));
}

TEST(pipe, bounds_elements_that_take_no_bytes_too) {
  pipe made(kind::stream, pipe::form::elements, 3);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(made.room(nullptr), flow::open);
    made.put({});
  }
  EXPECT_EQ(made.room(nullptr), flow::waiting);
  made.pop(0);
  EXPECT_EQ(made.room(nullptr), flow::open);
}

TEST(pipe, lets_an_element_through_that_is_larger_than_its_bound) {
  pipe made(kind::stream, pipe::form::elements, 2);
  made.put(bytes({1, 2, 3, 4, 5}));
  EXPECT_EQ(made.room(nullptr), flow::waiting);
  EXPECT_EQ(take(made).size(), 5U);
}

TEST(pipe, of_a_future_takes_one_element) {
  pipe made(kind::future, pipe::form::elements, 1);
  made.put(bytes({7}));
  EXPECT_EQ(made.room(nullptr), flow::ended);
  made.put(bytes({8}));
  EXPECT_EQ(take(made), bytes({7}));
  EXPECT_EQ(made.filled(nullptr), flow::waiting);
  made.end(false);
  EXPECT_EQ(made.filled(nullptr), flow::ended);
}

TEST(pipe, wakes_each_end_once_for_each_time_that_it_asked) {
  pipe made(kind::stream, pipe::form::bytes, 1);
  const auto reader = std::make_shared<counting_sleeper>();
  const auto writer = std::make_shared<counting_sleeper>();
  EXPECT_EQ(made.filled(reader), flow::waiting);
  EXPECT_EQ(made.room(writer), flow::open);
  made.write(bytes({1}));
  EXPECT_EQ(reader->woken, 1);
  EXPECT_EQ(made.room(writer), flow::waiting);
  EXPECT_EQ(writer->woken, 0);
  made.pop(1);
  EXPECT_EQ(writer->woken, 1);
  made.write(bytes({2}));
  made.pop(1);
  EXPECT_EQ(reader->woken, 1);
  EXPECT_EQ(writer->woken, 1);
}

TEST(pipe, tells_the_end_after_what_was_written_and_whether_it_was_lost) {
  for (const bool lost : {false, true}) {
    pipe made(kind::stream, pipe::form::bytes, 10);
    const auto reader = std::make_shared<counting_sleeper>();
    made.write(bytes({1}));
    made.end(lost);
    EXPECT_EQ(made.filled(reader), flow::open);
    made.pop(1);
    EXPECT_EQ(made.filled(reader), lost ? flow::lost : flow::ended);
    EXPECT_EQ(made.room(nullptr), flow::ended);
  }
}

TEST(pipe, is_told_of_its_end_once) {
  pipe made(kind::stream, pipe::form::bytes, 10);
  made.end(false);
  made.end(true);
  EXPECT_EQ(made.filled(nullptr), flow::ended) << "the writer was done when its instance went";
}

TEST(pipe, wakes_both_ends_when_one_goes) {
  for (const bool reader_goes : {false, true}) {
    pipe made(kind::stream, pipe::form::bytes, 1);
    const auto reader = std::make_shared<counting_sleeper>();
    const auto writer = std::make_shared<counting_sleeper>();
    EXPECT_EQ(made.filled(reader), flow::waiting);
    if (reader_goes) {
      made.leave();
    } else {
      made.end(false);
    }
    EXPECT_EQ(reader->woken, 1);
    EXPECT_EQ(made.filled(nullptr), flow::ended);
    EXPECT_EQ(made.room(writer), flow::ended);
  }
  pipe full(kind::stream, pipe::form::bytes, 1);
  const auto writer = std::make_shared<counting_sleeper>();
  full.write(bytes({1}));
  EXPECT_EQ(full.room(writer), flow::waiting);
  full.leave();
  EXPECT_EQ(writer->woken, 1);
  EXPECT_EQ(full.write(bytes({1})), 0U);
}

TEST(pipe, loses_no_byte_and_no_wake_between_two_threads) {
  pipe made(kind::stream, pipe::form::bytes, 7);
  constexpr std::uint32_t all = 50'000;
  // Spins where it has to wait, unless it was woken: what counts is that it always is.
  const auto until_woken = [](const auto& ask) {
    const auto waits = std::make_shared<counting_sleeper>();
    if (ask(waits) != flow::waiting) return;
    while (waits->woken == 0) std::this_thread::yield();
  };
  std::thread writes([&] {
    std::minstd_rand random(1);
    for (std::uint32_t sent = 0; sent < all;) {
      std::vector<std::byte> some(1 + random() % 10);
      some.resize(std::min<std::size_t>(some.size(), all - sent));
      for (std::size_t i = 0; i < some.size(); ++i) some[i] = static_cast<std::byte>(sent + i);
      const std::size_t done = made.write(some);
      sent += static_cast<std::uint32_t>(done);
      if (done == 0) until_woken([&](const auto& waits) { return made.room(waits); });
    }
    made.end(false);
  });
  std::uint32_t got = 0;
  bool right = true;
  for (;;) {
    const flow now = made.filled(nullptr);
    if (now == flow::ended) break;
    if (now == flow::waiting) {
      until_woken([&](const auto& waits) { return made.filled(waits); });
      continue;
    }
    for (const std::byte each : take(made)) right = right && each == static_cast<std::byte>(got++);
  }
  writes.join();
  EXPECT_TRUE(right);
  EXPECT_EQ(got, all);
}

TEST(pipe, can_be_left_by_another_thread_while_it_is_read) {
  for (int i = 0; i < 200; ++i) {
    pipe made(kind::stream, pipe::form::bytes, 4096);
    made.write(std::vector<std::byte>(4096));
    std::thread leaves([&] { made.leave(); });
    std::array<std::byte, 64> into;
    while (made.read(into) > 0) continue;
    leaves.join();
    EXPECT_EQ(made.filled(nullptr), flow::ended);
  }
}

TEST(reading_end, closes_its_pipe_where_nobody_took_it) {
  const auto made = std::make_shared<pipe>(kind::stream, pipe::form::bytes, 10);
  {
    const reading_end end(made, std::optional<type>(kind::u8));
  }
  EXPECT_EQ(made->room(nullptr), flow::ended);
  const auto taken = std::make_shared<pipe>(kind::stream, pipe::form::bytes, 10);
  {
    reading_end end(taken, std::optional<type>(kind::u8));
    EXPECT_EQ(end.take(), taken);
    EXPECT_EQ(end.take(), nullptr);
  }
  EXPECT_EQ(taken->room(nullptr), flow::open);
}

TEST(reading_end, is_found_by_its_number_as_long_as_somebody_has_it) {
  const auto made = std::make_shared<pipe>(kind::stream, pipe::form::bytes, 10);
  auto end = std::make_shared<reading_end>(made, std::optional<type>(kind::u8));
  std::string why;
  auto argument = reading_end::pass(end, type::stream(type(kind::u8)), why);
  ASSERT_NE(argument, nullptr) << why;
  EXPECT_EQ(reading_end::pass(end, type::stream(type(kind::u8)), why), nullptr) << "once";
  EXPECT_EQ(end->take(), nullptr) << "nor can anybody read from it here";
  const std::uint64_t number = argument->number();
  argument.reset();
  EXPECT_EQ(reading_end::take(number), nullptr);
  EXPECT_EQ(made->room(nullptr), flow::ended) << "though who made it has the end still";
}

TEST(reading_end, of_a_result_is_claimed_once) {
  const auto made = std::make_shared<pipe>(kind::stream, pipe::form::bytes, 10);
  const std::uint64_t number = reading_end::bring(made);
  EXPECT_EQ(reading_end::claim(number), made);
  EXPECT_EQ(reading_end::claim(number), nullptr);
  EXPECT_EQ(made->room(nullptr), flow::open);
}

TEST(types, of_streams_and_futures_are_spelled_packed_and_compared) {
  for (const type& each : {type::stream(std::nullopt), type::stream(type(kind::u8)),
                           type::future(type::list(type(kind::string))),
                           type::future(type::result(std::nullopt, type(kind::u32)))}) {
    EXPECT_EQ(decode_type(encode_type(each)).value(), each) << each.to_string();
  }
  EXPECT_EQ(type::stream(type(kind::u8)).to_string(), "stream<u8>");
  EXPECT_EQ(type::future(std::nullopt).to_string(), "future");
  EXPECT_NE(type::stream(type(kind::u8)), type::future(type(kind::u8)));
  EXPECT_NE(type::stream(type(kind::u8)), type::stream(type(kind::s8)));
}

}  // namespace
}  // namespace holdfast::wit
