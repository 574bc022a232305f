// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "host/pool_impl.hpp"
#include "host/waiting.hpp"

/// A call whose caller waits for it on its own thread, and drives its first slice there.
namespace holdfast::detail {

/// Begins it. Null: it is over, and `told`, which was empty, is filled. Otherwise wait, outside of the
/// admission.
///
/// `into` is null for a plain reply, whose value it is. What `asked` holds is used up.
boost::intrusive_ptr<thread_waiter> begin_blocking(const pool::impl& in, edition& to, checked_request& asked,
                                                   const call_options& options, std::stop_token stop,
                                                   reply& told, const value_sink* into);

}  // namespace holdfast::detail
