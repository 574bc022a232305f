// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "engine/bare_guest.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using core::guest_state;
using testing::HasSubstr;

/// Counts its lives.
struct account {
  explicit account(std::uint64_t start) : balance(start) { ++made; }
  account(const account&) = delete;
  account& operator=(const account&) = delete;
  ~account() {
    ++gone;
    EXPECT_FALSE(std::exchange(dead, true)) << "destroyed twice";
  }
  std::uint64_t balance;
  bool dead = false;
  static inline int made = 0;
  static inline int gone = 0;
};

struct stranger {};

constexpr const char* bank = "holdfast:demo/accounts";

class object : public testing::Test {
 protected:
  object() {
    account::made = account::gone = 0;
    options.functions.define_resource<account>(bank, "account")
        .define(bank, "[constructor]account",
                [](host_call call) {
                  const auto made = call.give(std::make_shared<account>(call.args()[0].get<std::uint64_t>()));
                  std::move(call).reply(made);
                })
        .define(bank, "[method]account.deposit",
                [](host_call call) {
                  const auto self = call.object<account>(0);
                  std::move(call).reply(self->balance += call.args()[1].get<std::uint64_t>());
                })
        .define(bank, "close",
                [](host_call call) {
                  const std::uint64_t held = call.object<account>(0)->balance;
                  std::move(call).reply(held);
                })
        .define(bank, "exchange",
                [](host_call call) {
                  const wit::value same = call.args()[0];
                  std::move(call).reply(same);
                })
        .define(bank, "total", [](host_call call) {
          std::uint64_t sum = 0;
          for (const wit::value& each : call.args()[0].get<wit::list>())
            sum += call.object<account>(each.get<wit::handle>())->balance;
          std::move(call).reply(sum);
        });
  }
  ~object() override {
    guest.reset();
    EXPECT_EQ(account::made, account::gone) << "every object is destroyed in the end";
  }

  /// Links with the options as they are now, and instantiates.
  bare_guest& opened() {
    guest.emplace(built("vault.wat"), options);
    EXPECT_EQ(guest->settle(), guest_state::ready);
    return *guest;
  }
  static void done(bare_guest& in, std::string_view name, wit::arguments arguments = {}) {
    ASSERT_FALSE(in.start(name, std::move(arguments)));
    ASSERT_EQ(in.settle(), guest_state::ready) << in.get().take_fault().message;
  }
  static core::fault lost(bare_guest& in, std::string_view name, wit::arguments arguments = {}) {
    EXPECT_FALSE(in.start(name, std::move(arguments)));
    EXPECT_EQ(in.settle(), guest_state::failed);
    return in.get().take_fault();
  }
  static int alive() { return account::made - account::gone; }

  pool_options options;
  std::optional<bare_guest> guest;
};

TEST_F(object, is_used_through_its_handle_and_destroyed_when_the_guest_drops_it) {
  bare_guest& vault = opened();
  done(vault, "open", args(2U));
  EXPECT_EQ(vault.ask_for<std::uint64_t>("deposit", args(11U)), 111U);
  EXPECT_EQ(vault.ask_for<std::uint64_t>("deposit", args(1U)), 112U) << "it is the same object";
  EXPECT_EQ(vault.ask_for<std::uint64_t>("total"), 212U);
  EXPECT_EQ(alive(), 2);
  done(vault, "drop");
  EXPECT_EQ(alive(), 1);
  EXPECT_EQ(vault.ask_for<std::uint64_t>("total"), 100U) << "the other one is unhurt";
}

TEST_F(object, that_is_given_away_is_destroyed_when_its_function_is_done_with_it) {
  bare_guest& vault = opened();
  done(vault, "open", args(2U));
  EXPECT_EQ(vault.ask_for<std::uint64_t>("close"), 100U);
  EXPECT_EQ(alive(), 1);
}

TEST_F(object, that_is_given_away_may_be_kept_by_the_embedder) {
  std::shared_ptr<account> mine;
  options.functions.define(bank, "close", [&](host_call call) {
    mine = call.object<account>(0);
    std::move(call).reply(std::uint64_t{0});
  });
  bare_guest& vault = opened();
  done(vault, "open", args(1U));
  vault.ask("close");
  EXPECT_EQ(alive(), 1);
  mine.reset();
  EXPECT_EQ(alive(), 0);
}

TEST_F(object, that_is_given_away_may_be_given_back) {
  bare_guest& vault = opened();
  done(vault, "open", args(1U));
  vault.ask("deposit", args(5U));
  done(vault, "exchange");
  EXPECT_EQ(vault.ask_for<std::uint64_t>("total"), 105U);
  EXPECT_EQ(account::made, 1);
}

TEST_F(object, is_destroyed_when_the_answer_turns_out_not_to_have_it) {
  options.functions.define(bank, "[constructor]account", [](host_call call) {
    call.give(std::make_shared<account>(1));
    const auto second = call.give(std::make_shared<account>(2));
    std::move(call).reply(second);
  });
  bare_guest& vault = opened();
  done(vault, "open", args(1U));
  EXPECT_EQ(account::gone, 1);
  EXPECT_EQ(vault.ask_for<std::uint64_t>("total"), 2U);
}

TEST_F(object, that_a_guest_leaks_is_destroyed_when_it_traps) {
  bare_guest& vault = opened();
  EXPECT_EQ(lost(vault, "open-and-trap", args(3U)).code, errc::trapped);
  vault.lose();
  EXPECT_EQ(account::made, 3);
  EXPECT_EQ(account::gone, 3);
}

TEST_F(object, that_a_guest_leaks_is_destroyed_when_it_is_interrupted_or_cut) {
  bare_guest& vault = opened();
  ASSERT_FALSE(vault.start("open-and-spin", args(3U)));
  while (account::made < 3) {
    vault.get().poll();
    vault.run_function();
  }
  vault.get().interrupt();
  ASSERT_EQ(vault.settle(), guest_state::failed);
  vault.renew();
  EXPECT_EQ(account::gone, 3);
  ASSERT_EQ(vault.settle(), guest_state::ready);
  done(vault, "open", args(3U));
  vault.lose();  // as a drain does
  EXPECT_EQ(account::gone, 6);
}

TEST_F(object, that_is_lent_outlives_the_cut_of_its_guest_until_its_function_is_done) {
  std::optional<host_call> running;
  std::shared_ptr<account> used;
  options.functions.define(bank, "[method]account.deposit", [&](host_call call) {
    used = call.object<account>(0);
    running.emplace(std::move(call));
  });
  bare_guest& vault = opened();
  done(vault, "open", args(2U));
  ASSERT_FALSE(vault.start("deposit", args(1U)));
  ASSERT_EQ(vault.until_parked(), guest_state::pending);
  ASSERT_TRUE(vault.run_function());
  vault.lose();
  EXPECT_EQ(account::gone, 1) << "the other one goes with the store";
  used->balance = 7;
  used.reset();
  EXPECT_EQ(running->object<account>(0)->balance, 7U) << "the call itself keeps it";
  EXPECT_TRUE(running->abandoned());
  std::move(*running).reply(std::uint64_t{0});
  EXPECT_EQ(account::gone, 2);
  running.reset();
}

TEST_F(object, that_is_lent_to_a_function_which_never_ran_goes_with_the_store) {
  bare_guest& vault = opened();
  done(vault, "open", args(1U));
  ASSERT_FALSE(vault.start("close"));
  ASSERT_EQ(vault.until_parked(), guest_state::pending);
  vault.lose();
  vault.run_function();
  EXPECT_EQ(account::gone, 1);
}

TEST_F(object, that_is_given_to_a_guest_already_cut_is_destroyed) {
  std::optional<host_call> running;
  options.functions.define(bank, "[constructor]account",
                           [&](host_call call) { running.emplace(std::move(call)); });
  bare_guest& vault = opened();
  ASSERT_FALSE(vault.start("open", args(1U)));
  ASSERT_EQ(vault.until_parked(), guest_state::pending);
  ASSERT_TRUE(vault.run_function());
  const auto early = running->give(std::make_shared<account>(1));
  vault.lose();
  EXPECT_EQ(account::gone, 1);
  running->give(std::make_shared<account>(2));
  EXPECT_EQ(account::gone, 2);
  std::move(*running).reply(early);
  running.reset();
}

TEST_F(object, passes_through_a_caller_and_ends_when_it_is_released) {
  bare_guest& vault = opened();
  done(vault, "open", args(2U));
  const auto mine = vault.ask_for<wit::handle>("give");
  EXPECT_EQ(vault.get().held(), 1U);
  done(vault, "take", args(mine));
  EXPECT_EQ(vault.get().held(), 0U);
  EXPECT_EQ(vault.ask_for<std::uint64_t>("total"), 200U);
  const auto again = vault.ask_for<wit::handle>("give");
  ASSERT_FALSE(vault.start_release(again.number()));
  ASSERT_EQ(vault.settle(), guest_state::ready);
  EXPECT_EQ(account::gone, 1);
}

TEST_F(object, more_than_the_limit_fail_the_call_and_all_are_destroyed) {
  options.limits.resources = 3;
  bare_guest& vault = opened();
  const core::fault why = lost(vault, "open", args(4U));
  EXPECT_EQ(why.code, errc::host_failed);
  EXPECT_THAT(why.message, HasSubstr("3, its limit"));
  vault.renew();
  EXPECT_EQ(account::gone, 4);
  ASSERT_EQ(vault.settle(), guest_state::ready);
  for (int i = 0; i < 5; ++i) {
    done(vault, "open", args(3U));
    for (int j = 0; j < 3; ++j) done(vault, "drop");
  }
}

TEST_F(object, of_a_type_that_no_resource_was_defined_with_fails_the_call) {
  options.functions.define(bank, "[constructor]account", [](host_call call) {
    const auto odd = call.give(std::make_shared<stranger>());
    std::move(call).reply(odd);
  });
  const core::fault why = lost(opened(), "open", args(1U));
  EXPECT_EQ(why.code, errc::host_failed);
  EXPECT_THAT(why.message, HasSubstr("stranger"));
}

TEST_F(object, of_another_resource_is_refused_as_host_failed) {
  options.functions.define_resource<stranger>("holdfast:demo/other", "thing")
      .define(bank, "[constructor]account", [](host_call call) {
        const auto odd = call.give(std::make_shared<stranger>());
        std::move(call).reply(odd);
      });
  const core::fault why = lost(opened(), "open", args(1U));
  EXPECT_EQ(why.code, errc::host_failed);
  EXPECT_THAT(why.message, HasSubstr("another resource"));
}

TEST_F(object, asked_for_as_another_type_fails_the_call) {
  options.functions.define(bank, "[method]account.deposit", [](host_call call) {
    call.object<stranger>(0);
    std::move(call).reply(std::uint64_t{0});
  });
  bare_guest& vault = opened();
  done(vault, "open", args(1U));
  const core::fault why = lost(vault, "deposit", args(1U));
  EXPECT_EQ(why.code, errc::host_failed);
  EXPECT_THAT(why.message, HasSubstr("stranger"));
}

TEST_F(object, can_be_given_once) {
  std::optional<wit::value> kept;
  options.functions.define(bank, "[constructor]account", [&](host_call call) {
    if (!kept) kept = call.give(std::make_shared<account>(1));
    std::move(call).reply(*kept);
  });
  const core::fault why = lost(opened(), "open", args(2U));
  EXPECT_EQ(why.code, errc::host_failed);
  EXPECT_THAT(why.message, HasSubstr("not this call's to give"));
}

TEST_F(object, is_missing_where_its_resource_was_not_defined) {
  imports without;
  for (const auto& [name, function] : options.functions.functions())
    without.define(name.first, name.second, *function);
  core::steady_time clock;
  const auto linked =
      bridge::blueprint::link(built("vault.wat"), {.functions = without}, [](auto) { return false; }, clock);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error(), errc::unknown_import);
  EXPECT_THAT(linked.error().detail, HasSubstr("holdfast:demo/accounts#account"));
}

TEST_F(object, lives_end_exactly_once_over_ten_thousand_of_them_and_many_generations) {
  bare_guest& vault = opened();
  for (int generation = 0; account::made < 10'000; ++generation) {
    done(vault, "open", args(40U));
    for (int i = 0; i < 10; ++i) done(vault, "drop");
    for (int i = 0; i < 10; ++i) vault.ask("close");
    switch (generation % 4) {
      case 0:
        lost(vault, "open-and-trap", args(20U));
        break;
      case 1:
        ASSERT_FALSE(vault.start("exchange"));
        ASSERT_EQ(vault.until_parked(), guest_state::pending);
        break;  // cut while it is parked with one that it gave away
      case 2:
        ASSERT_FALSE(vault.start("total"));
        ASSERT_EQ(vault.until_parked(), guest_state::pending);
        break;  // cut while all of them are lent
      default:
        break;
    }
    vault.renew();
    while (vault.run_function()) {
    }
    ASSERT_EQ(alive(), 0) << "in generation " << generation;
    ASSERT_EQ(vault.settle(), guest_state::ready);
  }
  EXPECT_GE(account::gone, 10'000);
}

}  // namespace
}  // namespace holdfast
