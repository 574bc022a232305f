// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/error.hpp>
#include <holdfast/value.hpp>
#include <holdfast/world.hpp>
#include <optional>
#include <vector>

#include "core/call.hpp"

/// The handles among values: what they ask of a call, and what is to be given back.
///
/// A call runs in the instance that issued the handles among its arguments.
namespace holdfast::detail {

/// Whether a value of the type may hold handles.
bool names_handles(const wit::type& of);

/// Whether such a value, too, belongs to who reads it first: it may hold the reading ends of streams.
bool is_read_once(const wit::type& of);

/// Whether streams or futures may be among the arguments.
bool takes_streams(const wit::function& of);

/// The numbers of those that belong to whoever has the value.
std::vector<std::uint64_t> own_handles(const wit::value& in);

/// Nothing: any will do.
///
/// @par Errors  `bad_arguments`: handles of two instances
result<std::optional<core::home>> home_of(const wit::function& of, const wit::arguments& arguments);

}  // namespace holdfast::detail
