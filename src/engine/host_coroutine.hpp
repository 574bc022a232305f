// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "core/call.hpp"
#include "engine/host_entry.hpp"

/// Host functions that are coroutines.
namespace holdfast::bridge {

/// Starts the coroutine of `entry` for a call, on a strand of the entry's executor. Each time it goes on it
/// does so on behalf of the caller. When the stop token fires its cancellation slot gets `terminal`.
void spawn(const host_entry& entry, host_call call, const boost::intrusive_ptr<core::call>& caller,
           const std::stop_token& stop);

}  // namespace holdfast::bridge
