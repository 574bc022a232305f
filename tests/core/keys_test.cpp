// SPDX-License-Identifier: Apache-2.0
#include "core/keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "core/fakes.hpp"
#include "core/waiters.hpp"

// What stands under a key, whatever falls between the look and the acceptance.
namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;

request_hash request(unsigned char of) {
  request_hash made{};
  made[0] = std::byte{of};
  return made;
}

/// One that keeps the caller's name for the request.
class named_call final : public fake_call {
 public:
  named_call(environment& world, std::string key) : fake_call(world, {}, {}), key_(std::move(key)) {}
  std::string_view key() const noexcept override { return key_; }

 private:
  const std::string key_;
};

class keys_test : public testing::Test {
 protected:
  void TearDown() override {
    pool.close();
    world.settle();
    known->close();
  }
  static key_print name(const std::string& key) {
    key_print made{};
    std::memcpy(made.data(), key.data(), std::min(key.size(), made.size()));
    return made;
  }
  boost::intrusive_ptr<fake_call> make(const std::string& key, script what, call_terms terms = {},
                                       boost::intrusive_ptr<call> after = {}) {
    const auto made = pool.make(what, terms);
    made->stand_for({.of = known, .print = name(key), .request = request(1), .after = std::move(after)});
    return made;
  }
  boost::intrusive_ptr<fake_call> run(const std::string& key, script what) {
    const auto made = make(key, what);
    EXPECT_FALSE(pool.box().admit(made, start::post));
    world.settle();
    return made;
  }
  /// One that waits behind another in the only cell.
  boost::intrusive_ptr<fake_call> queued(const std::string& key, call_terms terms = {}) {
    pool.send({.slices = 100});
    world.settle(3);
    const auto made = make(key, {}, terms);
    EXPECT_FALSE(pool.box().admit(made, start::post));
    return made;
  }
  keys::answer look(const std::string& key, bool repeatable = false, unsigned char of = 1) const {
    return known->look(name(key), request(of), repeatable);
  }
  bool is_new(const std::string& key) const {
    const auto seen = look(key);
    return seen.joins == nullptr && seen.after == nullptr && !seen.refused;
  }

  record log;
  manual_world world;
  fake_pool pool{world.env, log};
  const boost::intrusive_ptr<core::keys> known{
      new keys(world.env, {.count = 3, .bytes = 1U << 20, .time = 10s})};
};

TEST_F(keys_test, are_of_the_one_that_is_accepted_first) {
  const auto first = make("a", {.slices = 2});
  const auto second = make("a", {.slices = 2});
  EXPECT_TRUE(is_new("a")) << "both may find it so";
  ASSERT_FALSE(pool.box().admit(first, start::post));
  const auto refused = pool.box().admit(second, start::post);
  ASSERT_TRUE(refused);
  EXPECT_TRUE(second->is_second());
  EXPECT_FALSE(first->is_second());
  EXPECT_EQ(look("a").joins, first);
  world.settle();
  EXPECT_EQ(look("a").joins, first) << "for its outcome";
  EXPECT_EQ(look("a", false, 2).refused, errc::key_conflict);
  EXPECT_EQ(log.entered.size(), 1U);
}

TEST_F(keys_test, are_not_held_by_a_call_that_was_refused) {
  pool.box().close();
  const auto late = make("a", {});
  EXPECT_TRUE(pool.box().admit(late, start::post));
  EXPECT_FALSE(late->is_second());
  EXPECT_TRUE(is_new("a"));
}

TEST_F(keys_test, keep_nothing_of_a_call_that_never_ran) {
  const auto asked = queued("a");
  EXPECT_EQ(asked->revoke(), revoke_answer::revoked);
  EXPECT_EQ(known->count(), 0U);
  EXPECT_EQ(asked->use_count(), 1U) << "nobody but this test has it";
}

TEST_F(keys_test, are_new_while_a_call_that_was_taken_back_comes_to_its_end) {
  const auto asked = queued("a", {.bound = true});
  const auto who = wait_for(*asked);
  EXPECT_TRUE(asked->leave(*who));
  EXPECT_TRUE(asked->never_was());
  EXPECT_FALSE(asked->join(false));
  EXPECT_TRUE(is_new("a"));
}

TEST_F(keys_test, hold_a_bound_call_for_whoever_joins_until_it_waits_itself) {
  const auto asked = queued("a", {.bound = true});
  const auto first = wait_for(*asked);
  ASSERT_TRUE(asked->join(false));
  EXPECT_TRUE(asked->leave(*first));
  EXPECT_EQ(asked->phase(), call_phase::queued) << "somebody has joined, and does not wait yet";
  const auto second = wait_for(*asked);
  asked->unjoin();
  EXPECT_EQ(asked->phase(), call_phase::queued);
  EXPECT_TRUE(asked->withdraw(*second));
  EXPECT_EQ(asked->end().what, outcome::revoked);
  EXPECT_TRUE(is_new("a"));
}

TEST_F(keys_test, let_go_of_a_bound_call_whose_last_joiner_never_waited) {
  const auto asked = queued("a", {.bound = true});
  const auto first = wait_for(*asked);
  ASSERT_TRUE(asked->join(false));
  EXPECT_TRUE(asked->leave(*first));
  asked->unjoin();
  EXPECT_EQ(asked->end().what, outcome::revoked);
}

TEST_F(keys_test, go_to_the_next_attempt_once) {
  const auto first = run("a", {.what = kind::trap});
  EXPECT_EQ(look("a").joins, first);
  const auto after = look("a", true).after;
  EXPECT_EQ(after, first);
  const auto next = make("a", {.value = 2}, {}, after);
  const auto rival = make("a", {.value = 3}, {}, after);
  ASSERT_FALSE(pool.box().admit(next, start::post));
  EXPECT_TRUE(pool.box().admit(rival, start::post));
  EXPECT_TRUE(rival->is_second());
  world.settle();
  EXPECT_EQ(look("a", true).joins, next);
  EXPECT_EQ(next->end().attempts, 2U);
  EXPECT_EQ(known->count(), 1U);
}

TEST_F(keys_test, forget_the_oldest_outcome_over_a_bound) {
  for (const char* each : {"a", "b", "c", "d"}) run(each, {});
  EXPECT_EQ(known->count(), 3U);
  EXPECT_TRUE(is_new("a"));
  EXPECT_FALSE(is_new("b"));
  EXPECT_LE(known->bytes(), 1U << 20);
}

TEST_F(keys_test, do_not_remember_what_is_larger_than_all_may_be_nor_forget_others_for_it) {
  const boost::intrusive_ptr<keys> small{new keys(world.env, {.count = 10, .bytes = 8'000, .time = 10s})};
  const auto ask = [&](const std::string& key, std::size_t bytes) {
    const boost::intrusive_ptr<call> made(new named_call(world.env, std::string(bytes, 'n')));
    made->stand_for({.of = small, .print = name(key), .request = request(1)});
    EXPECT_FALSE(pool.box().admit(made, start::post));
    world.settle();
  };
  ask("a", 0);
  ask("b", 10'000);
  EXPECT_EQ(small->count(), 1U);
  EXPECT_EQ(small->look(name("a"), request(1), false).refused, std::nullopt);
  EXPECT_NE(small->look(name("a"), request(1), false).joins, nullptr);
  small->close();
}

TEST_F(keys_test, forget_outcomes_after_a_time) {
  run("a", {});
  world.advance(6s);
  run("b", {});
  world.advance(5s);
  EXPECT_TRUE(is_new("a"));
  EXPECT_FALSE(is_new("b"));
  world.advance(5s);
  EXPECT_EQ(known->count(), 0U);
  EXPECT_EQ(known->bytes(), 0U);
}

TEST_F(keys_test, are_remembered_by_outcomes_and_not_by_calls_that_run) {
  const auto runs = make("a", {.slices = 50});
  ASSERT_FALSE(pool.box().admit(runs, start::post));
  world.settle(3);
  EXPECT_EQ(known->count(), 0U);
  world.advance(9s);
  EXPECT_EQ(look("a").joins, runs);
}

}  // namespace
}  // namespace holdfast::core
