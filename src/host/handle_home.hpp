// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/error.hpp>
#include <holdfast/value.hpp>
#include <holdfast/world.hpp>
#include <optional>

#include "core/call.hpp"

/// Which instance a call has to run in: the one that issued the handles among its arguments.
namespace holdfast::detail {

/// Nothing: any will do.
///
/// @par Errors  `bad_arguments`: handles of two instances
result<std::optional<core::home>> home_of(const wit::function& of, const wit::arguments& arguments);

}  // namespace holdfast::detail
