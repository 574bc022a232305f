// SPDX-License-Identifier: Apache-2.0
// The typed ticket of a call is no more to be thrown away than the plain one.
// expect: ignoring return.*nodiscard
#include <holdfast/function.hpp>

void use(const holdfast::function<void(int)>& mark) {
#ifdef HOLDFAST_CONTROL
  const auto claim = mark.submit(1);
  claim.value().revoke();
#else
  mark.submit(1);
#endif
}
