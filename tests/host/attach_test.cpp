// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <holdfast/actors.hpp>
#include <holdfast/async_call.hpp>
#include <holdfast/host.hpp>
#include <optional>
#include <vector>

#include "host/manual_host.hpp"

// Calls that are found again by their id, and what becomes of results that nobody waits for.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

class attach_test : public testing::Test {
 protected:
  pool open(const std::string& file) {
    pool_options options;
    const auto park = [this](host_call call) { parked.push_back(std::move(call)); };
    options.functions.define("holdfast:demo/host", "sleep", park).define("", "sleep", park);
    pool made = owner.get().open(guest(file), std::move(options)).value();
    owner.settle();
    return made;
  }
  void answer_all() {
    while (!parked.empty()) {
      host_call call = std::move(parked.back());
      parked.pop_back();
      std::move(call).reply();
      owner.settle();
    }
  }
  std::vector<host_call> parked;
  manual_host owner;
};

TEST_F(attach_test, finds_a_submitted_call_while_it_runs_and_tells_every_waiter) {
  const pool served = open("sleeper.wat");
  std::optional<ticket> claim = served.submit("nap", args(std::uint64_t{5})).value();
  const call_id id = claim->id();
  owner.settle();
  claim.reset();
  EXPECT_EQ(owner.get().orphans().orphans, 1U);
  const ticket one = owner.get().attach(id).value();
  const ticket two = owner.get().attach(id).value();
  int told = 0;
  one.on_done([&](const reply& what) { told += what ? 1 : 0; });
  EXPECT_EQ(owner.get().orphans().orphans, 0U);
  two.on_done([&](const reply& what) { told += what ? 10 : 0; });
  answer_all();
  EXPECT_EQ(told, 11);
}

TEST_F(attach_test, keeps_the_result_of_a_call_whose_ticket_was_dropped) {
  const pool served = open("orders.wasm");
  std::optional<ticket> claim = served.submit("place", args(7U, "book", 2U)).value();
  const call_id id = claim->id();
  claim.reset();
  owner.settle();
  EXPECT_EQ(owner.get().orphans().parked, 1U);
  for (int i = 0; i < 2; ++i) {
    const reply told = owner.get().attach(id).value().wait(0s);
    EXPECT_TRUE(told);
    EXPECT_EQ(number_in(told, "id"), 7U);
  }
  EXPECT_EQ(owner.get().orphans().claimed, 1U);
}

TEST_F(attach_test, keeps_a_result_longer_than_its_pool) {
  const pool served = open("orders.wasm");
  const call_id id = served.submit("place", args(7U, "book", 2U)).value().id();
  owner.settle();
  ASSERT_TRUE(served.swap(guest("echo.wat")));
  served.drain(0s);
  EXPECT_EQ(number_in(owner.get().attach(id).value().wait(0s), "id"), 7U);
}

TEST_F(attach_test, says_that_a_call_is_gone) {
  const auto unknown = owner.get().attach(call_id{1, 2});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error(), errc::gone);
  EXPECT_EQ(unknown.error(), effect::unknown);
  const pool served = open("orders.wasm");
  const call_id id = served.submit("place", args(7U, "book", 2U)).value().id();
  owner.settle();
  owner.world.advance(1h);
  EXPECT_FALSE(owner.get().attach(id)) << "its time is over";
  EXPECT_EQ(owner.get().orphans().dropped, 1U);
}

TEST_F(attach_test, keeps_nothing_for_a_ticket_that_was_answered) {
  const pool served = open("orders.wasm");
  const ticket claim = served.submit("place", args(7U, "book", 2U)).value();
  owner.settle();
  EXPECT_TRUE(claim.wait(0s));
  EXPECT_EQ(owner.get().orphans().parked, 0U);
  EXPECT_TRUE(claim.wait(0s)) << "the ticket itself still knows";
  EXPECT_FALSE(owner.get().attach(claim.id()));
}

TEST_F(attach_test, finds_a_bound_call_whose_caller_waited_no_longer) {
  const pool served = open("sleeper.wat");
  auto promised = served.future_call("nap", args(std::uint64_t{5}), {.wait = 1s});
  owner.settle();
  owner.world.advance(1s);
  const reply told = promised.get();
  EXPECT_EQ(told.code, make_error_code(errc::detached));
  EXPECT_EQ(owner.get().orphans().orphans, 1U);
  const ticket back = owner.get().attach(told.id).value();
  EXPECT_EQ(back.phase(), call_phase::running);
  owner.world.advance(2s);
  answer_all();
  EXPECT_TRUE(back.wait(0s));
  EXPECT_EQ(owner.get().orphans().cost, 2s);
}

// Calls that only their own caller can wait for, of whom an observer hears.
class bound_call : public testing::Test {
 protected:
  struct : observer {
    void on_accepted(const call_id& call) noexcept override { accepted.push_back(call); }
    std::vector<call_id> accepted;
  } told;

  pool open_bed() {
    pool_options options;
    options.functions.define("holdfast:demo/host", "sleep",
                             [this](host_call call) { naps.push_back(std::move(call)); });
    pool made = owner.get().open(guest("sleeper.wat"), std::move(options)).value();
    owner.settle();
    return made;
  }
  // Its id. `most`: the steps that are run for it, of one that has no end.
  template <class Target>
  call_id call(const Target& to, std::string_view function, wit::arguments arguments,
               std::size_t most = 20'000) {
    to.async_call(function, std::move(arguments), {},
                  boost::asio::bind_executor(
                      io, [this](std::error_code, reply what) { ended.push_back(what.outcome); }));
    owner.settle(most);
    return told.accepted.back();
  }
  void settle() {
    owner.settle();
    io.restart();
    io.poll();
  }

  boost::asio::io_context io;
  std::vector<host_call> naps;
  std::vector<std::optional<outcome>> ended;
  manual_host owner{told};
};

TEST_F(bound_call, is_stopped_by_its_id_while_it_runs_and_taken_back_while_it_waits) {
  const pool bed = open_bed();
  const call_id runs = call(bed, "nap", args(std::uint64_t{5}));
  const call_id waits = call(bed, "nap", args(std::uint64_t{5}));
  EXPECT_EQ(owner.get().attach(runs).error(), errc::gone) << "its result is its caller's";
  EXPECT_EQ(owner.get().revoke(runs).value(), revoke_answer::running);
  EXPECT_EQ(owner.get().revoke(waits).value(), revoke_answer::revoked);
  settle();
  EXPECT_EQ(ended, (std::vector<std::optional<outcome>>{outcome::revoked}));
  EXPECT_EQ(owner.get().kill(runs).value(), kill_answer::stopping);
  settle();
  EXPECT_EQ(ended.back(), outcome::killed);
  EXPECT_EQ(owner.get().kill(runs).error(), errc::gone);
}

TEST_F(bound_call, of_an_actor_is_found_by_its_id_too) {
  const actors bank = owner.get().open_actors(guest("ledger.wasm"), {.name = "bank", .resident = 4}).value();
  const actor ada = bank.at("ada").value();
  const call_id first = call(ada, "deposit", args(std::uint64_t{5}));
  settle();
  EXPECT_EQ(owner.get().kill(first).error(), errc::gone) << "it is done";
  const call_id loops = call(ada, "spin", args(std::uint64_t{5}), 100);
  EXPECT_EQ(owner.get().kill(loops).value(), kill_answer::stopping);
  settle();
  EXPECT_EQ(ended.back(), outcome::killed);
}

TEST_F(bound_call, that_was_exchanged_away_is_found_by_its_id_too) {
  const pool bed = open_bed();
  const call_id runs = call(bed, "nap", args(std::uint64_t{5}));
  ASSERT_TRUE(bed.swap(guest("sleeper.wat")));
  EXPECT_EQ(owner.get().kill(runs).value(), kill_answer::stopping);
  settle();
  EXPECT_EQ(ended.back(), outcome::killed);
}

}  // namespace
}  // namespace holdfast
