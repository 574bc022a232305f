// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/error.hpp>
#include <holdfast/type.hpp>
#include <holdfast/value.hpp>
#include <string>
#include <string_view>

/// WAVE: WIT values as a person writes them, such as `{id: 7, items: ["book"]}`. For logs, shells and tests.
///
/// A text may be 64 MiB long and nest 100 deep. What a guest made is escaped as WAVE says, which is not what
/// a terminal or a page wants: it is untrusted there. Thread-safe; no guest is entered.
/// @see https://github.com/bytecodealliance/wasm-tools/tree/main/crates/wasm-wave
namespace holdfast::wit {

/// Parses one value of a type, as a function's `world::find_export` or `type` names it.
/// @par Errors  `errc::bad_arguments`: the syntax, the type or the range; the detail names the path and the
/// byte
result<value> parse_wave(const type& of, std::string_view text);

/// Prints a value of a type. Resource handles are shown as `own<name>(7)` and cannot be parsed again.
/// @par Errors  `errc::bad_arguments`: the value does not fit the type
result<std::string> to_wave(const type& of, const value& v);

}  // namespace holdfast::wit
