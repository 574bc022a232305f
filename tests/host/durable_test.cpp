// SPDX-License-Identifier: Apache-2.0
#include "host/durable.hpp"

#include <thread>

// Calls with keys and a journal: what waits for what, and what is refused.
namespace holdfast {
namespace {

using namespace testing_support;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(durable_test, tell_an_outcome_only_when_it_is_on_record) {
  const pool shop = open(once);
  const ticket asked = begin(shop, 5, {.key = "a"});
  wake();
  owner->settle_guests();
  EXPECT_EQ(asked.phase(), call_phase::running);
  EXPECT_THAT(told->done, IsEmpty());
  EXPECT_TRUE(owner->step_journal());
  EXPECT_EQ(end(asked).value, wit::value(std::uint64_t{1}));
  EXPECT_EQ(told->committed, 2U) << "its start and its end";
}

TEST_F(durable_test, do_not_enter_the_guest_before_their_start_is_on_record) {
  const pool shop = open(once);
  const auto asked = shop.submit("nap", args(std::uint64_t{5}), {.key = "a"}).value();
  owner->settle_guests();
  EXPECT_THAT(naps, IsEmpty());
  owner->settle();
  EXPECT_EQ(naps.size(), 1U);
  wake();
}

TEST_F(durable_test, that_may_run_twice_do_not_wait_for_it) {
  const pool shop = open(twice);
  const auto asked = shop.submit("nap", args(std::uint64_t{5}), {.key = "a"}).value();
  owner->settle_guests();
  EXPECT_EQ(naps.size(), 1U);
  wake();
  owner->settle();
  EXPECT_EQ(journal->commits, 1U);
}

TEST_F(durable_test, have_their_outcome_when_their_host_or_pool_is_drained) {
  for (const bool whole : {true, false}) {
    const pool shop = open(twice);
    const ticket asked = shop.submit("nap", args(std::uint64_t{5}), {.key = whole ? "a" : "b"}).value();
    owner->settle_guests();
    wake();
    owner->settle_guests();
    EXPECT_EQ(asked.phase(), call_phase::running);
    if (whole) {
      owner->get().drain(0s);
    } else {
      shop.drain(0s);
    }
    EXPECT_EQ(end(asked).value, wit::value(std::uint64_t{1}));
    crash();
  }
}

TEST_F(durable_test, need_a_pool_with_a_name) {
  const pool shop = open(once, {});
  const auto refused = shop.submit("nap", args(std::uint64_t{5}), {.key = "a"});
  EXPECT_EQ(refused.error(), errc::bad_arguments);
  EXPECT_THAT(refused.error().message(), HasSubstr("name"));
  EXPECT_TRUE(shop.submit("nap", args(std::uint64_t{5})));
  owner->settle();
  wake();
}

TEST_F(durable_test, are_refused_while_the_disk_is_full_and_others_go_on) {
  const pool shop = open(once);
  const ticket ran = begin(shop, 5, {.key = "a"});
  journal->full = true;
  wake();
  owner->settle();
  EXPECT_EQ(ran.phase(), call_phase::running) << "it has run, and waits for room";
  const auto refused = shop.submit("nap", args(std::uint64_t{5}), {.key = "b"});
  EXPECT_EQ(refused.error(), errc::journal_full);
  EXPECT_EQ(refused.error(), effect::not_executed);
  const ticket plain = begin(shop, 6, {});
  wake();
  owner->settle();
  EXPECT_TRUE(end(plain));
  journal->full = false;
  owner->settle();
  EXPECT_TRUE(end(ran));
  EXPECT_THAT(told->full, ElementsAre(true, false));
  send(shop, 7, {.key = "b"});
  wake();
  owner->settle();
}

TEST_F(durable_test, that_ran_and_found_no_room_until_the_host_ended_are_lost) {
  std::optional<ticket> ran;
  {
    const pool shop = open(once);
    ran = begin(shop, 5, {.key = "a"});
    journal->full = true;
    wake();
    owner->settle();
  }
  owner.reset();
  EXPECT_EQ(end(*ran).outcome, outcome::lost_in_crash);
  ran.reset();
  journal->full = false;
  calendar += 1s;
  start();
  EXPECT_EQ(end(begin(open(once), 5, {.key = "a"})).outcome, outcome::lost_in_crash);
}

TEST_F(durable_test, are_forgotten_over_their_bound_and_erased) {
  policy.count = 2;
  owner.reset();
  start();
  const pool shop = open(once);
  for (const char* key : {"a", "b", "c"}) {
    send(shop, 5, {.key = key});
    wake();
    owner->settle();
  }
  EXPECT_EQ(contents_of(*kept).size(), 2U);
}

TEST_F(durable_test, leave_nothing_where_they_were_taken_back) {
  const pool shop = open(once);
  send(shop, 5, {.key = "a"});
  const ticket queued = begin(shop, 5, {.key = "b"});
  EXPECT_EQ(contents_of(*kept).size(), 2U) << "it may begin as soon as an instance is free";
  EXPECT_EQ(queued.revoke(), revoke_answer::revoked);
  owner->settle();
  EXPECT_EQ(contents_of(*kept).size(), 1U);
  wake();
  owner->settle();
  crash();
  const pool again = open(once);
  send(again, 7, {.key = "b"});
  EXPECT_THAT(naps, ElementsAre(7U)) << "the key is new";
  wake();
}

// With real threads.

class failing final : public no_journal {
 public:
  std::optional<error> commit(const journal_batch& /*what*/) override {
    return error(errc::journal_failed, "the disk is \"gone\"");
  }
};

TEST(durable_death_test, a_journal_that_cannot_be_written_ends_the_process_with_a_sentence) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        host owner(shared_engine(), {.journal = std::make_shared<failing>()});
        pool_options options;
        options.name = "shop";
        const pool shop = owner.open(guest("hello.wat"), std::move(options)).value();
        static_cast<void>(shop.call("greet", args("ada"), {.key = "a"}));
      },
      testing::KilledBySignal(SIGABRT), "the journal cannot be written, and the process ends: the disk is");
}

TEST(durable_host, serves_callers_of_many_keys_and_knows_them_all_when_it_starts_again) {
  const scratch_folder folder;
  constexpr unsigned callers = 8;
  constexpr unsigned calls = 50;
  const auto serve = [&](const std::function<void(const pool&, unsigned)>& each) {
    host owner(shared_engine(), {.journal = open_journal(folder / "journal").value()});
    pool_options options;
    options.name = "shop";
    options.cells = 2;
    const pool shop = owner.open(guest("hello.wat"), std::move(options)).value();
    std::vector<std::thread> all;
    for (unsigned i = 0; i < callers; ++i) all.emplace_back([&, i] { each(shop, i); });
    for (std::thread& one : all) one.join();
  };
  std::vector<std::vector<call_id>> ids(callers);
  serve([&](const pool& shop, unsigned caller) {
    for (unsigned i = 0; i < calls; ++i) {
      const reply told =
          shop.call("greet", args("ada"), {.key = std::to_string(caller) + "/" + std::to_string(i)});
      EXPECT_TRUE(told) << told.detail;
      ids[caller].push_back(told.id);
    }
  });
  serve([&](const pool& shop, unsigned caller) {
    for (unsigned i = 0; i < calls; ++i) {
      const reply told =
          shop.call("greet", args("ada"), {.key = std::to_string(caller) + "/" + std::to_string(i)});
      EXPECT_EQ(told.id, ids[caller][i]);
    }
  });
}

}  // namespace
}  // namespace holdfast
