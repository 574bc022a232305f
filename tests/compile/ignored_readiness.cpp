// SPDX-License-Identifier: Apache-2.0
// expect: ignoring return.*(wait_ready|function declared).*nodiscard

#include <holdfast/pool.hpp>

bool use(const holdfast::pool& shop) {
#ifdef HOLDFAST_CONTROL
  return shop.wait_ready().has_value();
#else
  shop.wait_ready();
  return true;
#endif
}
