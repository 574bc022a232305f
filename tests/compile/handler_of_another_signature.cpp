// SPDX-License-Identifier: Apache-2.0
// expect: no matching (member )?function.*async_wait

#include <holdfast/ticket.hpp>

void use(const holdfast::ticket& claim) {
#ifdef HOLDFAST_CONTROL
  claim.async_wait([](std::error_code, const holdfast::reply&) {});
#else
  claim.async_wait([](const holdfast::reply&) {});
#endif
}
