// SPDX-License-Identifier: Apache-2.0
// A host owns threads and calls: there is one of each.

// expect: (use of deleted function.*host|host.*uses deleted function|call to deleted constructor.*host)

#include <holdfast/host.hpp>
#include <utility>

#ifdef HOLDFAST_CONTROL
holdfast::host* use(holdfast::host& owner) { return &owner; }
#else
holdfast::host use(holdfast::host& owner) { return holdfast::host(owner); }
#endif
