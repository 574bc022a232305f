// SPDX-License-Identifier: Apache-2.0
#include "sim/stage.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "core/driving.hpp"

namespace holdfast::sim {
namespace {

class nothing_passes final : public pastime {
 public:
  bool pass() override { return false; }
};

/// Plays two fibers in every order; `steps` are written by the fibers.
template <class Body>
std::set<std::string> all_orders(grain how, Body&& body, std::uint64_t* runs = nullptr,
                                 std::map<stage::ending, int>* endings = nullptr) {
  std::set<std::string> seen;
  every_choice decide;
  do {
    std::string steps;
    stage on(decide, how);
    body(on, steps);
    nothing_passes idle;
    const stage::ending ended = on.run(idle);
    if (endings != nullptr) ++(*endings)[ended];
    seen.insert(steps);
  } while (decide.advance());
  if (runs != nullptr) *runs = decide.runs();
  return seen;
}

TEST(stage, plays_every_order_of_steps_once) {
  std::uint64_t runs = 0;
  const auto seen = all_orders(
      grain::acts,
      [](stage& on, std::string& steps) {
        const auto three = [&on, &steps](char name) {
          return [&on, &steps, name] {
            for (int i = 0; i < 3; ++i) {
              if (i > 0) on.boundary();
              steps += name;
            }
          };
        };
        on.spawn("a", three('a'));
        on.spawn("b", three('b'));
      },
      &runs);
  EXPECT_EQ(seen.size(), 20U) << "6! / (3! 3!)";
  EXPECT_EQ(runs, 20U) << "none twice";
}

TEST(stage, makes_a_fiber_wait_for_a_lock_that_another_holds) {
  const auto seen = all_orders(grain::locks, [](stage& on, std::string& steps) {
    auto mutex = std::make_shared<std::mutex>();
    for (const char name : {'a', 'b'}) {
      on.spawn(std::string(1, name), [&on, &steps, mutex, name] {
        const std::scoped_lock lock(*mutex);
        steps += name;
        on.point();
        steps += name;
      });
    }
  });
  EXPECT_EQ(seen, (std::set<std::string>{"aabb", "bbaa"})) << "the turn changes inside, the lock holds";
}

TEST(stage, finds_a_deadlock) {
  std::map<stage::ending, int> endings;
  all_orders(
      grain::locks,
      [](stage& on, std::string&) {
        // They outlive the fibers that hold them, which nobody ends.
        static std::deque<std::mutex> all;
        std::mutex* const first = &all.emplace_back();
        std::mutex* const second = &all.emplace_back();
        on.spawn("a", [first, second] {
          first->lock();
          second->lock();
          second->unlock();
          first->unlock();
        });
        on.spawn("b", [first, second] {
          second->lock();
          first->lock();
          first->unlock();
          second->unlock();
        });
      },
      nullptr, &endings);
  EXPECT_GT(endings[stage::ending::deadlock], 0);
  EXPECT_GT(endings[stage::ending::all_ended], 0) << "most orders are lucky";
}

TEST(stage, finds_somebody_who_waits_for_what_will_never_be) {
  seeded_choices decide(1);
  stage on(decide, grain::acts);
  on.spawn("a", [&on] { on.wait([] { return false; }); });
  nothing_passes idle;
  EXPECT_EQ(on.run(idle), stage::ending::stuck);
  EXPECT_EQ(on.waiting(), "a");
}

TEST(stage, finds_what_has_no_end) {
  seeded_choices decide(1);
  stage on(decide, grain::acts, 1000);
  on.spawn("a", [&on] {
    for (;;) on.wait([] { return true; });
  });
  nothing_passes idle;
  EXPECT_EQ(on.run(idle), stage::ending::runaway);
}

TEST(stage, keeps_what_core_keeps_per_thread_per_fiber) {
  const auto seen = all_orders(grain::acts, [](stage& on, std::string& steps) {
    on.spawn("drives", [&on, &steps] {
      const core::driving_mark mark;
      on.boundary();
      steps += core::driving_mark::here() ? 'd' : '!';
    });
    on.spawn("does not", [&on, &steps] {
      on.boundary();
      steps += core::driving_mark::here() ? '!' : 'n';
    });
  });
  EXPECT_EQ(seen, (std::set<std::string>{"dn", "nd"}));
}

}  // namespace
}  // namespace holdfast::sim
