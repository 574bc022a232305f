// SPDX-License-Identifier: Apache-2.0
// Boost.Asio ends a coroutine that is stopped by throwing into it: without exceptions functions are plain.
// flags: -fno-exceptions
// expect: needs exceptions
#include <boost/asio/awaitable.hpp>
#include <holdfast/imports.hpp>

void use(holdfast::imports& offered) {
#ifdef HOLDFAST_CONTROL
  offered.define("", "next", [](std::uint32_t before) { return before + 1; });
#else
  offered.define("", "next",
                 [](std::uint32_t before) -> boost::asio::awaitable<std::uint32_t> { co_return before + 1; });
#endif
}
