// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <holdfast/pool.hpp>
#include <thread>

#include "host/guests.hpp"
#include "host/pool_impl.hpp"

// Callers who are about to be admitted while the component is exchanged.
namespace holdfast {
namespace {

using namespace testing_support;

TEST(admission_test, to_a_component_keeps_it_open_until_it_is_over) {
  host owner(shared_engine(), {.workers = 1});
  const pool served = owner.open(guest("orders.wasm")).value();
  ASSERT_TRUE(served.wait_ready());
  std::jthread exchanges;
  {
    const pool::impl::admission to(*served.internals());
    exchanges = std::jthread([&] { EXPECT_TRUE(served.swap(guest("orders.wasm"))); });
    while (!to->superseded.load()) std::this_thread::yield();
    // Others are admitted to the new one by now; this one's queue must not close as long as it may still
    // send.
    for (int i = 0; i < 2000; ++i) {
      ASSERT_FALSE(to->box->finished()) << "closed beside an admission";
      std::this_thread::yield();
    }
  }
  exchanges.join();
  EXPECT_TRUE(served.call("count", {}));
}

}  // namespace
}  // namespace holdfast
