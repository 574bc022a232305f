// SPDX-License-Identifier: Apache-2.0
// What runs inside the guest's slice does not throw.
// expect: an inline function is noexcept
#include <holdfast/imports.hpp>

#ifdef HOLDFAST_CONTROL
constexpr bool quiet = true;
#else
constexpr bool quiet = false;
#endif

void use(holdfast::imports& offered) {
  offered.define_inline("", "next", [](std::uint32_t now) noexcept(quiet) { return now + 1; });
}
