// SPDX-License-Identifier: Apache-2.0
// The only way to an export is a call: with the public headers alone there is no guest to poll and none to
// drop.

// expect: core/guest.hpp: No such file|'core/guest.hpp' file not found

// public-headers-only

#ifdef HOLDFAST_CONTROL
#include <holdfast/holdfast.hpp>
#else
#include "core/guest.hpp"
#endif
