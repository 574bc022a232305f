// SPDX-License-Identifier: Apache-2.0
// A refusal that nobody looks at is a call that silently never happened.

// expect: ignoring return.*(submit|function declared).*nodiscard

#include <holdfast/pool.hpp>

void use(const holdfast::pool& shop) {
#ifdef HOLDFAST_CONTROL
  const holdfast::result<holdfast::ticket> claim = shop.submit("count", {});
  if (claim) claim->revoke();
#else
  shop.submit("count", {});
#endif
}
