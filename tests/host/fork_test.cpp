// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <holdfast/function.hpp>
#include <holdfast/host.hpp>
#include <optional>
#include <string>

#include "core/random_source.hpp"
#include "host/guests.hpp"

// A process that forks after the start: the child has no thread of the engine's or the host's.
namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

/// Runs `child` in a fork; what it answers is what was wrong, empty: nothing. One that hangs is ended by its
/// alarm.
template <class Child>
std::string in_fork(Child child) {
  int told[2];
  if (::pipe(told) != 0) return "no pipe";
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(20);
    const std::string wrong = child();
    if (::write(told[1], wrong.data(), wrong.size()) < 0) ::_exit(3);
    ::_exit(0);
  }
  ::close(told[1]);
  std::string wrong;
  char part[256];
  for (ssize_t got = 0; (got = ::read(told[0], part, sizeof part)) > 0;)
    wrong.append(part, static_cast<std::size_t>(got));
  ::close(told[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) wrong += "the child was ended by signal " + std::to_string(WTERMSIG(status));
  return wrong;
}

TEST(fork, refuses_every_call_in_the_child_without_entering_a_guest_and_the_parent_serves_on) {
  host owner(shared_engine());
  const pool shop = owner.open(guest("orders.wasm"), {}).value();
  ASSERT_TRUE(shop.wait_ready());
  EXPECT_EQ(in_fork([&]() -> std::string {
              for (const start how : {start::dispatch, start::post})
                if (shop.call("add", args(2U, 3U), {.how = how}).code != errc::forked ||
                    shop.call("add", args(2U, 3U), {.key = "a", .how = how}).code != errc::forked)
                  return "a call went on";
              if (shop.submit("add", args(2U, 3U)).error() != errc::forked) return "a submission went on";
              if (shop.future_call("add", args(2U, 3U)).get().code != errc::forked) return "a future went on";
              if (owner.open(guest("orders.wasm"), {}).error() != errc::forked) return "a pool was opened";
              if (shop.swap(guest("orders.wasm")).error() != errc::forked) return "a component was exchanged";
              shop.drain(1s);
              return {};
            }),
            "");
  EXPECT_EQ(shop.call("add", args(2U, 3U)).value, wit::value(5U));
}

TEST(fork, refuses_to_compile_and_to_begin_a_host_on_an_engine_of_the_parent) {
  const engine& with = shared_engine();
  EXPECT_EQ(
      in_fork([&]() -> std::string {
        if (component::load(with, std::string(HOLDFAST_GUESTS_DIR) + "/orders.wasm").error() != errc::forked)
          return "it was compiled";
        try {
          const host second(with);
        } catch (const std::system_error& refused) {
          return refused.code() == errc::forked ? "" : refused.what();
        }
        return "a host began";
      }),
      "");
}

TEST(fork, lets_the_child_destroy_what_the_parent_made_without_waiting_for_its_threads) {
  std::optional<host> owner(std::in_place, shared_engine());
  std::optional<pool> shop = owner->open(guest("orders.wasm"), {}).value();
  ASSERT_TRUE(shop->wait_ready());
  std::optional<engine> own(std::in_place, engine_options{.max_instances = 1});
  EXPECT_EQ(in_fork([&]() -> std::string {
              shop.reset();
              owner.reset();
              own.reset();
              return {};
            }),
            "");
}

TEST(fork, tells_a_ticket_of_the_parent_that_its_call_goes_on_elsewhere) {
  host owner(shared_engine());
  const pool shop = owner.open(guest("orders.wasm"), {}).value();
  ASSERT_TRUE(shop.wait_ready());
  const ticket runs = shop.submit("spin", args(1U), {.run_limit = 10s}).value();
  const ticket queued = shop.submit("add", args(2U, 3U), {.run_limit = 10s}).value();
  EXPECT_EQ(in_fork([&]() -> std::string {
              for (const ticket& claim : {runs, queued})
                if (claim.wait().code != errc::detached) return "it was waited for";
              return {};
            }),
            "");
  runs.kill();
  EXPECT_EQ(queued.wait().value, wit::value(5U));
}

TEST(fork, tells_a_typed_ticket_of_the_parent_the_same) {
  host owner(shared_engine());
  const pool shop = owner.open(guest("orders.wasm"), {}).value();
  const auto add = shop.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  ASSERT_TRUE(shop.wait_ready());
  const ticket runs = shop.submit("spin", args(1U), {.run_limit = 10s}).value();
  const auto queued = add.submit({.run_limit = 10s}, 2, 3).value();
  EXPECT_EQ(in_fork([&]() -> std::string {
              return queued.wait().code == errc::detached ? "" : "it was waited for";
            }),
            "");
  runs.kill();
  EXPECT_EQ(*queued.wait(), 5U);
}

TEST(fork, does_not_hand_out_the_parents_ids_again) {
  core::kernel_random from;
  from.next();  // a page of them was drawn
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::uint64_t mine = from.next();
    ::_exit(::write(told[1], &mine, sizeof mine) == sizeof mine ? 0 : 1);
  }
  std::uint64_t childs = 0;
  ASSERT_EQ(::read(told[0], &childs, sizeof childs), static_cast<ssize_t>(sizeof childs));
  ::waitpid(pid, nullptr, 0);
  ::close(told[0]);
  ::close(told[1]);
  EXPECT_NE(from.next(), childs);
}

}  // namespace
}  // namespace holdfast
