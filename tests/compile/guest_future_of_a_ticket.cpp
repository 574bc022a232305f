// SPDX-License-Identifier: Apache-2.0
// A ticket has no call to take out: what is destroyed with it is a claim.

// expect: incomplete type.*impl

// public-headers-only

#include <holdfast/holdfast.hpp>

#ifdef HOLDFAST_CONTROL
bool use(const holdfast::ticket& claim) { return claim.internals() != nullptr; }
#else
auto use(const holdfast::ticket& claim) { return claim.internals()->asked; }
#endif
