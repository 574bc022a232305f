// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <holdfast/error.hpp>
#include <set>
#include <string>
#include <utility>

namespace holdfast {
namespace {

using enum errc;

// The table of the contract, written a second time: what a caller reads off an error is checked against it.
constexpr std::array<std::pair<errc, effect>, 34> table{{
    {queue_full, effect::not_executed},
    {deadline_too_close, effect::not_executed},
    {draining, effect::not_executed},
    {broken, effect::not_executed},
    {cycle, effect::not_executed},
    {bad_arguments, effect::not_executed},
    {no_such_export, effect::not_executed},
    {key_conflict, effect::not_executed},
    {limit, effect::not_executed},
    {journal_full, effect::not_executed},
    {forked, effect::not_executed},
    {revoked, effect::not_executed},
    {expired_in_queue, effect::not_executed},
    {trapped, effect::executed},
    {host_failed, effect::executed},
    {deadline_killed, effect::executed},
    {killed, effect::executed},
    {collateral, effect::unknown},
    {lost_in_crash, effect::unknown},
    {detached, effect::unknown},
    {gone, effect::unknown},
    {not_wasm, effect::not_executed},
    {core_module, effect::not_executed},
    {malformed_component, effect::not_executed},
    {unsupported_component, effect::not_executed},
    {unknown_import, effect::not_executed},
    {type_mismatch, effect::not_executed},
    {cannot_instantiate, effect::not_executed},
    {bad_contract, effect::not_executed},
    {bad_journal, effect::not_executed},
    {journal_failed, effect::not_executed},
    {no_resources, effect::not_executed},
    {internal, effect::unknown},
    {replay_diverged, effect::not_executed},
}};

TEST(errors, say_whether_the_guest_ran_as_the_contract_has_it) {
  for (const auto& [code, what] : table) {
    const std::error_code made = code;
    for (const effect each : {effect::not_executed, effect::executed, effect::unknown})
      EXPECT_EQ(made == each, each == what) << to_string(code) << " and " << to_string(each);
    EXPECT_EQ(effect_of(code), what) << to_string(code);
    EXPECT_EQ(effect_of(made), what) << to_string(code);
  }
}

TEST(errors, of_others_say_nothing_about_the_guest_and_success_says_that_it_ran) {
  EXPECT_EQ(effect_of(std::make_error_code(std::errc::timed_out)), effect::unknown);
  EXPECT_EQ(effect_of(std::error_code()), effect::executed);
}

TEST(errors, are_all_in_the_table_and_have_names_of_their_own) {
  std::set<std::string> names;
  for (const auto& [code, what] : table) {
    EXPECT_TRUE(names.insert(to_string(code)).second) << to_string(code) << " twice";
    EXPECT_FALSE(make_error_code(code).message().empty());
  }
  EXPECT_EQ(static_cast<int>(replay_diverged), static_cast<int>(table.size()))
      << "a code is missing from the table";
  EXPECT_EQ(std::string(to_string(static_cast<errc>(table.size() + 1))), "unknown");
}

TEST(errors, never_say_success_and_are_of_one_category) {
  EXPECT_TRUE(make_error_code(queue_full));
  EXPECT_EQ(make_error_code(queue_full).value(), 1) << "zero is success";
  EXPECT_NE(make_error_code(killed), std::make_error_code(std::errc::operation_canceled));
  EXPECT_FALSE(std::error_code() == effect::executed) << "success has no effect to ask for";
}

}  // namespace
}  // namespace holdfast
