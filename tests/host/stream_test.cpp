// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/describe/class.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <holdfast/function.hpp>
#include <holdfast/typed_stream.hpp>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "host/manual_host.hpp"

// Streams and futures between the embedder and a guest, and between guests: what goes through, who waits for
// whom, and what each end is told when the other leaves or is lost.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using boost::system::error_code;
using testing::ElementsAre;
using testing::HasSubstr;
namespace asio = boost::asio;

struct pair {
  std::uint16_t left = 0;
  std::uint64_t right = 0;
  friend bool operator==(const pair&, const pair&) = default;
};
BOOST_DESCRIBE_STRUCT(pair, (), (left, right))

class streams : public testing::Test {
 protected:
  explicit streams(const engine& on = calm_engine()) : on_(on) {}

  pool open(sharing_policy sharing = {}, std::uint32_t most = 0) {
    pool_options options;
    options.cells = 1;
    options.limits.streams = most;
    options.sharing = sharing;
    pool made = owner.get().open(guest("pipes.wat", on_), options).value();
    owner.settle();
    return made;
  }

  /// All that can happen has.
  void settle() {
    for (bool more = true; more;) {
      more = owner.settle(1000) > 0;
      loop.restart();
      more = loop.poll() > 0 || more;
    }
  }

  ticket begin(const pool& in, const char* function, wit::arguments&& with, const call_options& how = {}) {
    ticket claim = in.submit(function, std::move(with), how).value();
    settle();
    return claim;
  }

  static reply end(const ticket& of) { return of.wait(0s); }
  static wit::readable stream_in(const reply& told) { return told.value->get<wit::readable>(); }

  /// Writes all of it, and closes if all of it was written.
  void write_all(byte_writer& out, std::vector<std::uint8_t> bytes) {
    const auto kept = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
    asio::async_write(out, asio::buffer(*kept), [this, &out, kept](error_code why, std::size_t size) {
      wrote = why;
      written = size;
      if (!why) out.close();
    });
  }

  void read_all(byte_reader& in, std::vector<std::uint8_t>& into) {
    asio::async_read(in, asio::dynamic_buffer(into), [this](error_code why, std::size_t) { read = why; });
  }

  template <class Reader, class T>
  void collect(Reader& from, std::vector<T>& into) {
    from.async_next([&, this](error_code why, std::optional<T> next) {
      read = why;
      if (!next) return;
      into.push_back(*std::move(next));
      collect(from, into);
    });
  }

  const engine& on_;
  asio::io_context loop;
  std::vector<byte_writer> outs;
  manual_host owner{no_observer(), {}, on_};
  std::optional<error_code> wrote;
  std::optional<error_code> read;
  std::size_t written = 0;
};

std::vector<std::uint8_t> some_bytes(std::size_t count) {
  std::vector<std::uint8_t> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return all;
}

TEST_F(streams, bring_bytes_to_a_guest_however_many) {
  const pool guests = open();
  for (const std::size_t size : {0U, 1U, 16U, 17U, 5000U, 200'000U}) {
    auto [out, in] = make_byte_stream(loop.get_executor());
    const ticket call = begin(guests, "sum", args(in));
    const std::vector<std::uint8_t> bytes = some_bytes(size);
    write_all(out, bytes);
    settle();
    ASSERT_EQ(wrote, error_code()) << size;
    EXPECT_EQ(written, size);
    const reply told = end(call);
    EXPECT_FALSE(told.code) << told.detail;
    EXPECT_EQ(told.value, wit::value(std::accumulate(bytes.begin(), bytes.end(), 0U))) << size;
    EXPECT_EQ(told.generation, 1U);
  }
}

TEST_F(streams, of_a_result_are_read_while_the_guest_goes_on_to_write) {
  const pool guests = open();
  for (const std::size_t size : {0U, 1U, 17U, 300'000U}) {
    auto [out, in] = make_byte_stream(loop.get_executor());
    const ticket call = begin(guests, "echo", args(in));
    const reply told = end(call);
    ASSERT_FALSE(told.code) << told.detail;
    byte_reader back(loop.get_executor(), stream_in(told));
    const std::vector<std::uint8_t> bytes = some_bytes(size);
    std::vector<std::uint8_t> got;
    write_all(out, bytes);
    read_all(back, got);
    settle();
    EXPECT_EQ(read, asio::error::eof);
    EXPECT_EQ(got, bytes);
  }
  EXPECT_EQ(guests.cells().front().state, cell_state::idle);
}

TEST_F(streams, make_whoever_is_faster_wait) {
  const pool guests = open();
  auto [out, in] = make_byte_stream(loop.get_executor(), 1000);
  const ticket call = begin(guests, "echo", args(in));
  byte_reader back(loop.get_executor(), stream_in(end(call)));
  const std::vector<std::uint8_t> bytes = some_bytes(500'000);
  write_all(out, bytes);
  settle();
  EXPECT_FALSE(wrote) << "nobody reads, and there is no room for all of it between";
  std::vector<std::uint8_t> first(100);
  std::size_t got = 0;
  back.async_read_some(asio::buffer(first), [&](error_code, std::size_t size) { got = size; });
  settle();
  EXPECT_GT(got, 0U);
  EXPECT_FALSE(wrote);
  first.resize(got);
  read_all(back, first);
  settle();
  EXPECT_EQ(wrote, error_code());
  EXPECT_EQ(read, asio::error::eof);
  EXPECT_EQ(first, bytes);
}

TEST_F(streams, carry_numbers_texts_records_and_nothing) {
  const pool guests = open();
  {
    stream_reader<std::uint32_t> numbers(loop.get_executor(),
                                         stream_in(end(begin(guests, "count", args(1000U)))));
    std::vector<std::uint32_t> got;
    collect(numbers, got);
    settle();
    ASSERT_EQ(got.size(), 1000U);
    EXPECT_EQ(got.back(), 999U);
    EXPECT_EQ(read, error_code());
  }
  {
    auto [out, in] = make_stream<std::string>(loop.get_executor());
    stream_reader<std::string> texts(loop.get_executor(), stream_in(end(begin(guests, "texts", args(in)))));
    std::vector<std::string> got;
    collect(texts, got);
    for (const char* each : {"one", "", "zwölf", "a rather long text that does not fit anywhere small"}) {
      out.async_write(each, [this](error_code why) { wrote = why; });
      settle();
      EXPECT_EQ(wrote, error_code());
    }
    out.close();
    settle();
    EXPECT_THAT(got, ElementsAre("one", "", "zwölf", "a rather long text that does not fit anywhere small"));
  }
  {
    auto [out, in] = make_stream<pair>(loop.get_executor());
    stream_reader<pair> pairs(loop.get_executor(), stream_in(end(begin(guests, "pairs", args(in)))));
    std::vector<pair> got;
    std::vector<pair> sent;
    for (std::uint16_t i = 0; i < 10; ++i) {
      sent.push_back({.left = i, .right = (std::uint64_t{1} << 40) + i});
      out.async_write(sent.back(), [this](error_code why) { wrote = why; });
      loop.restart();
      loop.poll();
    }
    out.close();
    collect(pairs, got);
    settle();
    EXPECT_EQ(got, sent);
  }
}

TEST_F(streams, give_a_future_once) {
  const pool guests = open();
  auto [out, in] = make_future<std::uint32_t>(loop.get_executor());
  const ticket call = begin(guests, "next", args(in));
  future_reader<std::uint32_t> later(loop.get_executor(), stream_in(end(call)));
  std::optional<std::uint32_t> got;
  later.async_next([&](error_code why, std::optional<std::uint32_t> value) {
    read = why;
    got = value;
  });
  settle();
  EXPECT_FALSE(read);
  out.set(41);
  settle();
  EXPECT_EQ(read, error_code());
  EXPECT_EQ(got, 42U);
}

TEST_F(streams, go_from_guest_to_guest_without_the_embedder) {
  const pool guests = open();
  const pool others = open();
  auto [out, in] = make_byte_stream(loop.get_executor());
  const ticket first = begin(guests, "echo", args(in));
  const ticket second = begin(others, "sum", args(stream_in(end(first))));
  const std::vector<std::uint8_t> bytes = some_bytes(100'000);
  write_all(out, bytes);
  settle();
  EXPECT_EQ(end(second).value, wit::value(std::accumulate(bytes.begin(), bytes.end(), 0U)));
}

TEST_F(streams, come_back_from_a_guest_that_read_nothing_of_them) {
  const pool guests = open();
  auto [out, in] = make_byte_stream(loop.get_executor());
  byte_reader back(loop.get_executor(), stream_in(end(begin(guests, "pass", args(in)))));
  const std::vector<std::uint8_t> bytes = some_bytes(100'000);
  std::vector<std::uint8_t> got;
  write_all(out, bytes);
  read_all(back, got);
  settle();
  EXPECT_EQ(got, bytes);
  EXPECT_EQ(read, asio::error::eof);
}

TEST_F(streams, pass_a_future_on_that_is_written_when_no_task_is_left) {
  const pool guests = open();
  auto [out, in] = make_future<std::uint32_t>(loop.get_executor());
  future_reader<std::uint32_t> later(loop.get_executor(),
                                     stream_in(end(begin(guests, "pass-word", args(in)))));
  std::optional<std::uint32_t> got;
  later.async_next([&](error_code, std::optional<std::uint32_t> value) { got = value; });
  settle();
  EXPECT_EQ(guests.cells().front().state, cell_state::idle);
  out.set(7);
  settle();
  EXPECT_EQ(got, 7U);
}

TEST_F(streams, tell_a_writer_that_the_guest_left) {
  const pool guests = open();
  auto [out, in] = make_byte_stream(loop.get_executor(), 100);
  const ticket call = begin(guests, "taste", args(in));
  write_all(out, some_bytes(5000));
  settle();
  EXPECT_EQ(end(call).value, wit::value(16U));
  EXPECT_EQ(wrote, asio::error::broken_pipe);
  EXPECT_EQ(guests.cells().front().state, cell_state::idle);
}

TEST_F(streams, tell_a_guest_that_its_reader_left_and_end_no_call_by_that) {
  const pool guests = open();
  auto [out, in] = make_byte_stream(loop.get_executor());
  const ticket call = begin(guests, "echo", args(in));
  {
    const byte_reader back(loop.get_executor(), stream_in(end(call)));
  }
  write_all(out, some_bytes(500'000));
  settle();
  EXPECT_EQ(wrote, asio::error::broken_pipe) << "the guest has left its end, too, and come to its end";
  EXPECT_EQ(guests.cells().front().state, cell_state::idle);
  EXPECT_EQ(guests.cells().front().generation, 1U);
}

TEST_F(streams, tell_a_reader_that_the_writer_was_lost_after_what_it_wrote) {
  const pool guests = open();
  const reply told = end(begin(guests, "break-off", args(0U)));
  stream_reader<std::uint32_t> numbers(loop.get_executor(), stream_in(told));
  std::vector<std::uint32_t> got;
  collect(numbers, got);
  settle();
  EXPECT_EQ(got.size(), 3U);
  EXPECT_EQ(read, asio::error::connection_reset);
  EXPECT_EQ(guests.cells().front().generation, 2U);
}

// It loops: without a tick it would never give way.
class streams_of_a_guest_that_loops : public streams {
 protected:
  streams_of_a_guest_that_loops() : streams(shared_engine()) {}
};

TEST_F(streams_of_a_guest_that_loops, tell_a_writer_that_the_guest_was_killed) {
  const pool guests = open();
  auto [out, in] = make_byte_stream(loop.get_executor(), 10);
  ticket call = guests.submit("hoard", args(in)).value();
  for (int i = 0; i < 5; ++i) owner.step();
  write_all(out, some_bytes(100));
  loop.poll();
  EXPECT_FALSE(wrote);
  call.kill();
  settle();
  EXPECT_EQ(end(call).code, errc::killed);
  EXPECT_EQ(wrote, asio::error::broken_pipe);
}

TEST_F(streams, are_closed_with_a_call_that_never_began) {
  const pool guests = open({.calls = 1});
  const ticket blocks = begin(guests, "next", args(make_future<std::uint32_t>(loop.get_executor()).second));
  auto [out, in] = make_byte_stream(loop.get_executor(), 10);
  const ticket call = begin(guests, "sum", args(in));  // which stays here, and is nobody's any more
  write_all(out, some_bytes(100));
  settle();
  EXPECT_FALSE(wrote) << "it may begin yet";
  EXPECT_EQ(call.revoke(), revoke_answer::revoked);
  settle();
  EXPECT_EQ(wrote, asio::error::broken_pipe);
}

TEST_F(streams, of_a_result_that_nobody_reads_are_closed) {
  const pool guests = open();
  auto [out, in] = make_byte_stream(loop.get_executor());
  {
    const ticket call = begin(guests, "echo", args(in), {.deadline = no_limit, .run_limit = no_limit});
  }
  write_all(out, some_bytes(500'000));
  settle();
  EXPECT_FALSE(wrote) << "somebody may come back for it";
  owner.world.advance(1h);
  settle();
  EXPECT_EQ(owner.get().orphans().parked, 0U);
  EXPECT_EQ(wrote, asio::error::broken_pipe);
  EXPECT_EQ(guests.cells().front().generation, 1U);
}

TEST_F(streams, are_bounded_and_a_call_beyond_that_never_begins) {
  const pool guests = open({}, 3);
  const auto ask = [&] {
    auto [out, in] = make_byte_stream(loop.get_executor());
    const ticket call = begin(guests, "echo", args(in));
    outs.push_back(std::move(out));
    return end(call);
  };
  const reply first = ask();
  EXPECT_FALSE(first.code) << first.detail;
  const reply above = ask();
  EXPECT_FALSE(above.code) << "it began below the bound";
  const reply refused = ask();
  EXPECT_EQ(refused.code, errc::limit);
  EXPECT_EQ(refused.code, effect::not_executed);
  EXPECT_THAT(refused.detail,
              HasSubstr("4 streams and futures between the instance and its host, the limit is 3"));
  EXPECT_EQ(end(begin(guests, "count", args(1U))).code, errc::limit) << "its result would be one";
  byte_reader back(loop.get_executor(), stream_in(first));
  std::vector<std::uint8_t> got;
  write_all(outs[0], some_bytes(10));
  read_all(back, got);
  settle();
  EXPECT_EQ(got, some_bytes(10));
  EXPECT_FALSE(ask().code) << "two are closed";
  EXPECT_EQ(guests.cells().front().generation, 1U);
}

TEST_F(streams, of_one_result_are_bounded_and_more_cost_the_instance) {
  const pool guests = open({}, 3);
  const reply three = end(begin(guests, "many", args(3U)));
  EXPECT_FALSE(three.code) << three.detail;
  EXPECT_EQ(three.value->get<wit::list>().size(), 3U);
  const reply four = end(begin(guests, "many", args(4U)));
  EXPECT_EQ(four.outcome, outcome::host_failed);
  EXPECT_THAT(four.detail, HasSubstr("the result brings 4 streams"));
  EXPECT_FALSE(end(begin(guests, "many", args(1U))).code);
  EXPECT_EQ(guests.cells().front().generation, 2U);
}

TEST_F(streams, can_be_passed_once) {
  const pool guests = open();
  auto [out, in] = make_byte_stream(loop.get_executor());
  const ticket call = guests.submit("sum", args(in)).value();
  for (const bool taken : {false, true}) {
    const auto again = guests.submit("sum", args(in));
    ASSERT_FALSE(again) << taken;
    EXPECT_EQ(again.error().code, errc::bad_arguments);
    EXPECT_THAT(again.error().detail, HasSubstr("argument 1 (in)"));
    EXPECT_THAT(again.error().detail, HasSubstr("it was read or passed on before"));
    EXPECT_THROW(byte_reader(loop.get_executor(), in), std::system_error) << "it is the guest's";
    settle();  // the guest takes it
  }
  EXPECT_THROW(byte_reader(loop.get_executor(), in), std::system_error);
  out.close();
  settle();
  EXPECT_EQ(end(call).value, wit::value(0U));
}

TEST_F(streams, are_refused_where_their_elements_or_kinds_differ) {
  const pool guests = open();
  const auto why = [&](const char* function, wit::readable in) {
    const auto refused = guests.submit(function, args(std::move(in)));
    return refused ? std::string("accepted") : refused.error().detail;
  };
  EXPECT_THAT(why("sum", make_stream<std::string>(loop.get_executor()).second),
              HasSubstr("expected stream<u8>, got a stream of something else"));
  EXPECT_THAT(why("sum", make_future<std::uint32_t>(loop.get_executor()).second),
              HasSubstr("expected stream<u8>, got a future"));
  EXPECT_THAT(why("next", make_byte_stream(loop.get_executor()).second),
              HasSubstr("expected future<u32>, got a stream"));
  EXPECT_THAT(why("sum", wit::readable()), HasSubstr("nobody can read"));
  const reply bytes = end(begin(guests, "echo", args(make_byte_stream(loop.get_executor()).second)));
  EXPECT_THROW(stream_reader<std::uint8_t>(loop.get_executor(), stream_in(bytes)), std::system_error);
  const reply numbers = end(begin(guests, "count", args(1U)));
  EXPECT_THROW(byte_reader(loop.get_executor(), stream_in(numbers)), std::system_error);
  EXPECT_THROW(future_reader<std::uint32_t>(loop.get_executor(), stream_in(numbers)), std::system_error);
}

TEST_F(streams, are_used_up_by_an_attempt_so_that_there_is_no_second) {
  const auto manifest = std::filesystem::path(testing::TempDir()) / "pipes.holdfast.json";
  std::ofstream(manifest) << R"({"exports": {"choke": ["idempotent"]}})";
  const auto path = std::filesystem::path(HOLDFAST_GUESTS_DIR) / "pipes.wat";
  const component marked =
      component::load(shared_engine(), path,
                      {.cache = default_compile_cache(), .contract = {.manifest = manifest}})
          .value();
  pool_options options;
  options.cells = 1;
  options.retry.attempts = 3;
  const pool guests = owner.get().open(marked, options).value();
  owner.settle();
  auto [out, in] = make_byte_stream(loop.get_executor());
  const ticket call = begin(guests, "choke", args(in));
  write_all(out, {1, 2, 3});
  settle();
  owner.world.advance(1min);
  settle();
  EXPECT_EQ(end(call).code, errc::trapped);
  EXPECT_EQ(end(call).attempts, 1U);
}

TEST_F(streams, are_not_for_functions_of_the_host) {
  constexpr std::string_view text = R"((component (import "take" (func (param "in" (stream u8))))))";
  const component takes = component::compile(shared_engine(), std::as_bytes(std::span(text))).value();
  pool_options options;
  options.functions.define("", "take", [](const wit::readable&) {});
  const auto refused = owner.get().open(takes, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::type_mismatch);
  EXPECT_THAT(refused.error().detail, HasSubstr("`take` takes or returns a stream or a future"));
}

TEST_F(streams, let_a_wait_be_cancelled_and_lose_nothing) {
  const pool guests = open();
  auto [out, in] = make_byte_stream(loop.get_executor());
  byte_reader back(loop.get_executor(), stream_in(end(begin(guests, "echo", args(in)))));
  asio::cancellation_signal signal;
  std::vector<std::uint8_t> got(10);
  back.async_read_some(
      asio::buffer(got),
      asio::bind_cancellation_slot(signal.slot(), [&](error_code why, std::size_t) { read = why; }));
  settle();
  EXPECT_FALSE(read);
  signal.emit(asio::cancellation_type::total);
  settle();
  EXPECT_EQ(read, asio::error::operation_aborted);
  got.clear();
  write_all(out, {1, 2, 3});
  read_all(back, got);
  settle();
  EXPECT_THAT(got, ElementsAre(1, 2, 3));
}

/// Does something when memory is wanted for a handler: between an operation's attempt and its wait.
template <class T>
struct meddling_allocator {
  using value_type = T;
  std::function<void()>* meddle;
  explicit meddling_allocator(std::function<void()>* what) : meddle(what) {}
  template <class U>
  meddling_allocator(const meddling_allocator<U>& other) : meddle(other.meddle) {}
  T* allocate(std::size_t count) {
    if (*meddle) std::exchange(*meddle, nullptr)();
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* at, std::size_t count) { std::allocator<T>().deallocate(at, count); }
  template <class U>
  bool operator==(const meddling_allocator<U>& other) const {
    return meddle == other.meddle;
  }
};

TEST_F(streams, notice_what_the_other_end_does_while_one_begins_to_wait) {
  auto [out, in] = make_byte_stream(loop.get_executor());
  byte_reader back(loop.get_executor(), in);
  std::vector<std::uint8_t> got(3);
  bool meddled = false;
  std::function<void()> meddle = [&] {
    meddled = true;
    write_all(out, {1, 2, 3});
  };
  back.async_read_some(asio::buffer(got),
                       asio::bind_allocator(meddling_allocator<void>(&meddle),
                                            [&](error_code why, std::size_t) { read = why; }));
  EXPECT_TRUE(meddled);
  settle();
  EXPECT_EQ(read, error_code());
  EXPECT_THAT(got, ElementsAre(1, 2, 3));
}

TEST_F(streams, abort_what_waits_at_an_end_that_is_closed) {
  auto [out, in] = make_byte_stream(loop.get_executor());
  std::optional<byte_reader> back(std::in_place, loop.get_executor(), in);
  std::vector<std::uint8_t> got(10);
  back->async_read_some(asio::buffer(got), [&](error_code why, std::size_t) { read = why; });
  settle();
  back.reset();
  settle();
  EXPECT_EQ(read, asio::error::operation_aborted);
  write_all(out, {1});
  settle();
  EXPECT_EQ(wrote, asio::error::broken_pipe);
}

TEST_F(streams, end_with_the_context_that_waits_for_them_and_go_on_without) {
  const pool guests = open();
  auto other = std::make_unique<asio::io_context>();
  auto [out, in] = make_byte_stream(loop.get_executor());
  byte_reader back(other->get_executor(), stream_in(end(begin(guests, "echo", args(in)))));
  const auto held = std::make_shared<int>(0);
  std::vector<std::uint8_t> got(10);
  back.async_read_some(asio::buffer(got),
                       [held](error_code, std::size_t) { FAIL() << "its context is gone"; });
  settle();
  EXPECT_EQ(held.use_count(), 2);
  other.reset();
  EXPECT_EQ(held.use_count(), 1) << "the handler went with it";
  write_all(out, {1, 2, 3});
  settle();
  EXPECT_EQ(wrote, error_code());
  back.close();
  settle();
  EXPECT_EQ(guests.cells().front().state, cell_state::idle);
}

TEST_F(streams, count_as_typed_arguments_and_results) {
  const pool guests = open();
  const auto echo = guests.function<wit::readable(wit::readable)>("echo");
  ASSERT_TRUE(echo) << echo.error().detail;
  auto [out, in] = make_byte_stream(loop.get_executor());
  const auto told = (*echo)(in);
  ASSERT_TRUE(told) << told.detail;
  byte_reader back(loop.get_executor(), *told);
  std::vector<std::uint8_t> got;
  write_all(out, {5, 6});
  read_all(back, got);
  settle();
  EXPECT_THAT(got, ElementsAre(5, 6));
  EXPECT_FALSE(guests.function<std::uint32_t(std::string)>("echo"));
}

}  // namespace
}  // namespace holdfast
