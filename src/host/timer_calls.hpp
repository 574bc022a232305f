// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/actors.hpp>
#include <memory>

/// The calls that timers make: of their actor, by a key of their own, watched until they have ended.
namespace holdfast::detail {

/// Calls for the timers of the group that are due, as many as may be called at once.
void call_due_timers(const std::shared_ptr<actors::impl>& in);

}  // namespace holdfast::detail
