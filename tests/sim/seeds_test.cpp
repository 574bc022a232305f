// SPDX-License-Identifier: Apache-2.0
#include "sim/seeds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>
#include <holdfast/observer.hpp>
#include <holdfast/outcome.hpp>
#include <memory>
#include <set>
#include <string>

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

// Sanitizers and debug builds play fewer: the same laws, and the tools see what they can see in any of them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t seeds = 1'500;
#elif defined(NDEBUG)
constexpr std::uint64_t seeds = 20'000;
#else
constexpr std::uint64_t seeds = 4'000;
#endif

TEST(simulator, breaks_no_law_in_any_seed) {
  const tally_of_seeds told = play_seeds({.seeds = seeds, .jobs = 2});
  EXPECT_EQ(told.seeds, seeds);
  EXPECT_EQ(told.violations, 0U) << told.first_law << "; see it again: holdfast-sim --seed "
                                 << told.first_bad_seed.value_or(0) << " --shrink --trace";
}

TEST(simulator, repeats_a_seed_to_the_bit) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const report first = play_seed(seed, tracing::on);
    const report second = play_seed(seed, tracing::on);
    ASSERT_EQ(first.trace.size(), second.trace.size()) << seed;
    EXPECT_EQ(first.fibers, second.fibers);
    for (std::size_t i = 0; i < first.trace.size(); ++i)
      ASSERT_EQ(to_line(first.trace[i], {}), to_line(second.trace[i], {}))
          << "seed " << seed << ", event " << i;
  }
}

TEST(simulator, comes_to_the_same_with_any_number_of_jobs) {
  const tally_of_seeds one = play_seeds({.from = 3, .seeds = 101, .jobs = 1});
  const tally_of_seeds three = play_seeds({.from = 3, .seeds = 101, .jobs = 3});
  EXPECT_EQ(one.digest, three.digest);
  EXPECT_EQ(one.events, three.events);
  EXPECT_NE(one.digest, play_seeds({.from = 4, .seeds = 101}).digest) << "other seeds, other runs";
}

TEST(simulator, comes_by_everything_that_can_happen) {
  std::set<seen> kinds;
  std::set<outcome> ends;
  std::set<errc> refusals;
  std::set<std::pair<cell_state, cell_state>> moves;
  bool answered_late = false;
  for (std::uint64_t seed = 0; seed < 4'000; ++seed) {
    for (const event& each : play_seed(seed, tracing::on).trace) {
      kinds.insert(each.what);
      if (each.what == seen::done) ends.insert(static_cast<outcome>(each.code));
      if (each.what == seen::refused) refusals.insert(static_cast<errc>(each.code));
      if (each.what == seen::host_answered) answered_late = answered_late || each.code != 0;
      if (each.what == seen::moved)
        moves.emplace(static_cast<cell_state>(each.number), static_cast<cell_state>(each.code));
    }
  }
  for (int kind = 0; kind <= static_cast<int>(seen::counted); ++kind)
    EXPECT_TRUE(kinds.contains(static_cast<seen>(kind))) << to_string(static_cast<seen>(kind));
  for (const outcome each :
       {outcome::completed, outcome::refused, outcome::revoked, outcome::expired_in_queue, outcome::trapped,
        outcome::host_failed, outcome::deadline_killed, outcome::killed, outcome::collateral})
    EXPECT_TRUE(ends.contains(each)) << to_string(each);
  for (const errc each : {errc::queue_full, errc::deadline_too_close, errc::draining, errc::broken,
                          errc::limit, errc::cycle, errc::bad_arguments})
    EXPECT_TRUE(refusals.contains(each)) << to_string(each);
  using enum cell_state;
  for (const auto& [from, to] :
       std::initializer_list<std::pair<cell_state, cell_state>>{{building, idle},
                                                                {building, rebuilding},
                                                                {building, broken},
                                                                {rebuilding, broken},
                                                                {stopping, idle},
                                                                {stopping, running},
                                                                {running, stopping},
                                                                {draining, stopping},
                                                                {draining, rebuilding},
                                                                {rebuilding, draining},
                                                                {broken, closed}})
    EXPECT_TRUE((moves.contains({from, to}))) << to_string(from) << " -> " << to_string(to);
  EXPECT_TRUE(answered_late);
}

TEST(simulator, finds_the_one_call_that_a_failure_needs) {
  plan whole;
  whole.pools = {{}};
  for (int i = 0; i < 9; ++i) {
    whole.callers.push_back({i});
    whole.calls.push_back({.joined = true, .deadline = 100ms});
  }
  whole.calls[6].good = true;
  whole.calls[6].guest.what = guest_plan::kind::trap;
  const smallest found = shrink(whole, 5);
  ASSERT_FALSE(found.told.violations.empty());
  EXPECT_EQ(found.told.violations.front().law, "next_call_completes");
  EXPECT_EQ(found.kept, std::vector<int>{6});
  EXPECT_FALSE(play_seed(only(whole, found.kept), 5).violations.empty()) << "what is printed fails again";
}

struct told {
  std::string out;
  int code = -1;
};

told run(const std::string& arguments) {
  told came;
  const std::string command = std::string(HOLDFAST_SIM) + " " + arguments + " 2>/dev/null";
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return came;
  char part[4096];
  for (std::size_t got = 0; (got = std::fread(part, 1, sizeof(part), pipe)) > 0;) came.out.append(part, got);
  const int how = ::pclose(pipe);
  came.code = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
  return came;
}

TEST(holdfast_sim, prints_the_tally_as_json) {
  const told came = run("--seeds 20 --from 7 --jobs 2 --json");
  EXPECT_EQ(came.code, 0);
  EXPECT_THAT(came.out,
              testing::MatchesRegex(
                  "\\{\"seeds\":20,\"events\":[0-9]+,\"violations\":0,\"first_bad_seed\":null\\}\n"));
}

TEST(holdfast_sim, traces_a_seed_the_same_way_each_time) {
  const told first = run("--seed 17 --trace");
  EXPECT_EQ(first.code, 0);
  EXPECT_THAT(first.out, testing::HasSubstr("guest made"));
  EXPECT_EQ(first.out, run("--seed 17 --trace").out);
  EXPECT_NE(first.out, run("--seed 18 --trace").out);
}

TEST(holdfast_sim, explains_itself_and_refuses_what_it_does_not_know) {
  EXPECT_THAT(run("--help").out, testing::HasSubstr("examples:"));
  EXPECT_EQ(run("--help").code, 0);
  for (const char* wrong : {"", "--seeds", "--seeds x", "--seed 1 --json", "--seeds 5 --trace", "--walk",
                            "--seeds 5 --seed 1", "--seeds 5 --jobs 0", "--seed 1 --keep 1,,2"})
    EXPECT_EQ(run(wrong).code, 2) << wrong;
}

}  // namespace
}  // namespace holdfast::sim
