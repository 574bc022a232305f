// SPDX-License-Identifier: Apache-2.0
#include "host/durable.hpp"

// Calls with keys and a journal: what the next process knows of them.
namespace holdfast {
namespace {

using namespace testing_support;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using recovery_test = durable_test;

TEST_F(recovery_test, keep_their_outcome_over_a_crash) {
  call_id first;
  {
    const pool shop = open(once);
    const ticket asked = begin(shop, 5, {.key = "a"});
    first = asked.id();
    wake();
    owner->settle();
    ASSERT_TRUE(end(asked));
  }
  crash();
  const ticket by_id = owner->get().attach(first).value();
  EXPECT_EQ(end(by_id).value, wit::value(std::uint64_t{1})) << "before its pool is opened";
  const pool shop = open(once);
  const reply again = end(begin(shop, 5, {.key = "a"}));
  EXPECT_EQ(again.value, wit::value(std::uint64_t{1}));
  EXPECT_EQ(again.id, first);
  EXPECT_EQ(again.generation, 1U);
  EXPECT_EQ(again.attempts, 1U);
  EXPECT_THAT(naps, IsEmpty());
  EXPECT_EQ(shop.submit("nap", args(std::uint64_t{6}), {.key = "a"}).error(), errc::key_conflict);
}

TEST_F(recovery_test, keep_the_outcome_of_a_call_that_failed_too) {
  {
    const pool shop = open(once);
    const ticket asked = begin(shop, 5, {.key = "a"});
    host_call call = std::move(parked.front());
    parked.clear();
    std::move(call).fail("as \"asked\"\n");
    owner->settle();
    EXPECT_EQ(end(asked).outcome, outcome::host_failed);
  }
  crash();
  const reply again = end(begin(open(once), 5, {.key = "a"}));
  EXPECT_EQ(again.outcome, outcome::host_failed);
  EXPECT_EQ(again.code, errc::host_failed);
  EXPECT_THAT(again.detail, HasSubstr("as \"asked\""));
  EXPECT_THAT(naps, IsEmpty());
}

TEST_F(recovery_test, that_a_crash_cut_short_are_lost_where_they_may_not_run_twice) {
  call_id cut;
  {
    const pool shop = open(once);
    cut = begin(shop, 5, {.key = "a"}).id();
    ASSERT_EQ(naps.size(), 1U);
  }
  for (int process = 0; process < 3; ++process) {
    crash();
    EXPECT_TRUE(contents_of(*kept).begin()->second.done)
        << "it ended once, and for how long it is remembered";
    EXPECT_EQ(end(owner->get().attach(cut).value()).outcome, outcome::lost_in_crash);
    const reply told_now = end(begin(open(once), 5, {.key = "a"}));
    EXPECT_EQ(told_now.code, errc::lost_in_crash);
    EXPECT_EQ(told_now.code, effect::unknown);
    EXPECT_EQ(told_now.id, cut);
    EXPECT_THAT(told_now.detail, HasSubstr("not declared idempotent"));
    EXPECT_THAT(naps, IsEmpty());
  }
}

TEST_F(recovery_test, that_were_held_when_it_crashed_are_new_if_nothing_was_written) {
  {
    const pool shop = open(once);
    static_cast<void>(shop.submit("nap", args(std::uint64_t{5}), {.key = "a"}).value());
    owner->settle_guests();
  }
  crash();
  const pool shop = open(once);
  send(shop, 6, {.key = "a"});
  EXPECT_THAT(naps, ElementsAre(6U)) << "another request may have the key";
  wake();
}

TEST_F(recovery_test, that_a_crash_cut_short_run_again_where_they_may) {
  call_id cut;
  {
    const pool shop = open(twice);
    cut = begin(shop, 5, {.key = "a"}).id();
    ASSERT_THAT(naps, ElementsAre(5U));
  }
  crash();
  const error waits = attach_error(cut);
  EXPECT_EQ(waits, errc::gone);
  EXPECT_THAT(waits.message(), HasSubstr("`shop`"));
  const pool shop = open(twice);
  const ticket by_id = owner->get().attach(cut).value();
  const ticket by_key = shop.submit("nap", args(std::uint64_t{5}), {.key = "a"}).value();
  EXPECT_EQ(by_key.id(), cut) << "who asks meanwhile joins it";
  owner->world.advance(1ms);
  owner->settle();
  EXPECT_THAT(naps, ElementsAre(5U));
  wake();
  owner->settle();
  for (const ticket& each : {by_id, by_key}) {
    EXPECT_EQ(end(each).value, wit::value(std::uint64_t{1}));
    EXPECT_EQ(end(each).attempts, 2U) << "the first was in the process that died";
  }
  crash();
  EXPECT_EQ(end(owner->get().attach(cut).value()).value, wit::value(std::uint64_t{1}));
}

TEST_F(recovery_test, run_again_even_if_there_are_more_than_the_queue_holds) {
  {
    const pool shop = open(twice);
    for (int i = 0; i < 20; ++i)
      static_cast<void>(
          shop.submit("nap", args(std::uint64_t{5}), {.key = "key " + std::to_string(i)}).value());
    owner->settle();
  }
  crash();
  const pool shop = open(twice, "shop", 1);
  for (int round = 0; round < 100; ++round) {
    owner->world.advance(20ms);
    owner->settle();
    while (!parked.empty()) {
      wake();
      owner->settle();
    }
  }
  EXPECT_EQ(naps.size(), 20U);
  EXPECT_THAT(told->done, testing::Each(outcome::completed));
  EXPECT_EQ(told->done.size(), 20U);
}

TEST_F(recovery_test, that_were_to_run_again_are_left_for_a_later_process_when_their_pool_drains) {
  {
    const pool shop = open(twice);
    send(shop, 5, {.key = "a"});
  }
  crash();
  {
    const pool shop = open(twice);
    shop.drain(0s);
    EXPECT_THAT(naps, IsEmpty());
  }
  crash();
  const pool shop = open(twice);
  owner->world.advance(1ms);
  owner->settle();
  EXPECT_THAT(naps, ElementsAre(5U));
  wake();
}

TEST_F(recovery_test, are_lost_where_the_export_has_changed_since) {
  for (const int change : {0, 1, 2}) {  // its marks, its types, and that it is there
    const std::string key = "key " + std::to_string(change);
    {
      const pool shop = open(twice);
      send(shop, 5, {.key = key});
    }
    crash();
    const pool shop = [&] {
      if (change == 0) return open(once);
      pool_options options;
      options.name = "shop";
      const component other =
          change == 1 ? marked(short_sleeper, R"("idempotent")") : guest("hello.wat", calm_engine());
      return owner->get().open(other, std::move(options)).value();
    }();
    owner->settle();
    EXPECT_THAT(naps, IsEmpty());
    EXPECT_THAT(told->done, ElementsAre(outcome::lost_in_crash));
    crash();
    const reply after = end(begin(open(once), 5, {.key = key}));
    EXPECT_EQ(after.outcome, outcome::lost_in_crash) << change;
    EXPECT_THAT(after.detail, HasSubstr(change == 0   ? "not declared"
                                        : change == 1 ? "other types"
                                                      : "its export is gone"));
  }
}

TEST_F(recovery_test, are_forgotten_after_their_time_counted_over_processes) {
  policy.time = 10s;
  owner.reset();
  start();
  {
    const pool shop = open(once);
    send(shop, 5, {.key = "a"});
    wake();
    owner->settle();
  }
  calendar += 5s;
  crash();
  EXPECT_EQ(contents_of(*kept).size(), 1U);
  owner->world.advance(3s);
  owner->settle();
  EXPECT_EQ(contents_of(*kept).size(), 1U);
  owner->world.advance(2s);
  owner->settle();
  EXPECT_EQ(contents_of(*kept).size(), 0U) << "it is erased there too";
  const pool shop = open(once);
  send(shop, 6, {.key = "a"});
  wake();
  owner->settle();
  calendar += 15s;  // of which the last process has seen five
  crash();
  owner->settle();
  EXPECT_EQ(contents_of(*kept).size(), 0U) << "its time was over before this process began";
}

TEST_F(recovery_test, are_not_told_to_be_revoked_while_a_later_process_would_run_them) {
  call_id taken;
  {
    const pool shop = open(twice);
    send(shop, 5, {.key = "a"});
    const ticket queued = begin(shop, 5, {.key = "b"});
    taken = queued.id();
    journal->full = true;
    EXPECT_EQ(queued.revoke(), revoke_answer::revoked);
    owner->settle();
    EXPECT_NE(queued.phase(), call_phase::done) << "it is on record still";
    journal->full = false;
    owner->settle();
    EXPECT_EQ(end(queued).outcome, outcome::revoked);
  }
  crash();
  const pool shop = open(twice);
  owner->world.advance(1ms);
  owner->settle();
  EXPECT_EQ(naps.size(), 1U) << "the other";
  EXPECT_EQ(attach_error(taken), errc::gone);
  wake();
}

TEST_F(recovery_test, that_take_their_process_with_them_are_given_up_after_some) {
  {
    const pool shop = open(twice);
    send(shop, 5, {.key = "a"});
  }
  unsigned processes = 1;
  for (; processes < 20; ++processes) {
    crash();
    const pool shop = open(twice);
    owner->world.advance(1ms);
    owner->settle();
    if (naps.empty()) break;
  }
  EXPECT_EQ(processes, 9U) << "eight have died of it";
  const reply told_now = end(begin(open(once), 5, {.key = "a"}));
  EXPECT_EQ(told_now.outcome, outcome::lost_in_crash);
  EXPECT_THAT(told_now.detail, HasSubstr("8 processes"));
  EXPECT_EQ(told_now.attempts, 9U);
}

TEST_F(recovery_test, that_nobody_took_up_are_forgotten_like_outcomes) {
  policy.time = 100s;
  owner.reset();
  start();
  {
    const pool shop = open(twice);
    send(shop, 5, {.key = "a"});
    const pool other = open(once, "other");
    send(other, 5, {.key = "b"});
  }
  calendar += 50s;
  crash();
  owner->settle();
  EXPECT_EQ(contents_of(*kept).size(), 2U);
  calendar += 200s;
  crash();
  owner->settle();
  EXPECT_EQ(contents_of(*kept).size(), 0U);
}

TEST_F(recovery_test, let_a_host_start_on_a_disk_that_is_full) {
  call_id cut;
  {
    const pool shop = open(once);
    cut = begin(shop, 5, {.key = "a"}).id();
  }
  journal->die();
  parked.clear();
  keep_.clear();
  owner.reset();
  journal = std::make_shared<mortal_journal>(kept);
  journal->full = true;
  owner.emplace(*told, boost::asio::any_io_executor(), calm_engine(),
                journalling{journal, policy, calendar + 1s});
  EXPECT_EQ(end(owner->get().attach(cut).value()).outcome, outcome::lost_in_crash);
  const pool shop = open(once);
  const ticket plain = begin(shop, 6, {});
  wake();
  owner->settle();
  EXPECT_TRUE(end(plain)) << "calls without a key go on";
}

TEST_F(recovery_test, go_on_after_an_attempt_in_another_process) {
  {
    const pool shop = open(twice);
    send(shop, 5, {.key = "a"});
    host_call call = std::move(parked.front());
    parked.clear();
    std::move(call).fail("for now");
    owner->settle();
    EXPECT_THAT(told->done, ElementsAre(outcome::host_failed));
  }
  crash();
  const pool shop = open(twice);
  const ticket next = begin(shop, 5, {.key = "a"});
  EXPECT_EQ(naps.size(), 1U);
  wake();
  owner->settle();
  EXPECT_EQ(end(next).value, wit::value(std::uint64_t{1}));
  EXPECT_EQ(end(next).attempts, 2U);
}

TEST_F(recovery_test, of_a_journal_that_cannot_be_read_keep_the_host_from_starting) {
  class broken final : public no_journal {
   public:
    std::optional<error> read(const std::function<void(const journal_record&)>& /*each*/) override {
      return error(errc::bad_journal, "record 3 is damaged");
    }
  };
  try {
    const host never(shared_engine(), {.journal = std::make_shared<broken>()});
    FAIL() << "the host has started";
  } catch (const std::system_error& why) {
    EXPECT_EQ(why.code(), errc::bad_journal);
    EXPECT_THAT(why.what(), HasSubstr("record 3"));
  }
}

}  // namespace
}  // namespace holdfast
