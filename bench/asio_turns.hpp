// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>

/// What Asio takes for an asynchronous operation that does nothing, for the callers of `bench/callers.hpp`:
/// of an asynchronous call, the part that is not Holdfast's.
namespace holdfast::bench {

/// One caller, so many times: a completion handler that owns its caller and posts the next one.
void turn_handlers(boost::asio::io_context& loop, unsigned count);

/// One caller, so many times: a coroutine that awaits a post.
void turn_coroutine(boost::asio::io_context& loop, unsigned count);

}  // namespace holdfast::bench
