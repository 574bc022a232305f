// SPDX-License-Identifier: Apache-2.0
// A deferred call that is not started does nothing.

// expect: ignoring.*(nodiscard|warn_unused_result)

#include <boost/asio/detached.hpp>
#include <holdfast/pool.hpp>

void use(const holdfast::pool& shop) {
#ifdef HOLDFAST_CONTROL
  shop.async_call("count", holdfast::args())(boost::asio::detached);
#else
  shop.async_call("count", holdfast::args());
#endif
}
