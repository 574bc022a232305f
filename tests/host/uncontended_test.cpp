// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <holdfast/function.hpp>
#include <holdfast/host.hpp>
#include <new>
#include <optional>
#include <string>

#include "host/guests.hpp"

// What a call costs beside the guest when nobody else wants its cell. Sanitizers have allocators of their
// own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

thread_local std::uint64_t allocations = 0;

#if defined(__x86_64__)

// Linux dispatches this thread's system calls to a signal while the byte says so (prctl(2),
// PR_SET_SYSCALL_USER_DISPATCH). The handler counts one, lets all through until the byte is set again, and
// goes back to the instruction.
thread_local volatile char watched = SYSCALL_DISPATCH_FILTER_ALLOW;
thread_local volatile std::uint64_t caught = 0;

void on_system_call(int, siginfo_t*, void* where) {
  watched = SYSCALL_DISPATCH_FILTER_ALLOW;
  caught = caught + 1;
  static_cast<ucontext_t*>(where)->uc_mcontext.gregs[REG_RIP] -= 2;
}

/// Of so many calls, how many made a system call on this thread. Nothing: this kernel cannot tell.
template <class Call>
std::optional<std::uint64_t> calls_with_system_calls(unsigned count, Call call) {
  struct sigaction counts{};
  counts.sa_sigaction = &on_system_call;
  counts.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  struct sigaction before{};
  ::sigaction(SIGSYS, &counts, &before);
  if (::prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &watched) != 0) return std::nullopt;
  caught = 0;
  for (unsigned i = 0; i < count; ++i) {
    watched = SYSCALL_DISPATCH_FILTER_BLOCK;
    call();
    watched = SYSCALL_DISPATCH_FILTER_ALLOW;
  }
  ::prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
  ::sigaction(SIGSYS, &before, nullptr);
  return caught;
}

#endif

}  // namespace

// Those of the whole program, so that none goes uncounted; the engine's own go another way.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* const made = std::malloc(size > 0 ? size : 1)) return made;
  throw std::bad_alloc();
}
void operator delete(void* made) noexcept { std::free(made); }
void operator delete(void* made, std::size_t) noexcept { std::free(made); }

namespace holdfast {
namespace {

using namespace testing_support;

template <class Call>
std::uint64_t allocations_of(Call call) {
  for (int warm = 0; warm < 3; ++warm) call();
  const std::uint64_t before = allocations;
  for (int i = 0; i < 100; ++i) call();
  return allocations - before;
}

TEST(uncontended, a_typed_call_that_is_done_within_its_slice_allocates_nothing) {
  host owner(shared_engine());
  const pool shop = owner.open(guest("orders.wasm"), {}).value();
  ASSERT_TRUE(shop.wait_ready());
  const auto add = shop.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  bool right = true;
  const auto call = [&] { right = right && *add(2, 3) == 5U; };
  // A tick in the middle of a call sends it to a worker, and then it is made: rare, and not what is counted.
  std::uint64_t fewest = allocations_of(call);
  for (int again = 0; again < 20 && fewest > 0; ++again) fewest = std::min(fewest, allocations_of(call));
  EXPECT_EQ(fewest, 0U);
  EXPECT_TRUE(right);
}

#if defined(__x86_64__)

TEST(uncontended, a_typed_call_that_is_done_within_its_slice_makes_no_system_call) {
  host owner(shared_engine());
  const pool shop = owner.open(guest("orders.wasm"), {}).value();
  ASSERT_TRUE(shop.wait_ready());
  const auto add = shop.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  const auto call = [&] { (void)add(2, 3); };
  for (int warm = 0; warm < 3; ++warm) call();
  if (!calls_with_system_calls(1, [] {})) GTEST_SKIP() << "this kernel does not dispatch system calls";
  ASSERT_EQ(calls_with_system_calls(10, [] { (void)::getppid(); }), 10U) << "they are counted";
  // A tick in the middle of a call sends it to a worker, which is woken.
  std::uint64_t fewest = 1000;
  for (int again = 0; again < 20 && fewest > 0; ++again)
    fewest = std::min(fewest, *calls_with_system_calls(1000, call));
  EXPECT_EQ(fewest, 0U);
}

#endif

TEST(uncontended, a_queued_call_allocates) {  // so that the count is seen to count
  host owner(shared_engine());
  const pool shop = owner.open(guest("orders.wasm"), {}).value();
  ASSERT_TRUE(shop.wait_ready());
  const auto add = shop.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  EXPECT_GE(allocations_of([&] { (void)add.call({.how = start::post}, 2, 3); }), 100U);
}

}  // namespace
}  // namespace holdfast

#endif
