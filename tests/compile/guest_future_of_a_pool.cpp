// SPDX-License-Identifier: Apache-2.0
// What a pool holds is not defined for embedders, so nothing can be taken out of it.

// expect: incomplete type.*impl

// public-headers-only

#include <holdfast/holdfast.hpp>

#ifdef HOLDFAST_CONTROL
bool use(const holdfast::pool& shop) { return shop.internals() != nullptr; }
#else
auto use(const holdfast::pool& shop) { return shop.internals()->cells; }
#endif
