// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/actor_options.hpp>
#include <holdfast/component.hpp>
#include <holdfast/host.hpp>
#include <holdfast/imports.hpp>
#include <string>

/// What actors may ask of time: `holdfast:timers/timers` (guests/timers/timers.wit).
namespace holdfast::detail {

/// The functions that `of` offers, and those of timers too where `what` imports them and `of` defines none of
/// its own. `group` is whose the keys of its calls are; `owner` outlives what is linked with them.
imports offered_with_timers(host::impl& owner, const component& what, const std::string& group,
                            const actor_options& of);

}  // namespace holdfast::detail
