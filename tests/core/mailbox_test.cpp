// SPDX-License-Identifier: Apache-2.0
#include "core/mailbox.hpp"

#include <gtest/gtest.h>

#include "core/fakes.hpp"

namespace holdfast::core {
namespace {

using namespace fakes;

constexpr std::size_t one = sizeof(script);

class mailbox_test : public testing::Test {
 protected:
  record log;
  manual_world world;
};

// A clock that is never the same twice, as real ones are.
struct creeping final : time_source {
  time_point now() const noexcept override { return at += std::chrono::nanoseconds(1); }
  mutable time_point at{};
};

TEST_F(mailbox_test, ends_all_whose_deadline_has_come_in_one_beat_however_many_they_are) {
  creeping clock;
  environment env{clock, world.env.run, world.env.deadlines, world.env.random, world.env.observe};
  fake_pool pool(env, log, 1, {.depth = 1000});
  std::vector<boost::intrusive_ptr<fake_call>> calls;
  for (int i = 0; i < 600; ++i) calls.push_back(pool.send({}, {.deadline = clock.at + 1s}));
  const auto later = pool.send({}, {.deadline = clock.at + 5s});
  clock.at += 2s;
  world.env.deadlines.advance(clock.at);
  for (const auto& each : calls) ASSERT_EQ(each->end().what, outcome::expired_in_queue);
  EXPECT_EQ(later->phase(), call_phase::queued);
  clock.at += 4s;
  world.env.deadlines.advance(clock.at);
  EXPECT_EQ(later->end().what, outcome::expired_in_queue) << "it was given a timer of its own";
  pool.close();
  world.settle();
}

// Both have come to their deadline; whoever is told of the first wants to withdraw from the second.
TEST_F(mailbox_test, lets_nobody_withdraw_from_a_call_that_is_on_its_way_to_its_end) {
  struct withdrawing final : waiter {
    void on_done(call&) noexcept override {
      ++told;
      if (from != nullptr) withdrew = from->withdraw(*as);
    }
    void on_timer(timer&) noexcept override {}
    int told = 0;
    boost::intrusive_ptr<call> from;
    waiter* as = nullptr;
    std::optional<bool> withdrew;
  };
  fake_pool pool(world.env, log);
  const time_point soon = world.env.time.now() + 1s;
  const boost::intrusive_ptr<withdrawing> one(new withdrawing);
  const boost::intrusive_ptr<withdrawing> two(new withdrawing);
  const auto first = pool.send({}, {.deadline = soon, .bound = true});
  const auto second = pool.send({}, {.deadline = soon, .bound = true});
  ASSERT_TRUE(first->attach(one));
  ASSERT_TRUE(second->attach(two));
  one->from = second;
  one->as = two.get();
  world.advance(2s);
  EXPECT_EQ(one->withdrew, false);
  EXPECT_EQ(two->told, 1);
  EXPECT_EQ(second->end().what, outcome::expired_in_queue);
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, tells_of_short_calls_before_one_behind_them_waits_in_the_host) {
  fake_pool pool(world.env, log);
  world.settle();
  const boost::intrusive_ptr<counting_waiter> who(new counting_waiter);
  for (std::uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(pool.send({.value = i})->attach(who));
  const auto waits = pool.send({.what = script::kind::wait});
  while (waits->phase() == call_phase::queued) ASSERT_TRUE(world.step());
  EXPECT_EQ(who->told, 3);
  log.released = true;
  pool.at(0).wake();
  pool.close();
  world.settle();
}

// Whoever is told of a refusal lets time pass, so that a backoff is over while the rest is being refused.
TEST(mailbox, queues_nothing_again_while_it_refuses_all_because_the_last_cell_broke) {
  struct late final : waiter {
    explicit late(manual_world& in) : world(in) {}
    void on_done(call&) noexcept override { world.advance(1s); }
    void on_timer(timer&) noexcept override {}
    manual_world& world;
  };
  record log;
  log.builds_that_fail = 1;
  manual_world world;
  fake_pool pool(world.env, log, 1, {.depth = 2}, {.give_up_after = 1}, {.attempts = 2});
  const auto queued = pool.send({});
  const auto other = pool.send({});
  const auto first = pool.send({}, {.attempts = 2});
  const auto second = pool.send({}, {.attempts = 2});
  ASSERT_EQ(second->phase(), call_phase::backing_off);
  ASSERT_TRUE(first->attach(boost::intrusive_ptr<waiter>(new late(world))));
  world.settle();
  for (const auto& each : {queued, other, first, second}) {
    ASSERT_EQ(each->phase(), call_phase::done);
    EXPECT_EQ(each->end().code, errc::broken);
    EXPECT_EQ(each->end().code, effect::not_executed);
  }
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, refuses_at_once_when_it_is_full) {
  fake_pool pool(world.env, log, 1, {.depth = 2});
  pool.send({.value = 1});
  pool.send({.value = 2});
  const auto refused = pool.box().admit(pool.make({.value = 3}), start::post);
  ASSERT_TRUE(refused);
  EXPECT_EQ(*refused, errc::queue_full);
  EXPECT_EQ(*refused, effect::not_executed);
  world.settle();
  EXPECT_EQ(log.entered.size(), 2U) << "the refused call never reached the guest";
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, refuses_at_once_what_those_ahead_leave_no_time_and_nothing_once_they_are_gone) {
  fake_pool pool(world.env, log, 1);
  for (std::uint64_t i = 0; i < 15; ++i) pool.send({.slices = 100, .value = i});
  const auto ask = [&](duration time) {
    return pool.box().admit(pool.make({}, {.time_limit = time}), start::post);
  };
  EXPECT_FALSE(ask(1ms)) << "nothing is known yet";
  while (log.entered.size() < 10) {
    const std::size_t before = log.entered.size();
    while (log.entered.size() == before) ASSERT_TRUE(world.step());
    world.advance(10ms);
  }
  // Five of the first wait; nine were served in a hundred milliseconds, and the one that runs has its turn.
  // And an eighth more.
  const auto refused = ask(70ms);
  ASSERT_TRUE(refused);
  EXPECT_EQ(*refused, errc::deadline_too_close);
  EXPECT_EQ(*refused, effect::not_executed);
  EXPECT_EQ(
      refused->detail,
      "the queue is too slow for the deadline: 5 calls wait, which may take 74 ms, and it is 70 ms away");
  EXPECT_FALSE(ask(76ms));
  EXPECT_FALSE(pool.box().admit(pool.make({}), start::post)) << "one without a deadline has time";
  world.settle();
  EXPECT_FALSE(ask(1ns));
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, counts_no_time_in_which_nothing_waited_against_a_call_that_comes_back_to_the_queue) {
  fake_pool pool(world.env, log, 1, {}, {}, {.attempts = 2, .base = 1h, .max = 1h});
  pool.send({.what = script::kind::trap_until, .value = 2}, {.attempts = 2, .repeatable = true});
  for (int i = 0; i < 9; ++i) pool.send({});
  world.settle();
  world.advance(2h);  // it waits again, and no other cell takes it
  ASSERT_EQ(pool.box().depth(), 1U);
  EXPECT_FALSE(pool.box().admit(pool.make({}, {.time_limit = 1s}), start::post));
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, counts_only_the_cells_that_serve_against_a_deadline) {
  fake_pool pool(world.env, log, 4);
  ASSERT_TRUE(world.step());
  log.builds_hang = true;  // of the other three
  world.settle();
  for (std::uint64_t i = 0; i < 15; ++i) pool.send({.slices = 100, .value = i});
  while (log.entered.size() < 10) {
    const std::size_t before = log.entered.size();
    while (log.entered.size() == before) ASSERT_TRUE(world.step());
    world.advance(10ms);
  }
  // As if there were one cell: five calls wait, one runs, nine took a hundred milliseconds.
  EXPECT_FALSE(pool.box().admit(pool.make({}, {.time_limit = 80ms}), start::post));
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, refuses_for_its_deadline_rather_than_to_let_it_wait_outside_of_a_full_queue) {
  fake_pool pool(world.env, log, 1, {.depth = 15}, {}, {.attempts = 2});
  for (std::uint64_t i = 0; i < 15; ++i) pool.send({.slices = 100, .value = i});
  while (log.entered.size() < 10) {
    const std::size_t before = log.entered.size();
    while (log.entered.size() == before) ASSERT_TRUE(world.step());
    world.advance(10ms);
  }
  for (int i = 0; i < 10; ++i) pool.send({});
  ASSERT_EQ(pool.box().depth(), 15U);
  const auto refused = pool.box().admit(pool.make({}, {.time_limit = 50ms, .attempts = 2}), start::post);
  ASSERT_TRUE(refused);
  EXPECT_EQ(*refused, errc::deadline_too_close);
  EXPECT_EQ(pool.box().outside(), 0U);
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, takes_what_expired_for_no_sign_of_how_fast_the_queue_moves) {
  creeping clock;
  environment env{clock, world.env.run, world.env.deadlines, world.env.random, world.env.observe};
  fake_pool pool(env, log);
  world.settle();
  for (int i = 0; i < 20; ++i) pool.send({}, {.deadline = clock.at + 1s});
  pool.send({.what = script::kind::wait});
  pool.send({});
  clock.at += 2s;  // no timer fires: the cell finds them expired
  world.settle();
  ASSERT_EQ(pool.box().depth(), 1U);
  EXPECT_FALSE(pool.box().admit(pool.make({}, {.time_limit = 1ms}), start::post));
  log.released = true;
  pool.at(0).wake();
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, counts_the_bytes_that_wait) {
  fake_pool pool(world.env, log, 1, {.depth = 100, .bytes = 2 * one});
  pool.send({});
  EXPECT_EQ(pool.box().bytes(), one);
  pool.send({});
  EXPECT_EQ(*pool.box().admit(pool.make({}), start::post), errc::queue_full);
  world.settle();
  EXPECT_EQ(pool.box().bytes(), 0U);
  EXPECT_FALSE(pool.box().admit(pool.make({}), start::post)) << "room again";
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, refuses_a_call_that_alone_is_too_large) {
  fake_pool pool(world.env, log, 1, {.call_bytes = one - 1});
  const auto refused = pool.box().admit(pool.make({}), start::post);
  ASSERT_TRUE(refused);
  EXPECT_EQ(*refused, errc::limit);
  EXPECT_NE(refused->detail.find(std::to_string(one)), std::string::npos) << refused->detail;
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, gives_the_room_of_a_revoked_call_back) {
  fake_pool pool(world.env, log, 1, {.depth = 1});
  for (int i = 0; i < 100; ++i) {
    const auto asked = pool.send({});
    EXPECT_EQ(asked->revoke(), revoke_answer::revoked);
    EXPECT_EQ(asked->revoke(), revoke_answer::done);
    EXPECT_EQ(pool.box().depth(), 0U);
  }
  world.settle();
  EXPECT_TRUE(log.entered.empty());
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, counts_calls_that_name_their_instance_and_their_bytes) {
  fake_pool pool(world.env, log, 1, {.depth = 1});
  world.settle();
  const call_terms there{.only_in = home{0, 1}};
  pool.send({}, there);
  EXPECT_EQ(pool.box().bytes(), one);
  EXPECT_EQ(*pool.box().admit(pool.make({}, there), start::post), errc::queue_full);
  world.settle();
  EXPECT_EQ(pool.box().bytes(), 0U);
  EXPECT_FALSE(pool.box().admit(pool.make({}, there), start::post)) << "room again";
  pool.close();
  world.settle();
}

TEST_F(mailbox_test, takes_a_chore_past_its_bounds_and_gives_it_out_before_all_that_waits) {
  struct quiet : observer {
    void on_accepted(const call_id&) noexcept override { ++told; }
    void on_started(const call_id&, std::uint32_t, std::uint64_t) noexcept override { ++told; }
    void on_done(const call_id&, outcome) noexcept override { ++told; }
    int told = 0;
  } hears;
  manual_world heard(hears);
  fake_pool pool(heard.env, log, 2, {.depth = 1});
  heard.settle();
  for (const std::uint64_t value : {1U, 2U}) {
    pool.send({.what = script::kind::wait, .value = value});
    heard.settle();
  }
  pool.send({.value = 3});
  const home where{1, 1};
  const auto chore = [&](environment&) { return pool.make({.value = 4}, {.only_in = where, .chore = true}); };
  EXPECT_TRUE(pool.box().admit_chore(where, chore));
  EXPECT_EQ(pool.box().depth(), 1U);
  log.released = true;
  pool.at(1).wake();
  heard.settle();
  pool.at(0).wake();
  heard.settle();
  EXPECT_EQ(log.entered, (std::vector<std::uint64_t>{1, 2, 4, 3}));
  EXPECT_EQ(hears.told, 9) << "three calls, and a chore is none";
  pool.close();
  heard.settle();
}

TEST_F(mailbox_test, takes_no_chore_for_an_instance_that_is_gone_and_wakes_an_idle_one) {
  fake_pool pool(world.env, log, 1);
  world.settle();
  const auto chore = [&](environment&) {
    return pool.make({.value = 1}, {.only_in = home{}, .chore = true});
  };
  EXPECT_FALSE(pool.box().admit_chore({0, 2}, chore)) << "of another generation";
  EXPECT_FALSE(pool.box().admit_chore({1, 1}, chore)) << "of a cell that serves elsewhere";
  EXPECT_TRUE(pool.box().admit_chore(
      {0, 1}, [&](environment&) { return pool.make({.value = 5}, {.only_in = home{0, 1}, .chore = true}); }));
  world.settle();
  EXPECT_EQ(log.entered, std::vector<std::uint64_t>{5});
  pool.close();
  EXPECT_FALSE(pool.box().admit_chore({0, 1}, chore)) << "all of it ends";
  world.settle();
}

TEST_F(mailbox_test, keeps_a_call_that_somebody_wants_again_by_the_time_it_looks) {
  fake_pool pool(world.env, log);
  const auto asked = pool.send({.value = 1}, {.bound = true});
  const boost::intrusive_ptr<counting_waiter> came(new counting_waiter);
  asked->attach(came);
  EXPECT_FALSE(pool.box().remove_unwanted(*asked));
  world.settle();
  EXPECT_EQ(asked->end().what, outcome::completed);
  EXPECT_EQ(came->told, 1);
  pool.close();
  world.settle();
}

}  // namespace
}  // namespace holdfast::core
