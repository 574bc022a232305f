// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <holdfast/function.hpp>
#include <holdfast/pool.hpp>
#include <optional>
#include <vector>

#include "host/manual_host.hpp"

// Calls that name the instance they can run in by the handles among their arguments.
namespace holdfast {
namespace {

using namespace testing_support;

class home_test : public testing::Test {
 protected:
  home_test() {
    owner.settle();
    made = kinds.submit("[constructor]counter", args(5U)).value();
    owner.settle();
    // Two calls wake two cells; the one that comes too late is asked first from then on.
    static_cast<void>(kinds.submit("nothing", {}).value());
    static_cast<void>(kinds.submit("nothing", {}).value());
    owner.settle();
    const ticket other = kinds.submit("nothing", {}).value();
    owner.settle();
    EXPECT_NE(other.wait(duration::zero()).cell, home()) << "or these tests show nothing";
  }
  std::uint32_t home() const { return made->wait(duration::zero()).cell; }
  wit::handle counter() const { return made->wait(duration::zero()).value->get<wit::handle>(); }
  // All were queued at once, with every cell idle.
  void ran_at_home(const std::vector<ticket>& all) {
    owner.settle();
    for (const ticket& each : all) {
      const reply told = each.wait(duration::zero());
      EXPECT_TRUE(told) << told.detail;
      EXPECT_EQ(told.cell, home());
    }
  }
  manual_host owner{no_observer(), {}, calm_engine()};
  const pool kinds = owner.get().open(guest("kinds.wasm", calm_engine()), {.cells = 3}).value();
  std::optional<ticket> made;
};

TEST_F(home_test, is_where_calls_with_a_handle_run_whatever_other_cells_are_idle) {
  std::vector<ticket> all;
  for (int i = 0; i < 3; ++i) all.push_back(kinds.submit("[method]counter.next", args(counter())).value());
  ran_at_home(all);
}

TEST_F(home_test, is_unhurt_by_a_caller_who_lends_and_gives_away_the_same_handle) {
  const ticket wrong = kinds.submit("merge", args(counter(), counter())).value();
  owner.settle();
  const reply told = wrong.wait(duration::zero());
  EXPECT_EQ(told.code, errc::bad_arguments) << told.detail;
  EXPECT_EQ(told.code, effect::not_executed);
  EXPECT_NE(told.detail.find("cannot be given away"), std::string::npos) << told.detail;
  ran_at_home({kinds.submit("[method]counter.next", args(counter())).value()});
}

TEST_F(home_test, is_where_typed_calls_with_a_handle_run) {
  const auto next = kinds.function<std::uint32_t(wit::handle)>("[method]counter.next").value();
  std::vector<ticket> all;
  for (int i = 0; i < 3; ++i) all.push_back(next.submit(counter()).value());
  ran_at_home(all);
}

}  // namespace
}  // namespace holdfast
