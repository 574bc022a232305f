// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <holdfast/function.hpp>
#include <holdfast/host.hpp>
#include <new>
#include <string>

#include "host/guests.hpp"

// What a call costs beside the guest when nobody else wants its cell. Sanitizers have allocators of their
// own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

thread_local std::uint64_t allocations = 0;

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
