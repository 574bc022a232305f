// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <holdfast/pool.hpp>
#include <optional>
#include <vector>

#include "host/manual_host.hpp"

// Calls that a host function makes on behalf of the guest that it works for.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

TEST(child_call_test, ends_no_later_than_the_guest_that_made_it) {
  manual_host owner;
  std::vector<host_call> parked;
  pool_options parks;
  parks.functions.define("holdfast:demo/host", "sleep",
                         [&](host_call call) { parked.push_back(std::move(call)); });
  const pool bed = owner.get().open(guest("sleeper.wat"), parks).value();
  std::optional<ticket> child;
  pool_options calls;
  calls.functions.define("holdfast:demo/host", "sleep", [&](host_call call) {
    child = bed.submit("nap", args(2U), {.deadline = 1h, .run_limit = 1h}).value();
    parked.push_back(std::move(call));
  });
  const pool outer = owner.get().open(guest("sleeper.wat"), calls).value();
  owner.settle();
  const ticket parent = outer.submit("nap", args(1U), {.run_limit = 50ms}).value();
  owner.settle();
  ASSERT_TRUE(child);
  ASSERT_EQ(child->phase(), call_phase::running);
  owner.world.advance(49ms);
  owner.settle();
  EXPECT_EQ(child->phase(), call_phase::running);
  owner.world.advance(1ms);
  owner.settle();
  ASSERT_EQ(parent.phase(), call_phase::done);
  ASSERT_EQ(child->phase(), call_phase::done);
  EXPECT_EQ(child->wait(0s).code, errc::deadline_killed);
}

}  // namespace
}  // namespace holdfast
