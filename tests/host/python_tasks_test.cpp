// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <holdfast/pool.hpp>
#include <holdfast/typed_stream.hpp>
#include <string>
#include <vector>

#include "host/manual_host.hpp"
#include "host/parked_calls.hpp"

// An async component as componentize-py makes it, an interpreter that all its calls share: real tasks, WASI
// 0.3 and 0.2 together, streams.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::ElementsAre;
namespace asio = boost::asio;

class python_tasks : public testing::Test {
 protected:
  pool open(const sharing_policy& sharing = {}) {
    pool_options options;
    options.cells = 1;
    options.sharing = sharing;
    parked.keep(options.functions, "pause");
    pool made = owner.get().open(guest("company-py.wasm", calm_engine()), options).value();
    owner.settle();
    return made;
  }

  ticket begin(const pool& in, const char* function, wit::arguments&& with) {
    ticket claim = in.submit(function, std::move(with)).value();
    owner.settle();
    return claim;
  }

  void answer(std::uint32_t number) {
    ASSERT_TRUE(parked.answer(number)) << number << " does not wait";
    owner.settle();
  }

  static wit::value both(std::uint32_t first, std::uint32_t second) {
    return wit::value::tuple(first, second);
  }

  manual_host owner{no_observer(), {}, calm_engine()};
  parked_calls parked;
};

TEST_F(python_tasks, share_an_interpreter_and_end_in_any_order) {
  const pool company = open();
  std::vector<ticket> all;
  for (std::uint32_t i = 0; i < 4; ++i) all.push_back(begin(company, "wait", args(i)));
  EXPECT_EQ(parked.size(), 4U);
  for (const std::uint32_t i : {2U, 0U, 3U, 1U}) {
    answer(i);
    const reply told = all[i].wait(0s);
    EXPECT_EQ(told.value, both(i, 4)) << told.detail;
    EXPECT_EQ(told.generation, 1U);
  }
  EXPECT_EQ(company.cells().front().state, cell_state::idle);
}

TEST_F(python_tasks, wait_for_several_things_of_the_host_at_once) {
  const pool company = open();
  const ticket all = begin(company, "gather", args(std::vector<std::uint32_t>{5, 6, 7}));
  EXPECT_EQ(parked.size(), 3U);
  for (const std::uint32_t i : {6U, 7U, 5U}) answer(i);
  EXPECT_EQ(all.wait(0s).value, wit::value(std::vector<std::uint32_t>{5, 6, 7}));
}

TEST_F(python_tasks, go_on_whatever_their_callers_do) {
  const pool company = open();
  {
    const ticket left = begin(company, "wait", args(1U));
  }
  const ticket stays = begin(company, "wait", args(2U));
  answer(1);
  answer(2);
  EXPECT_EQ(stays.wait(0s).value, both(2, 2));
  EXPECT_EQ(stays.wait(0s).generation, 1U);
}

TEST_F(python_tasks, lose_their_instance_with_one_that_raises) {
  const pool company = open();
  const ticket fails = begin(company, "fail", args(1U));
  const ticket beside = begin(company, "wait", args(2U));
  answer(1);
  EXPECT_EQ(fails.wait(0s).code, errc::trapped) << fails.wait(0s).detail;
  EXPECT_EQ(beside.wait(0s).code, errc::collateral);
  const ticket next = begin(company, "wait", args(3U));
  answer(3);
  EXPECT_EQ(next.wait(0s).value, both(3, 1)) << "it is another interpreter";
  EXPECT_EQ(next.wait(0s).generation, 2U);
}

TEST(python_tasks_on_threads, rest_by_the_clock_of_wasi_0_3_and_read_and_write_streams) {
  asio::thread_pool threads(1);
  host owner(shared_engine());
  pool_options options;
  options.cells = 1;
  options.functions.define("holdfast:demo/host", "pause",
                           [](host_call call) { std::move(call).fail("unused"); });
  const pool company = owner.open(guest("company-py.wasm"), options).value();
  ASSERT_TRUE(company.wait_ready());
  const reply rested = company.call("rest", args(std::uint64_t{1'000'000}));
  EXPECT_FALSE(rested.code) << rested.detail;

  auto [out, in] = make_byte_stream(threads.get_executor());
  const reply told = company.call("shout", args(in));
  ASSERT_FALSE(told.code) << told.detail;
  byte_reader back(threads.get_executor(), told.value->get<wit::readable>());
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "hello, ";
  auto written = asio::async_write(out, asio::buffer(text), asio::use_future);
  std::string got(text.size(), '\0');
  EXPECT_EQ(asio::async_read(back, asio::buffer(got), asio::use_future).get(), text.size());
  EXPECT_EQ(written.get(), text.size());
  out.close();
  EXPECT_TRUE(got.starts_with("HELLO, HELLO, ") && got.ends_with("HELLO, "));
}

}  // namespace
}  // namespace holdfast
