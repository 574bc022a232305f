// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/type.hpp>

/// What a type is made of.
namespace holdfast::wit {

/// Whether the type, or a part of it, is of a kind that `which` tells. What comes through a stream or a
/// future is no part of it.
bool mentions(const type& of, bool (*which)(kind)) noexcept;

constexpr bool is_transmitted(kind k) noexcept { return k == kind::stream || k == kind::future; }

}  // namespace holdfast::wit
