// SPDX-License-Identifier: Apache-2.0
#include "core/lineage.hpp"

#include <gtest/gtest.h>

#include "core/fakes.hpp"

// Host functions that call guests: what would wait for itself is refused, what would not is run. The guests
// here are parked in a host function, and the test is that function.
namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;

class lineage_test : public testing::Test {
 protected:
  ~lineage_test() override {
    log.released = true;
    for (fake_pool* each : {&one, &other}) each->close();
    world.settle();
  }
  boost::intrusive_ptr<fake_call> parked(fake_pool& in) {
    auto asked = in.send({.what = kind::wait});
    world.settle();
    return asked;
  }
  // What the host function of `parent` gets when it calls `to`, and waits.
  std::optional<error> call_from(call& parent, fake_pool& to,
                                 boost::intrusive_ptr<fake_call>* child = nullptr) {
    const on_behalf here(&parent);
    auto made = to.make({.value = 9}, {.bound = true});
    made->attach(boost::intrusive_ptr<waiter>(new counting_waiter));
    if (child != nullptr) *child = made;
    return to.box().admit(made, start::post);
  }
  record log;
  manual_world world;
  fake_pool one{world.env, log};
  fake_pool other{world.env, log};
};

TEST_F(lineage_test, refuses_a_call_onto_the_only_cell_which_waits_for_it) {
  const auto parent = parked(one);
  const auto refused = call_from(*parent, one);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, make_error_code(errc::cycle));
  EXPECT_EQ(refused->code, effect::not_executed);
}

TEST_F(lineage_test, runs_a_call_onto_another_pool) {
  const auto parent = parked(one);
  boost::intrusive_ptr<fake_call> child;
  EXPECT_FALSE(call_from(*parent, other, &child));
  world.settle();
  EXPECT_EQ(child->end().what, outcome::completed);
}

TEST_F(lineage_test, runs_a_call_onto_its_own_pool_while_another_cell_is_free) {
  fake_pool wide(world.env, log, 2);
  const auto parent = parked(wide);
  EXPECT_FALSE(call_from(*parent, wide));
  world.settle();
  // Both cells are in the chain now.
  const auto second = parked(wide);
  const auto refused = call_from(*parent, wide);
  EXPECT_FALSE(refused) << "the other cell runs a call that waits for nobody here";
  wide.close();
}

TEST_F(lineage_test, refuses_a_cycle_by_way_of_another_pool) {
  const auto parent = parked(one);
  boost::intrusive_ptr<fake_call> middle;
  {
    const on_behalf here(parent);
    middle = other.make({.what = kind::wait}, {.bound = true});
    middle->attach(boost::intrusive_ptr<waiter>(new counting_waiter));
    ASSERT_FALSE(other.box().admit(middle, start::post));
  }
  world.settle();
  ASSERT_EQ(middle->phase(), call_phase::running);
  const auto refused = call_from(*middle, one);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, make_error_code(errc::cycle));
}

TEST_F(lineage_test, refuses_the_call_that_closes_a_knot_of_two_chains) {
  const auto left = parked(one);
  const auto right = parked(other);
  EXPECT_FALSE(call_from(*left, other)) << "it waits for the right one, which waits for nobody yet";
  const auto refused = call_from(*right, one);
  ASSERT_TRUE(refused) << "each would wait for the other";
  EXPECT_EQ(refused->code, make_error_code(errc::cycle));
}

TEST_F(lineage_test, does_not_count_a_child_whose_caller_left_it) {
  const auto left = parked(one);
  const auto right = parked(other);
  {
    const on_behalf here(left);
    const auto child = other.make({}, {.bound = false});
    boost::intrusive_ptr<counting_waiter> who(new counting_waiter);
    child->attach(who);
    ASSERT_FALSE(other.box().admit(child, start::post));
    child->leave(*who);
  }
  EXPECT_FALSE(call_from(*right, one));
}

TEST_F(lineage_test, does_not_wait_for_a_child_that_runs_on_without_its_caller) {
  fake_pool third(world.env, log);
  const auto left = parked(one);
  const auto right = parked(other);
  const boost::intrusive_ptr<counting_waiter> who(new counting_waiter);
  const auto child = third.make({.what = kind::wait}, {.bound = true});
  {
    const on_behalf here(left);
    child->attach(who);
    ASSERT_FALSE(third.box().admit(child, start::post));
  }
  world.settle();
  ASSERT_FALSE(call_from(*child, other)) << "it waits for the right one";
  EXPECT_TRUE(call_from(*right, one)) << "the left one waits for the child, and so for the right one";
  EXPECT_TRUE(child->leave(*who));
  EXPECT_FALSE(call_from(*right, one)) << "the left one waits for nobody now";
  third.close();
  world.settle();
}

TEST_F(lineage_test, does_not_wait_for_a_child_that_was_refused) {
  fake_pool narrow(world.env, log, 1, {.depth = 1});
  const auto left = parked(one);
  const auto right = parked(narrow);
  const auto fills = narrow.send({});
  boost::intrusive_ptr<fake_call> child;
  const auto refused = call_from(*left, narrow, &child);
  ASSERT_TRUE(refused);
  EXPECT_EQ(*refused, errc::queue_full);
  // The same request, sent again by somebody who works for nobody.
  EXPECT_EQ(fills->revoke(), revoke_answer::revoked);
  EXPECT_FALSE(narrow.box().admit(child, start::post));
  EXPECT_FALSE(call_from(*right, one)) << "the left one waits for nobody";
  narrow.close();
  world.settle();
}

TEST_F(lineage_test, forgets_the_calls_that_are_done) {
  const auto parent = parked(one);
  boost::intrusive_ptr<fake_call> child;
  ASSERT_FALSE(call_from(*parent, other, &child));
  world.settle();
  ASSERT_EQ(child->phase(), call_phase::done);
  const auto right = parked(other);
  EXPECT_FALSE(call_from(*right, one)) << "the left one waits for nothing any more";
}

TEST_F(lineage_test, refuses_a_child_that_can_only_wait_for_itself_since_a_cell_broke) {
  fake_pool wide(world.env, log, 2, {}, {.give_up_after = 1});
  const auto parent = parked(wide);
  log.builds_that_fail = 1;
  const auto spoils = wide.send({.what = kind::loop});
  world.settle(3);
  boost::intrusive_ptr<fake_call> child;
  EXPECT_FALSE(call_from(*parent, wide, &child)) << "the other cell will be free";
  EXPECT_EQ(spoils->kill(), kill_answer::stopping);
  world.settle();
  EXPECT_EQ(child->end().code, make_error_code(errc::cycle));
  EXPECT_EQ(parent->phase(), call_phase::running) << "its guest goes on";
  log.released = true;
  wide.close();
  world.settle();
}

TEST_F(lineage_test, sees_a_wait_for_a_call_that_was_submitted_onto_the_only_cell) {
  const auto parent = parked(one);
  const auto sent = one.send({.value = 4});
  {
    const on_behalf here(parent);
    EXPECT_TRUE(waiting_for(*sent).itself());
  }
  EXPECT_FALSE(waiting_for(*sent).itself()) << "anybody else may wait";
  log.released = true;
  one.at(0).wake();
  world.settle();
  EXPECT_EQ(sent->end().what, outcome::completed) << "it was not ended by being waited for";
  const on_behalf here(parent);
  EXPECT_FALSE(waiting_for(*sent).itself()) << "it is done";
}

TEST_F(lineage_test, counts_a_wait_for_a_submitted_call_until_the_wait_is_over) {
  const auto left = parked(one);
  const auto right = parked(other);
  const auto sent = other.send({.value = 4});
  const boost::intrusive_ptr<counting_waiter> who(new counting_waiter);
  ASSERT_TRUE(sent->attach(who));
  {
    const on_behalf here(left);
    const waiting_for mark(*sent);
    ASSERT_FALSE(mark.itself());
    EXPECT_TRUE(call_from(*right, one))
        << "the left one waits for a call that waits for the right one's cell";
  }
  EXPECT_FALSE(call_from(*right, one)) << "the left one waits for nobody now";
  sent->leave(*who);
}

TEST_F(lineage_test, sees_a_wait_of_a_child_for_its_own_parent_and_closes_no_ring) {
  const auto parent = parked(one);
  boost::intrusive_ptr<fake_call> child;
  {
    const on_behalf here(parent);
    child = other.make({.what = kind::wait}, {.bound = true});
    ASSERT_TRUE(child->attach(boost::intrusive_ptr<waiter>(new counting_waiter)));
    ASSERT_FALSE(other.box().admit(child, start::post));
  }
  world.settle();
  {
    const on_behalf here(child);
    EXPECT_TRUE(waiting_for(*parent).itself());
  }
  EXPECT_TRUE(call_from(*child, one)) << "and whoever asks next finds an end";
}

TEST_F(lineage_test, does_not_take_a_caller_who_left_for_one_who_waits) {
  const auto parent = parked(one);
  const boost::intrusive_ptr<counting_waiter> who(new counting_waiter);
  boost::intrusive_ptr<fake_call> child;
  {
    const on_behalf here(parent);
    child = other.make({.what = kind::wait}, {.bound = true});
    ASSERT_TRUE(child->attach(who));
    ASSERT_FALSE(other.box().admit(child, start::post));
  }
  world.settle();
  ASSERT_EQ(child->phase(), call_phase::running);
  EXPECT_TRUE(call_from(*child, one)) << "the parent waits for its child";
  EXPECT_TRUE(child->leave(*who));
  EXPECT_FALSE(call_from(*child, one)) << "the parent goes on, and its cell will be free";
}

TEST_F(lineage_test, does_not_count_what_a_stranger_does_who_is_told_on_a_thread_that_works_for_a_call) {
  struct looking final : waiter {
    void on_done(call&) noexcept override { spoke_for = on_behalf::current(); }
    void on_timer(timer&) noexcept override {}
    call* spoke_for = reinterpret_cast<call*>(1);
  };
  const auto parent = parked(one);
  const auto queued = one.send({.value = 4});
  const boost::intrusive_ptr<looking> who(new looking);
  ASSERT_TRUE(queued->attach(who));
  const on_behalf here(parent);
  EXPECT_EQ(queued->revoke(), revoke_answer::revoked);
  EXPECT_EQ(who->spoke_for, nullptr);
}

TEST_F(lineage_test, knows_no_parent_outside_of_a_host_function) {
  const auto parent = parked(one);
  {
    const on_behalf here(parent);
    EXPECT_EQ(on_behalf::current(), parent.get());
    const on_behalf nobody(nullptr);
    EXPECT_EQ(on_behalf::current(), nullptr);
  }
  EXPECT_EQ(on_behalf::current(), nullptr);
  const auto asked = one.make({}, {.bound = true});
  EXPECT_FALSE(one.box().admit(asked, start::post)) << "an ordinary caller may wait";
}

/// Calls a pool when what it waits for is done, as a callback may.
class calling_waiter final : public waiter {
 public:
  calling_waiter(fake_pool& whom, boost::intrusive_ptr<fake_call> asked)
      : whom_(whom), asked_(std::move(asked)) {}
  void on_done(call&) noexcept override {
    worked_for = on_behalf::current();
    asked_->attach(boost::intrusive_ptr<waiter>(new counting_waiter));
    refused = whom_.box().admit(asked_, start::post);
  }
  void on_timer(timer&) noexcept override { worked_for = on_behalf::current(); }

  timer at{*this};
  const call* worked_for = nullptr;
  std::optional<error> refused;

 private:
  fake_pool& whom_;
  boost::intrusive_ptr<fake_call> asked_;
};

TEST_F(lineage_test, does_not_count_what_a_callback_submits_in_a_slice_that_a_host_function_drives) {
  const auto parent = parked(one);
  const auto strangers = other.make({});
  const boost::intrusive_ptr<calling_waiter> who(new calling_waiter(one, one.make({}, {.bound = true})));
  strangers->attach(who);
  {
    const on_behalf here(parent);
    ASSERT_FALSE(other.box().admit(strangers, start::dispatch));
    EXPECT_EQ(on_behalf::current(), parent.get()) << "the host function goes on as before";
  }
  ASSERT_EQ(strangers->phase(), call_phase::done) << "its slice was driven in there";
  EXPECT_EQ(who->worked_for, nullptr);
  EXPECT_FALSE(who->refused) << "it waits for the parent like anybody, and is no child of it";
}

TEST_F(lineage_test, does_not_count_what_a_deadline_sets_off_on_a_thread_that_works_for_a_call) {
  const auto parent = parked(one);
  const boost::intrusive_ptr<calling_waiter> who(new calling_waiter(one, nullptr));
  who->worked_for = parent.get();
  world.deadlines.arm(who->at, world.now());
  {
    const on_behalf here(parent);
    world.advance(1ms);
    EXPECT_EQ(on_behalf::current(), parent.get());
  }
  EXPECT_EQ(who->worked_for, nullptr);
}

}  // namespace
}  // namespace holdfast::core
