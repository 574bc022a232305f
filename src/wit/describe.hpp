// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <holdfast/type.hpp>
#include <holdfast/value.hpp>
#include <holdfast/world.hpp>
#include <string>
#include <vector>

/// Words for error messages: short whatever the type or value.
namespace holdfast::wit {

template <class V>
inline constexpr bool is_scalar_vector = false;
template <scalar T>
inline constexpr bool is_scalar_vector<std::vector<T>> = true;

/// The shape of a value: `string`, `u16`, `list<u8>`, `record`.
std::string describe(const value& v);

/// The WIT spelling, or only the keyword where it would be long.
std::string short_spelling(const type& t);

/// The complaint about a wrong number of arguments: "`greet` takes 1 argument, got 2".
std::string wrong_count(const function& of, std::size_t got);

}  // namespace holdfast::wit
