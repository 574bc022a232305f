// SPDX-License-Identifier: Apache-2.0
// A ticket that is thrown away can never be waited for: say `(void)` if that is meant.

// expect: ignoring return.*(ticket|function declared).*nodiscard

#include <holdfast/pool.hpp>

holdfast::ticket submitted(const holdfast::pool& shop) { return shop.submit("count", {}).value(); }

void use(const holdfast::pool& shop) {
#ifdef HOLDFAST_CONTROL
  const holdfast::ticket claim = submitted(shop);
  claim.revoke();
#else
  submitted(shop);
#endif
}
