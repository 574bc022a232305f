// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/observer.hpp>
#include <string>

#include "core/fakes.hpp"

namespace holdfast::core {
namespace {

using namespace fakes;
using kind = script::kind;
using testing::ElementsAre;

// What was told, a word each, in order.
struct listener final : observer {
  void on_cell_opened(std::uint32_t cell, const cell_place& where) noexcept override {
    told.push_back("opened " + std::to_string(cell) + ' ' + std::string(where.component) + '/' +
                   std::string(where.actor));
  }
  void on_asked(const call_id&, const call_target& what) noexcept override {
    told.push_back("asked " + std::string(what.where.component) + '/' + std::string(what.where.actor) + ' ' +
                   std::string(what.function) + ' ' + std::to_string(what.bytes) +
                   (what.keyed ? " keyed" : ""));
  }
  void on_accepted(const call_id&) noexcept override { told.emplace_back("accepted"); }
  void on_refused(errc) noexcept override { told.emplace_back("refused"); }
  void on_overshoot(const call_id&, duration late) noexcept override {
    told.push_back("overshoot " + std::to_string(late / 1us));
  }
  void on_done(const call_id&, outcome what) noexcept override { told.emplace_back(to_string(what)); }
  void on_fault(std::uint32_t, std::uint64_t, errc why, std::string_view) noexcept override {
    told.push_back(std::string("lost: ") + to_string(why));
  }

  std::vector<std::string> told;
};

class observer_test : public testing::Test {
 protected:
  observer_test()
      : pool(world.env, log, 1, mailbox_limits{.depth = 1}, {}, {},
             {.component = "shop",
              .actor = "ada",
              .functions = std::make_shared<const std::vector<std::string>>(8, "a:b/c#f")}) {
    world.settle();
  }
  ~observer_test() override {
    pool.close();
    world.settle();
  }

  record log;
  listener seen;
  manual_world world{seen};
  fake_pool pool;
};

TEST_F(observer_test, hears_whose_a_cell_is_when_it_begins) {
  EXPECT_THAT(seen.told, ElementsAre("opened 0 shop/ada"));
}

TEST_F(observer_test, hears_what_a_call_asks_for_before_it_is_accepted) {
  seen.told.clear();
  pool.send({.value = 1});
  world.settle();
  EXPECT_THAT(seen.told, ElementsAre("asked shop/ada a:b/c#f 16", "accepted", "completed"));
}

TEST_F(observer_test, hears_nothing_of_what_a_refused_call_asked_for) {
  pool.send({.value = 1});
  seen.told.clear();
  EXPECT_TRUE(pool.box().admit(pool.make({.value = 2}), start::post));
  EXPECT_THAT(seen.told, ElementsAre("refused"));
}

TEST_F(observer_test, hears_how_late_a_guest_was_gone_after_its_run_limit) {
  const auto asked = pool.send({.what = kind::loop}, {.run_limit = 10ms});
  world.settle(5);
  seen.told.clear();
  world.advance(13ms);  // the timer comes 3 ms late
  world.settle();
  EXPECT_THAT(seen.told, ElementsAre("overshoot 3000", "deadline_killed", "lost: deadline_killed"));
}

TEST_F(observer_test, counts_the_overshoot_from_the_end_of_the_grace) {
  const auto asked = pool.send({.what = kind::deaf_wait}, {.grace = 20ms});
  world.settle();
  asked->kill();
  seen.told.clear();
  world.advance(21ms);
  world.settle();
  EXPECT_THAT(seen.told, ElementsAre("overshoot 1000", "killed", "lost: killed"));
}

TEST_F(observer_test, hears_of_no_overshoot_where_the_guest_ended_in_its_grace) {
  const auto asked = pool.send({.what = kind::wait, .value = 5}, {.grace = 20ms});
  world.settle();
  asked->kill();
  seen.told.clear();
  world.settle();
  EXPECT_THAT(seen.told, ElementsAre("completed"));
}

TEST(an_observer_that_nobody_injected, is_not_told_what_calls_ask_for) {
  record log;
  listener seen;
  manual_world world(seen);
  world.env.watched = false;
  fake_pool pool(world.env, log);
  world.settle();
  const auto asked = pool.send({.what = kind::loop}, {.run_limit = 10ms});
  world.settle(5);
  world.advance(13ms);
  world.settle();
  EXPECT_EQ(asked->phase(), call_phase::done);
  EXPECT_THAT(seen.told, ElementsAre("accepted", "deadline_killed", "lost: deadline_killed"));
  pool.close();
  world.settle();
}

}  // namespace
}  // namespace holdfast::core
