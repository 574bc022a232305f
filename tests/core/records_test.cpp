// SPDX-License-Identifier: Apache-2.0
#include "core/records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/keys.hpp"
#include "core/waiters.hpp"

// What the journal is told of calls with keys, and what waits for it.
namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;
using testing::ElementsAre;
using testing::IsEmpty;

class records_test : public testing::Test {
 protected:
  void TearDown() override {
    pool.close();
    world.settle();
    written->kept(std::exchange(batch, {}));
    while (!written->idle()) written->kept(written->take(100, 1U << 20));
    known->close();
  }

  static key_print print(unsigned char of) { return {std::byte{of}}; }

  boost::intrusive_ptr<fake_call> make(unsigned char key, script what, call_terms terms = {}) {
    auto made = pool.make(what, terms);
    made->stand_for({.of = known, .print = print(key), .request = {}});
    return made;
  }
  boost::intrusive_ptr<fake_call> send(unsigned char key, script what, call_terms terms = {}) {
    auto made = make(key, what, terms);
    EXPECT_FALSE(pool.box().admit(made, start::post));
    world.settle();
    return made;
  }
  /// What the journal is to write next: each as `starts` or `ends` with its key's call.
  std::vector<std::string> take() {
    batch = written->take(100, 1U << 20);
    std::vector<std::string> all;
    for (const auto& each : batch.items)
      all.emplace_back(each.ended ? "ends" : each.withdrawn ? "erased" : "starts");
    for (std::size_t i = 0; i < batch.erasures.size(); ++i) all.emplace_back("erased");
    return all;
  }
  void keep() {
    written->kept(std::exchange(batch, {}));
    world.settle();
  }
  std::vector<std::string> take_and_keep() {
    auto all = take();
    keep();
    return all;
  }

  record log;
  manual_world world;
  fake_pool pool{world.env, log};
  int woken = 0;
  records::batch batch;
  const boost::intrusive_ptr<records> written{new records(4, 1U << 20, [this] { ++woken; })};
  const boost::intrusive_ptr<keys> known{
      new keys(world.env, {.count = 2, .bytes = 1U << 20, .time = 10s}, written)};
};

TEST_F(records_test, hold_a_call_that_may_not_run_twice_until_its_start_is_kept) {
  const auto asked = send(1, {});
  EXPECT_THAT(log.entered, IsEmpty());
  EXPECT_EQ(asked->phase(), call_phase::queued);
  EXPECT_EQ(pool.box().depth(), 1U) << "it is counted";
  EXPECT_THAT(take(), ElementsAre("starts"));
  world.settle();
  EXPECT_THAT(log.entered, IsEmpty()) << "it is being written";
  keep();
  EXPECT_EQ(log.entered.size(), 1U);
}

TEST_F(records_test, tell_nobody_of_an_end_before_it_is_kept) {
  const auto asked = make(1, {.value = 7}, {.repeatable = true});
  const auto who = wait_for(*asked);
  ASSERT_FALSE(pool.box().admit(asked, start::post));
  world.settle();
  EXPECT_EQ(log.entered.size(), 1U) << "it may run twice, so nothing holds it";
  EXPECT_EQ(asked->phase(), call_phase::running);
  EXPECT_THAT(take(), ElementsAre("ends")) << "its start is not worth a record any more";
  EXPECT_EQ(who->told, 0);
  keep();
  EXPECT_EQ(who->told, 1);
  EXPECT_EQ(asked->value(), 7U);
  EXPECT_EQ(known->look(print(1), {}, false).joins, asked);
}

class ordered_records_test : public records_test {
 protected:
  ordered_records_test() : ordered(world.env, log, 1, {.ordered = true}) {}
  ~ordered_records_test() override {
    ordered.close();
    world.settle();
  }
  boost::intrusive_ptr<fake_call> queue(unsigned char key, std::uint64_t value) {
    auto made = ordered.make({.value = value});
    if (key != 0) made->stand_for({.of = known, .print = print(key), .request = {}});
    EXPECT_FALSE(ordered.box().admit(made, start::post));
    world.settle();
    return made;
  }
  fake_pool ordered;
};

TEST_F(ordered_records_test, are_written_in_the_order_of_the_ends) {
  const auto first = ordered.make({.value = 1});
  first->stand_for({.of = known, .print = print(9), .nameless = true});
  const auto second = ordered.make({.value = 2}, {.repeatable = true});
  second->stand_for({.of = known, .print = print(2), .request = {}});
  for (const auto& each : {first, second}) ASSERT_FALSE(ordered.box().admit(each, start::post));
  world.settle();  // the start of the second was to be written before anything had ended
  EXPECT_THAT(take(), ElementsAre("ends", "ends"));
  EXPECT_EQ(batch.items[0].of, first);
  EXPECT_EQ(batch.items[1].of, second);
  EXPECT_EQ(written->taken_to(), written->last_place());
  keep();
}

TEST_F(ordered_records_test, keep_calls_behind_one_that_is_held) {
  queue(1, 1);
  queue(0, 2);
  queue(2, 3);
  queue(0, 4);
  EXPECT_THAT(log.entered, IsEmpty());
  EXPECT_EQ(ordered.box().depth(), 4U);
  take_and_keep();
  EXPECT_THAT(log.entered, ElementsAre(1, 2, 3, 4));
  take_and_keep();
}

TEST_F(ordered_records_test, keep_a_noted_call_behind_one_that_is_not) {
  queue(1, 1);
  auto first = written->take(1, 1U << 20);
  queue(2, 2);
  auto second = written->take(1, 1U << 20);
  written->kept(std::move(second));
  world.settle();
  EXPECT_THAT(log.entered, IsEmpty());
  written->kept(std::move(first));
  world.settle();
  EXPECT_THAT(log.entered, ElementsAre(1, 2));
  take_and_keep();
}

TEST_F(ordered_records_test, let_calls_go_on_when_the_one_that_held_them_up_is_taken_back) {
  const auto first = queue(1, 1);
  queue(0, 2);
  EXPECT_EQ(first->revoke(), revoke_answer::revoked);
  world.settle();
  EXPECT_THAT(log.entered, ElementsAre(2));
}

// Of calls that no caller named.
class nameless_records_test : public records_test {
 protected:
  struct stateful final : fake_call {
    using fake_call::fake_call;
    std::size_t state_bytes() const noexcept override { return 100; }
  };
  boost::intrusive_ptr<call> begin(script what) {
    boost::intrusive_ptr<call> made(new stateful(world.env, what, {}));
    made->stand_for({.of = known, .print = print(9), .nameless = true});
    EXPECT_FALSE(pool.box().admit(made, start::post));
    world.settle();
    return made;
  }
};

TEST_F(nameless_records_test, tell_nobody_before_what_they_leave_is_kept) {
  const auto asked = begin({.value = 7});
  EXPECT_EQ(log.entered.size(), 1U) << "their start is nobody's to know";
  EXPECT_EQ(asked->phase(), call_phase::running);
  EXPECT_EQ(known->find(asked->id()), asked) << "by its id it is found";
  EXPECT_THAT(take(), ElementsAre("ends"));
  keep();
  EXPECT_EQ(asked->phase(), call_phase::done);
  EXPECT_EQ(known->count(), 0U) << "nobody can ask for it again";
  EXPECT_EQ(known->find(asked->id()), nullptr);
  EXPECT_EQ(written->count(), 0U);
}

TEST_F(nameless_records_test, tell_at_once_of_one_that_left_nothing) {
  const auto asked = begin({.what = kind::trap});
  EXPECT_EQ(asked->phase(), call_phase::done);
  EXPECT_TRUE(written->idle());
  EXPECT_EQ(written->count(), 0U);
}

TEST_F(nameless_records_test, count_what_waits_to_be_kept) {
  const boost::intrusive_ptr<records> narrow(new records(100, 150, nullptr));
  const boost::intrusive_ptr<keys> those(new keys(world.env, {}, narrow));
  for (unsigned char i = 0; i < 3; ++i) {
    boost::intrusive_ptr<call> made(new stateful(world.env, {}, {}));
    made->stand_for({.of = those, .print = print(i), .nameless = true});
    const auto refused = pool.box().admit(made, start::post);
    world.settle();
    EXPECT_EQ(refused.has_value(), i == 2) << "two states and results are over the bound";
  }
  while (!narrow->idle()) narrow->kept(narrow->take(100, 1U << 20));
  those->close();
}

TEST_F(records_test, free_the_instance_while_an_end_waits_to_be_kept) {
  send(1, {}, {.repeatable = true});
  const auto plain = pool.send({});
  world.settle();
  EXPECT_EQ(plain->phase(), call_phase::done);
}

TEST_F(records_test, have_nothing_of_a_call_that_was_taken_back_before_it_was_written) {
  const auto asked = send(1, {});
  EXPECT_EQ(asked->revoke(), revoke_answer::revoked);
  EXPECT_TRUE(written->idle());
  EXPECT_EQ(written->count(), 0U);
  EXPECT_EQ(asked->phase(), call_phase::done);
}

TEST_F(records_test, erase_what_was_written_of_a_call_that_was_taken_back) {
  const auto asked = send(1, {});
  const auto who = wait_for(*asked);
  EXPECT_THAT(take(), ElementsAre("starts"));
  EXPECT_EQ(asked->revoke(), revoke_answer::revoked);
  EXPECT_EQ(asked->revoke(), revoke_answer::done);
  EXPECT_EQ(asked->kill(), kill_answer::done);
  EXPECT_TRUE(asked->never_was()) << "its key is new at once";
  keep();
  EXPECT_THAT(log.entered, IsEmpty()) << "that its start is kept does not bring it back";
  EXPECT_EQ(who->told, 0) << "after a crash it might run";
  EXPECT_THAT(take(), ElementsAre("erased"));
  EXPECT_EQ(batch.items.front().of, asked);
  keep();
  EXPECT_EQ(who->told, 1);
  EXPECT_EQ(asked->end().what, outcome::revoked);
  EXPECT_EQ(written->count(), 0U);
}

TEST_F(records_test, give_the_key_of_a_call_that_was_taken_back_to_the_next_before_it_is_erased) {
  const auto asked = send(1, {});
  take();
  asked->revoke();
  const auto next = send(1, {.value = 4});
  keep();
  EXPECT_THAT(take(), ElementsAre("erased", "starts")) << "the erasure names its call";
  keep();
  take_and_keep();
  EXPECT_EQ(next->value(), 4U);
  EXPECT_EQ(asked->end().what, outcome::revoked);
  EXPECT_EQ(known->look(print(1), {}, false).joins, next);
}

TEST_F(records_test, end_as_the_last_attempt_under_their_key_whatever_comes_between) {
  const auto first = send(1, {.what = kind::trap}, {.repeatable = true});
  take_and_keep();
  pool.send({.slices = 100});  // keeps the cell
  world.settle(3);
  auto next = pool.make({}, {.bound = true, .repeatable = true});
  next->stand_for({.of = known, .print = print(1), .request = {}, .after = first});
  const auto who = wait_for(*next);
  ASSERT_FALSE(pool.box().admit(next, start::post));
  EXPECT_TRUE(next->leave(*who));
  EXPECT_FALSE(next->never_was()) << "it ends as the attempt before, and nobody may have the key meanwhile";
  take_and_keep();
  EXPECT_EQ(next->end().what, outcome::trapped);
}

TEST_F(records_test, tell_ends_that_come_when_nobody_writes_any_more_as_lost) {
  const auto asked = send(1, {}, {.repeatable = true});
  const auto other = make(2, {.slices = 1}, {.repeatable = true});
  ASSERT_FALSE(pool.box().admit(other, start::post));
  written->close({});
  EXPECT_EQ(asked->end().what, outcome::lost_in_crash) << "it waited for its record";
  world.settle();
  EXPECT_EQ(other->end().what, outcome::lost_in_crash) << "it has ended since";
  EXPECT_TRUE(written->idle());
}

TEST_F(records_test, refuse_calls_while_results_of_too_many_bytes_wait) {
  const boost::intrusive_ptr<records> narrow{new records(100, 10, {})};
  const boost::intrusive_ptr<keys> few{new keys(world.env, {}, narrow)};
  const auto ask = [&](unsigned char key) {
    const auto made = pool.make({}, {.repeatable = true});
    made->stand_for({.of = few, .print = print(key), .request = {}});
    const auto refused = pool.box().admit(made, start::post);
    world.settle();
    return refused;
  };
  EXPECT_FALSE(ask(1));
  EXPECT_FALSE(ask(2));
  EXPECT_EQ(ask(3), errc::queue_full) << "sixteen bytes wait";
  narrow->kept(narrow->take(100, 1U << 20));
  EXPECT_FALSE(ask(3));
  narrow->kept(narrow->take(100, 1U << 20));
  few->close();
}

TEST_F(records_test, do_not_keep_a_held_call_past_its_deadline) {
  const auto asked = send(1, {}, {.time_limit = 5s});
  world.advance(6s);
  EXPECT_EQ(asked->end().what, outcome::expired_in_queue);
  EXPECT_TRUE(written->idle());
}

TEST_F(records_test, let_a_pool_that_drains_serve_what_it_holds) {
  const auto asked = send(1, {.value = 3});
  pool.box().close();
  pool.at(0).drain();
  world.settle();
  EXPECT_FALSE(pool.box().deserted()) << "a cell stays for it";
  take_and_keep();
  take_and_keep();
  EXPECT_EQ(asked->end().what, outcome::completed);
  EXPECT_TRUE(pool.box().deserted());
}

/// Does something when a call has its end.
struct at_an_end final : observer {
  void on_done(const call_id& call, outcome /*what*/) noexcept override {
    if (call == of) then();
  }
  call_id of;
  std::function<void()> then;
};

TEST(records_and_a_pool_that_ends, leave_no_call_in_it_whose_start_is_kept_just_then) {
  at_an_end told;
  manual_world world(told);
  record log;
  fake_pool pool(world.env, log, 1, {.depth = 2}, {}, {.attempts = 3, .budget = 1});
  const boost::intrusive_ptr<records> written{new records(10, 1U << 20, {})};
  const boost::intrusive_ptr<keys> known{new keys(world.env, {}, written)};
  const auto held = pool.make({});
  held->stand_for({.of = known, .print = {}, .request = {}});
  ASSERT_FALSE(pool.box().admit(held, start::post));
  auto batch = written->take(10, 1U << 20);
  pool.send({});
  const auto outside = pool.send({}, {.attempts = 3});
  ASSERT_EQ(outside->phase(), call_phase::backing_off);
  told.of = outside->id();
  told.then = [&] { written->kept(std::exchange(batch, {})); };
  pool.box().refuse_queued(errc::broken, "as the test has it");
  EXPECT_TRUE(held->never_was());
  pool.close();
  world.settle();
  while (!written->idle()) written->kept(written->take(10, 1U << 20));
  EXPECT_EQ(held->end().what, outcome::refused);
  known->close();
}

TEST_F(records_test, let_a_pool_that_drains_end_when_what_it_holds_is_taken_back) {
  const auto asked = send(1, {});
  pool.box().close();
  pool.at(0).drain();
  world.settle();
  asked->revoke();
  world.settle();
  EXPECT_TRUE(pool.box().deserted());
}

TEST_F(records_test, refuse_calls_with_keys_past_their_bound) {
  for (unsigned char key = 1; key <= 4; ++key) send(key, {});
  const auto over = make(5, {});
  EXPECT_EQ(pool.box().admit(over, start::post), errc::queue_full);
  EXPECT_FALSE(over->is_second());
  EXPECT_EQ(known->look(print(5), {}, false).joins, nullptr);
  EXPECT_EQ(pool.send({})->phase(), call_phase::queued) << "others go on";
  take_and_keep();
  take_and_keep();
  EXPECT_EQ(written->count(), 0U);
  send(5, {});
}

TEST_F(records_test, have_room_for_a_call_once_however_many_ask_for_its_key) {
  send(1, {});
  EXPECT_TRUE(pool.box().admit(make(1, {}), start::post));
  EXPECT_EQ(written->count(), 1U);
}

TEST_F(records_test, refuse_calls_with_keys_while_the_disk_is_full) {
  const auto runs = send(1, {}, {.repeatable = true});
  take();
  written->stuck();
  EXPECT_EQ(pool.box().admit(make(2, {}), start::post), errc::journal_full);
  EXPECT_EQ(runs->phase(), call_phase::running) << "what has run waits for room";
  keep();
  EXPECT_EQ(runs->phase(), call_phase::done);
  send(2, {});
}

TEST_F(records_test, erase_the_outcomes_that_are_forgotten) {
  for (unsigned char key = 1; key <= 3; ++key) {
    send(key, {}, {.repeatable = true});
    take_and_keep();
  }
  EXPECT_THAT(take_and_keep(), ElementsAre("erased")) << "two are remembered";
  world.advance(11s);
  EXPECT_THAT(take_and_keep(), ElementsAre("erased", "erased"));
}

TEST_F(records_test, wake_their_writer_when_there_is_something_to_write) {
  send(1, {});
  EXPECT_EQ(woken, 1);
  send(2, {});
  EXPECT_EQ(woken, 1) << "it was told";
  take_and_keep();
  EXPECT_EQ(woken, 2) << "of the first end";
}

TEST_F(records_test, take_as_many_as_they_are_asked_for_in_order) {
  const auto first = send(1, {});
  send(2, {});
  auto one = written->take(1, 1U << 20);
  ASSERT_EQ(one.items.size(), 1U);
  EXPECT_EQ(one.items.front().of, first);
  auto two = written->take(100, 1);
  EXPECT_EQ(two.items.size(), 1U) << "one is taken, however large";
  written->kept(std::move(one));
  written->kept(std::move(two));
}

TEST_F(records_test, are_of_a_call_that_a_process_before_this_one_left) {
  const auto again = make(1, {.value = 9}, {.repeatable = true});
  again->go_on_from({.what = outcome::lost_in_crash, .code = errc::lost_in_crash, .attempts = 1});
  ASSERT_TRUE(pool.box().admit_recalled(again));
  EXPECT_EQ(known->look(print(1), {}, true).joins, again) << "whoever asks meanwhile joins it";
  world.advance(1ms);
  world.settle();
  take_and_keep();
  EXPECT_EQ(again->value(), 9U);
  EXPECT_EQ(again->end().attempts, 2U);
}

TEST_F(records_test, stay_as_they_are_of_a_recalled_call_that_a_drain_ends_before_it_began) {
  const auto again = make(1, {}, {.repeatable = true});
  again->go_on_from({.what = outcome::lost_in_crash, .code = errc::lost_in_crash, .attempts = 1});
  ASSERT_TRUE(pool.box().admit_recalled(again));
  pool.box().refuse_queued(errc::draining, {});
  EXPECT_EQ(again->end().what, outcome::lost_in_crash);
  EXPECT_TRUE(written->idle()) << "the next process takes it up";
  EXPECT_EQ(written->count(), 0U);
}

TEST_F(records_test, let_a_recalled_call_be_served_by_a_pool_that_drains) {
  const auto again = make(1, {.value = 9}, {.repeatable = true});
  again->go_on_from({.what = outcome::lost_in_crash, .code = errc::lost_in_crash, .attempts = 1});
  ASSERT_TRUE(pool.box().admit_recalled(again));
  pool.box().close();
  pool.at(0).drain();
  world.settle();
  take_and_keep();
  EXPECT_EQ(again->value(), 9U);
}

TEST_F(records_test, take_a_recalled_call_however_full_they_are) {
  for (unsigned char key = 1; key <= 4; ++key) send(key, {});
  take();
  written->stuck();
  const auto again = make(9, {}, {.repeatable = true});
  again->go_on_from({.what = outcome::lost_in_crash, .code = errc::lost_in_crash, .attempts = 1});
  EXPECT_TRUE(pool.box().admit_recalled(again));
  keep();
}

TEST_F(records_test, of_a_recalled_call_that_is_revoked_say_so) {
  const auto again = make(1, {}, {.repeatable = true});
  again->go_on_from({.what = outcome::lost_in_crash, .code = errc::lost_in_crash, .attempts = 1});
  ASSERT_TRUE(pool.box().admit_recalled(again));
  again->revoke();
  EXPECT_THAT(take_and_keep(), ElementsAre("ends"));
  EXPECT_EQ(again->end().what, outcome::lost_in_crash);
}

TEST_F(records_test, let_more_be_recalled_than_the_queue_has_room_for) {
  fake_pool narrow{world.env, log, 1, {.depth = 1}};
  std::vector<boost::intrusive_ptr<fake_call>> all;
  for (unsigned char key = 1; key <= 4; ++key) {
    all.push_back(narrow.make({}, {.repeatable = true}));
    all.back()->stand_for({.of = known, .print = print(key), .request = {}});
    all.back()->go_on_from({.what = outcome::lost_in_crash, .code = errc::lost_in_crash, .attempts = 1});
    ASSERT_TRUE(narrow.box().admit_recalled(all.back()));
  }
  for (int i = 0; i < 10; ++i) {
    world.advance(20ms);
    world.settle();
    take_and_keep();
  }
  for (const auto& each : all) EXPECT_EQ(each->end().what, outcome::completed);
  narrow.close();
  world.settle();
}

TEST_F(records_test, bring_back_what_was_done_before) {
  const auto done = make(1, {});
  done->was_done({.what = outcome::trapped, .code = errc::trapped, .attempts = 1});
  EXPECT_TRUE(known->recall(*done, 4s));
  EXPECT_EQ(known->look(print(1), {}, false).joins, done);
  EXPECT_EQ(known->find(done->id()), done);
  world.advance(5s);
  EXPECT_EQ(known->count(), 1U);
  world.advance(2s);
  EXPECT_EQ(known->count(), 0U) << "it ended four seconds before it came back";
  EXPECT_EQ(known->find(done->id()), nullptr);
  const auto old = make(2, {});
  old->was_done({.what = outcome::trapped, .code = errc::trapped, .attempts = 1});
  EXPECT_FALSE(known->recall(*old, 10s));
}

}  // namespace
}  // namespace holdfast::core
