// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/component.hpp>
#include <holdfast/host.hpp>
#include <holdfast/imports.hpp>
#include <holdfast/pool_options.hpp>

/// What guests call of their host's other components: `holdfast:outbound/calls` (guests/outbound/calls.wit).
namespace holdfast::detail {

/// The functions that `of` offers, and that of calls too where `what` imports it and `of` defines none of its
/// own. `owner` outlives what is linked with them.
imports offered_with_calls(host::impl& owner, const component& what, const pool_options& of);

}  // namespace holdfast::detail
