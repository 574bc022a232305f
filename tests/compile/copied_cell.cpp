// SPDX-License-Identifier: Apache-2.0
// A cell is the unit of isolation: two of one instance would drive it at the same time.

// expect: (use of deleted function|call to (implicitly-)?deleted).*cell

#include "core/cell.hpp"

#ifdef HOLDFAST_CONTROL
holdfast::core::cell& use(holdfast::core::cell& one) { return one; }
#else
holdfast::core::cell* use(holdfast::core::cell& one) { return new holdfast::core::cell(one); }
#endif
