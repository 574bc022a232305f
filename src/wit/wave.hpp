// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <holdfast/error.hpp>
#include <holdfast/wave.hpp>
#include <holdfast/world.hpp>
#include <string_view>

/// Calls in WAVE, as a person writes them on a command line.
///
/// The text is parsed and printed by the `wasm-wave` crate, behind C functions that pass packed values.
/// Errors name the argument, the path and the byte of the text.
namespace holdfast::wit {

/// The text of a call, split. Refers to the text it was made of.
struct wave_call {
  std::string_view name;       ///< as written: any form that `world::find_export` takes
  std::string_view arguments;  ///< from the `(` on
  std::size_t offset = 0;      ///< bytes before the `(`
};

/// Splits `name(arguments)`. The arguments are not looked at yet: their types are known once the name is.
/// @par Errors  `errc::bad_arguments`
result<wave_call> parse_call(std::string_view text);

/// Parses the arguments of a split call. Arguments of option type may be left out at the end.
/// @par Errors  `errc::bad_arguments`: syntax, count ("`greet` takes 1 argument, got 2"), type or range
result<arguments> parse_wave_args(const function& of, const wave_call& call);

}  // namespace holdfast::wit
