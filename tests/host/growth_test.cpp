// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <holdfast/pool.hpp>
#include <holdfast/typed_stream.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/manual_host.hpp"
#include "host/parked_calls.hpp"
#include "storm/machine.hpp"

// One instance that many calls share, for a long time: callers who wait, who leave at any moment, who revoke,
// who leave their end of a stream, and whose guests keep what is the host's. Nothing grows, of Wasmtime's
// tables, of ours, or of the kernel's.
//
// HOLDFAST_GROWTH_CALLS says how many calls; `make growth` makes a million.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
namespace asio = boost::asio;

class growth : public testing::Test {
 protected:
  pool open(const char* file) {
    pool_options options;
    options.cells = 1;
    parked.keep(options.functions, "pause");
    options.functions.define("holdfast:demo/host", "block",
                             [](host_call call) { std::move(call).fail("unused"); });
    pool made = owner.get().open(guest(file, calm_engine()), options).value();
    owner.settle();
    return made;
  }

  static std::uint64_t calls_asked() {
    const char* const asked = std::getenv("HOLDFAST_GROWTH_CALLS");
    return asked != nullptr ? std::stoull(asked) : 20'000;
  }

  /// Makes so many rounds, a first fifth of them for what is only made once, and compares before and after.
  template <class Round>
  void compare(std::uint64_t rounds, Round round) {
    const std::uint64_t first = rounds / 5;
    for (std::uint64_t i = 0; i < first; ++i) round(i);
    forget();
    const storm::machine before = storm::machine_now();
    for (std::uint64_t i = first; i < rounds; ++i) round(i);
    forget();
    const storm::machine after = storm::machine_now();
    RecordProperty("memory",
                   std::to_string(before.memory_mib) + " to " + std::to_string(after.memory_mib) + " MiB");
    std::printf("%llu rounds: %.1f MiB, then %.1f MiB; %llu descriptors, then %llu\n",
                static_cast<unsigned long long>(rounds), before.memory_mib, after.memory_mib,
                static_cast<unsigned long long>(before.descriptors),
                static_cast<unsigned long long>(after.descriptors));
    EXPECT_LE(after.descriptors, before.descriptors);
    EXPECT_LE(after.mappings, before.mappings + 8);
    EXPECT_EQ(after.threads, before.threads);
    // A task that was kept would be some hundred bytes.
    if (!storm::sanitized()) {
      EXPECT_LE(after.memory_mib, before.memory_mib + 2);
    }
  }

  /// What is kept for those who may come back.
  void forget() {
    owner.world.advance(1h);
    owner.settle();
    ASSERT_EQ(owner.get().orphans().parked, 0U);
  }

  manual_host owner{no_observer(), {}, calm_engine()};
  parked_calls parked;
  asio::io_context loop;
};

TEST_F(growth, of_nothing_comes_with_calls_that_share_an_instance_whoever_leaves) {
  const pool company = open("company.wat");
  const call_options patient{.deadline = no_limit, .run_limit = no_limit};
  compare(calls_asked() / 8, [&](std::uint64_t round) {
    std::vector<ticket> all;
    for (std::uint32_t i = 0; i < 8; ++i) {
      all.push_back(company.submit("wait", args(i), patient).value());
      if (i == round % 8) owner.settle();
    }
    if (round % 3 == 0) static_cast<void>(all.back().revoke());
    owner.settle();
    if (round % 2 == 0) all.erase(all.begin(), all.begin() + 4);  // callers who leave
    while (!parked.empty()) {
      parked.answer(std::next(parked.begin(), static_cast<long>(round % parked.size()))->first);
      owner.settle();
    }
    for (const ticket& each : all) ASSERT_EQ(each.phase(), call_phase::done);
  });
  EXPECT_EQ(company.cells().front().generation, 1U);
}

TEST_F(growth, of_nothing_comes_with_tasks_that_give_their_turn_away_before_or_after_their_result) {
  const pool guests = owner.get().open(guest("turns.wat", calm_engine())).value();
  owner.settle();
  compare(calls_asked() / 20, [&](std::uint64_t round) {
    std::vector<ticket> all;
    const auto begin = [&](const char* function, wit::arguments with) {
      all.push_back(guests.submit(function, std::move(with)).value());
    };
    begin("until-raised", {});
    owner.settle(3);
    begin("yield", args(static_cast<std::uint32_t>(round % 4)));
    begin("tell-then-yield", args(static_cast<std::uint32_t>(round % 3)));
    if (round % 2 == 0) all.clear();  // callers who leave
    begin("raise", {});
    owner.settle();
    for (const ticket& each : all) ASSERT_EQ(each.phase(), call_phase::done);
  });
  EXPECT_EQ(guests.cells().front().generation, 1U);
}

struct locker {};

TEST_F(growth, of_nothing_comes_with_resources_of_the_host_whoever_leaves) {
  constexpr const char* lockers = "holdfast:demo/lockers";
  std::uint64_t made = 0;
  std::vector<std::weak_ptr<locker>> last;
  std::map<std::uint32_t, host_call> looks;
  pool_options options;
  options.cells = 1;
  options.functions.define_resource<locker>(lockers, "locker")
      .define(lockers, "[constructor]locker",
              [&](host_call call) {
                auto fresh = std::make_shared<locker>();
                last.push_back(fresh);
                ++made;
                std::move(call).reply(call.give(std::move(fresh)));
              })
      .define(lockers, "look", [&](host_call call) {
        looks.insert_or_assign(static_cast<std::uint32_t>(looks.size()), std::move(call));
      });
  const pool hoard = owner.get().open(guest("hoard.wat", calm_engine()), options).value();
  owner.settle();
  compare(calls_asked() / 20, [&](std::uint64_t round) {
    std::vector<ticket> all;
    for (std::uint32_t i = 0; i < 4; ++i) {
      all.push_back(hoard.submit("keep", args(i)).value());
      if (i == round % 4) owner.settle();
    }
    if (round % 3 == 0) static_cast<void>(all.back().revoke());
    owner.settle();
    if (round % 2 == 0) all.clear();  // callers who leave
    while (!looks.empty()) {
      std::move(looks.extract(looks.begin()).mapped()).reply(wit::value(1U));
      owner.settle();
    }
    for (const auto& each : last) ASSERT_TRUE(each.expired());
    last.clear();
  });
  EXPECT_GT(made, calls_asked() / 20);
  EXPECT_EQ(hoard.cells().front().generation, 1U);
}

TEST_F(growth, of_nothing_comes_with_streams_whichever_end_leaves) {
  const pool guests = open("pipes.wat");
  compare(calls_asked() / 20, [&](std::uint64_t round) {
    auto [out, in] = make_byte_stream(loop.get_executor());
    const ticket call = guests.submit("echo", args(in)).value();
    if (round % 5 == 0) static_cast<void>(call.revoke());
    owner.settle();
    const reply told = call.wait(0s);
    if (told.value && round % 5 != 1) {
      byte_reader back(loop.get_executor(), told.value->get<wit::readable>());
      const std::vector<std::uint8_t> some(1 + round % 100);
      std::vector<std::uint8_t> got(some.size());
      out.async_write_some(asio::buffer(some), [](const auto&, std::size_t) {});
      back.async_read_some(asio::buffer(got), [](const auto&, std::size_t) {});
      if (round % 3 == 0) out.close();
      owner.settle();
      loop.restart();
      loop.poll();
    }
    // Both ends go here, whatever is under way.
    out.close();
    owner.settle();
    loop.restart();
    loop.poll();
  });
  EXPECT_EQ(guests.cells().front().generation, 1U);
}

}  // namespace
}  // namespace holdfast
