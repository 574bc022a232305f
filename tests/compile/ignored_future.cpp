// SPDX-License-Identifier: Apache-2.0
// expect: ignoring return.*(future_call|function declared).*nodiscard

#include <holdfast/pool.hpp>

void use(const holdfast::pool& shop) {
#ifdef HOLDFAST_CONTROL
  auto promised = shop.future_call("count", {});
  promised.wait();
#else
  shop.future_call("count", {});
#endif
}
