// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/cancel_contract.hpp>

#include "wit/marks.hpp"

using namespace holdfast;
using testing::HasSubstr;
using wit::read_comment;

namespace {

std::string refused(std::string_view docs) {
  const auto read = read_comment(docs);
  EXPECT_FALSE(read.has_value()) << docs;
  if (read) return "";
  EXPECT_EQ(read.error(), errc::bad_contract);
  return read.error().detail;
}

wit::comment taken(std::string_view docs) {
  auto read = read_comment(docs);
  EXPECT_TRUE(read.has_value()) << docs << ": " << read.error().detail;
  return read ? *read : wit::comment();
}

}  // namespace

TEST(cancel_contract, without_marks_is_non_cancellable_and_not_retry_safe) {
  const cancel_contract none;
  EXPECT_FALSE(none.cancellable());
  EXPECT_FALSE(none.retry_safe());
  EXPECT_EQ(to_string(none), "none");
}

TEST(cancel_contract, is_retry_safe_when_idempotent_or_read_only_and_not_for_kill_safe_alone) {
  EXPECT_TRUE(cancel_contract(cancel_mark::idempotent).retry_safe());
  EXPECT_TRUE(cancel_contract(cancel_mark::read_only).retry_safe());
  EXPECT_FALSE(cancel_contract(cancel_mark::kill_safe).retry_safe());
  EXPECT_TRUE((cancel_mark::kill_safe | cancel_mark::idempotent).retry_safe());
  EXPECT_TRUE(cancel_contract(cancel_mark::kill_safe).cancellable());
}

TEST(cancel_contract, is_a_set) {
  const cancel_contract both = cancel_mark::kill_safe | cancel_mark::idempotent;
  EXPECT_EQ(both, cancel_mark::idempotent | cancel_mark::kill_safe);
  EXPECT_EQ(both | both, both);
  EXPECT_TRUE(both.has(cancel_mark::idempotent));
  EXPECT_FALSE(both.has(cancel_mark::read_only));
  EXPECT_EQ(to_string(both), "idempotent, kill-safe");
}

TEST(comment, without_marks_says_nothing_of_the_contract) {
  const auto read = taken("Places an order.\n\nReally: see @holdfast: idempotent elsewhere.");
  EXPECT_FALSE(read.marks.has_value());
  EXPECT_EQ(read.text, "Places an order.\n\nReally: see @holdfast: idempotent elsewhere.");
  EXPECT_FALSE(taken("@holdfasting: yes").marks.has_value());
}

TEST(comment, gives_its_marks_and_keeps_the_text_without_them) {
  const auto read = taken("Places an order.\n@holdfast: idempotent, kill-safe\nTwice is once.");
  EXPECT_EQ(read.marks, cancel_mark::idempotent | cancel_mark::kill_safe);
  EXPECT_EQ(read.text, "Places an order.\nTwice is once.");
  EXPECT_EQ(taken("  @holdfast:read-only\r\n").marks, cancel_mark::read_only);
  EXPECT_EQ(taken("@holdfast: read-only\nText.\n@holdfast: kill-safe").marks,
            cancel_mark::read_only | cancel_mark::kill_safe);
}

TEST(comment, can_take_all_marks_away) {
  EXPECT_EQ(taken("@holdfast: none").marks, cancel_contract());
  EXPECT_THAT(refused("@holdfast: none, idempotent"), HasSubstr("stands alone"));
  EXPECT_THAT(refused("@holdfast: idempotent, none"), HasSubstr("stands alone"));
}

TEST(comment, with_a_wrong_mark_is_refused_with_the_nearest) {
  EXPECT_EQ(refused("@holdfast: idempotnt"), "no mark `idempotnt`; the nearest is `idempotent`");
  EXPECT_EQ(refused("@holdfast: read_only"), "no mark `read_only`; the nearest is `read-only`");
  EXPECT_EQ(refused("@holdfast: Kill-Safe."), "no mark `Kill-Safe.`; the nearest is `kill-safe`");
  EXPECT_THAT(refused("@holdfast: idempotent, idempotent"), HasSubstr("given twice"));
  EXPECT_THAT(refused("@holdfast: idempotent\n@holdfast: idempotent"), HasSubstr("given twice"));
  EXPECT_THAT(refused("@holdfast:"), HasSubstr("a mark is missing"));
  EXPECT_THAT(refused("@holdfast: idempotent,"), HasSubstr("a mark is missing"));
  EXPECT_THAT(refused("@holdfast idempotent"), HasSubstr("with a colon"));
}

TEST(comment, of_any_length_is_kept_short_and_its_marks_are_read_to_the_end) {
  for (const std::string& much : {std::string(1U << 20, 'x'), [] {
                                    std::string lines;
                                    while (lines.size() < 1U << 20) lines += "é line\n";
                                    return lines;
                                  }()}) {
    const auto read = taken(much + "\n@holdfast: read-only");
    EXPECT_EQ(read.marks, cancel_mark::read_only);
    EXPECT_LT(read.text.size(), wit::longest_comment + 16);
    EXPECT_TRUE(read.text.ends_with(" [...]"));
  }
  EXPECT_LT(refused("@holdfast: " + std::string(1U << 20, 'x')).size(), 300U);
}
