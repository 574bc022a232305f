// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/newcomer.hpp"
#include "engine/bare_guest.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using core::guest_state;

// One that nobody knows, whose result the test looks at.
class taker final : public core::newcomer {
 public:
  explicit taker(bool lands) : newcomer({}, 0) { lands_ = lands; }
  bool land(std::span<const std::byte> run) noexcept override {
    landed.emplace_back(run.begin(), run.end());
    return !refuses;
  }
  std::vector<std::vector<std::byte>> landed{};
  bool refuses = false;

 private:
  boost::intrusive_ptr<core::call> become() noexcept override { return nullptr; }
  void join() noexcept override {}
};

class landing : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(guest.settle(), guest_state::ready); }
  void echo(taker& to) {
    ASSERT_FALSE(guest.start("echo", args(sent), {.unseen = &to}));
    ASSERT_EQ(guest.settle(), guest_state::ready);
  }
  const wit::bytes sent{1, 2, 3, 255};
  bare_guest guest{built("echo.wat")};
};

TEST_F(landing, gives_a_result_to_a_newcomer_where_it_lies) {
  taker to(true);
  echo(to);
  ASSERT_EQ(to.landed.size(), 1U);
  EXPECT_TRUE(std::ranges::equal(to.landed.front(), std::as_bytes(std::span(sent))));
  EXPECT_EQ(guest.get().take_result().size(), 0U) << "it is there once";
}

TEST_F(landing, packs_what_a_newcomer_does_not_take) {
  taker to(true);
  to.refuses = true;
  echo(to);
  EXPECT_EQ(to.landed.size(), 1U);
  EXPECT_EQ(guest.value().get<wit::bytes>(), sent);
}

TEST_F(landing, does_not_ask_a_newcomer_that_wants_a_packed_result) {
  taker to(false);
  echo(to);
  EXPECT_TRUE(to.landed.empty());
  EXPECT_EQ(guest.value().get<wit::bytes>(), sent);
}

}  // namespace
}  // namespace holdfast
