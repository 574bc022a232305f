// SPDX-License-Identifier: Apache-2.0
// Several calls of a host function may run at once: what it changes is not in itself.
// expect: several calls may run at once
#include <atomic>
#include <holdfast/imports.hpp>

void use(holdfast::imports& offered, [[maybe_unused]] std::atomic<std::uint32_t>& shared) {
#ifdef HOLDFAST_CONTROL
  offered.define("", "next", [&shared] { return ++shared; });
#else
  offered.define("", "next", [count = std::uint32_t{0}]() mutable { return ++count; });
#endif
}
