// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <holdfast/host.hpp>
#include <holdfast/pool.hpp>
#include <string>

#include "core/lineage.hpp"
#include "host/manual_host.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

class context_test : public testing::Test {
 protected:
  pool open(const std::string& file, pool_options options = {}) {
    pool made = owner.get().open(guest(file), std::move(options)).value();
    owner.settle();
    return made;
  }
  manual_host owner;
};

TEST_F(context_test, lets_a_guest_that_is_asked_to_stop_complete_within_the_grace) {
  const pool works = open("cooperative.wat", {.stop_grace = 10ms});
  const ticket claim = works.submit("work", {}, {.run_limit = 50ms}).value();
  owner.settle(20);
  EXPECT_EQ(claim.phase(), call_phase::running);
  owner.world.advance(50ms);
  owner.settle();
  const reply told = claim.wait(0s);
  ASSERT_TRUE(told) << told.detail;
  EXPECT_EQ(told.outcome, outcome::completed);
  EXPECT_GT(told.value->get<std::uint64_t>(), 0U);
  const ticket next = works.submit("generation", {}).value();
  owner.settle();
  EXPECT_EQ(next.wait(0s).value->get<std::uint64_t>(), 1U) << "its instance lives on";
}

TEST_F(context_test, does_not_save_a_guest_that_works_on_past_the_grace) {
  const pool works = open("cooperative.wat", {.stop_grace = 10ms});
  const ticket claim = works.submit("work-on", {}, {.run_limit = 50ms}).value();
  owner.settle(20);
  owner.world.advance(50ms);
  owner.settle(20);
  EXPECT_EQ(claim.phase(), call_phase::running) << "it has its grace";
  owner.world.advance(10ms);
  owner.settle();
  EXPECT_EQ(claim.wait(0s).code, errc::deadline_killed);
  const ticket next = works.submit("generation", {}).value();
  owner.settle();
  EXPECT_EQ(next.wait(0s).value->get<std::uint64_t>(), 2U);
}

TEST_F(context_test, tells_the_time_to_the_earlier_of_deadline_and_run_limit) {
  const pool works = open("cooperative.wat");
  const ticket claim = works.submit("time-left", {}, {.deadline = 1s, .run_limit = 2s}).value();
  owner.settle();
  EXPECT_EQ(claim.wait(0s).value, wit::value::some(std::uint64_t{1'000'000'000}));
}

TEST(key, is_the_calls_own_once_its_caller_has_left) {
  host owner(shared_engine());
  const pool works = owner.open(guest("cooperative.wat"), {.stop_grace = 10s}).value();
  ASSERT_TRUE(works.wait_ready());
  std::string key = "an order of seventeen books";
  const reply left = works.call("late-key", {}, {.key = key, .wait = 10ms});
  ASSERT_EQ(left.code, errc::detached) << left.detail;
  key.assign(key.size(), '#');
  const ticket claim = owner.attach(left.id).value();
  claim.kill();  // asks it to stop first
  EXPECT_EQ(claim.wait().value, wit::value::some("an order of seventeen books"));
}

TEST_F(context_test, of_a_host_function_is_the_call_on_whose_behalf_it_runs) {
  std::vector<call_id> callers;
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep", [&](host_call call) {
    callers.push_back(core::on_behalf::current()->id());
    std::move(call).reply();
  });
  const pool bed = open("sleeper.wat", options);
  const ticket first = bed.submit("nap", args(1U)).value();
  const ticket second = bed.submit("nap", args(1U)).value();
  owner.settle();
  EXPECT_EQ(callers, (std::vector<call_id>{first.id(), second.id()}));
  EXPECT_EQ(core::on_behalf::current(), nullptr) << "nothing of it stays on the thread";
}

}  // namespace
}  // namespace holdfast
