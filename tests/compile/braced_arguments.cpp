// SPDX-License-Identifier: Apache-2.0
// g++ 12 does not compile an initializer list inside a `co_await`, so the awaited form takes none anywhere.

// expect: no matching (member )?function.*async_call

#include <boost/asio/detached.hpp>
#include <holdfast/pool.hpp>

void use(const holdfast::pool& shop) {
#ifdef HOLDFAST_CONTROL
  shop.async_call("add", holdfast::args(1U, 2U), {}, boost::asio::detached);
#else
  shop.async_call("add", {1U, 2U}, {}, boost::asio::detached);
#endif
}
