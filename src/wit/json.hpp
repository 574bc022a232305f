// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <holdfast/error.hpp>
#include <holdfast/type.hpp>
#include <holdfast/value.hpp>
#include <holdfast/world.hpp>
#include <string_view>

/// WIT values as JSON, as the wire has them.
///
///     record            object                     enum     "name"
///     tuple, list       array                      flags    array of names
///     list<u8>          base64 text; read from an array of numbers too
///     variant           {"case": payload}, null without one; read from "case" too where there is none
///     result            {"ok": payload} or {"err": payload}, null without one
///     option            null or the value; where the value is itself an option, null or {"some": value}
///     char              text of one character
///     s64, u64          number up to 2^53 either way, text beyond; both are read
///     f32, f64          number, or "nan", "inf", "-inf"
///     own, borrow       {"own": number}, {"borrow": number}; cannot be read
///
/// For option<option<u8>>: none is null, some(none) is {"some": null}, some(some(5)) is {"some": 5}.
/// A field or trailing argument of option type may be left out. Errors name the path to what is wrong.
namespace holdfast::wit {

/// Parses JSON text, strictly, with doubles rounded correctly (Boost 1.81's own parser does not).
/// `memory` is that of the value; it outlives it.
/// @par Errors  `errc::bad_arguments`: syntax, with the byte; nested deeper than 256
result<boost::json::value> parse_json(std::string_view text, boost::json::storage_ptr memory = {});

/// Reads a value of a type; `path` begins the message of an error.
/// @par Errors  `errc::bad_arguments`
result<value> from_json(const type& of, const boost::json::value& json, std::string_view path = "value");

/// Reads the arguments of a call: an array in order, or an object by parameter name.
/// @par Errors  `errc::bad_arguments`
result<arguments> arguments_from_json(const function& of, const boost::json::value& json);

/// Writes a value of a type.
/// @par Errors  `errc::bad_arguments`: the value does not fit the type
result<boost::json::value> to_json(const type& of, const value& v);

}  // namespace holdfast::wit
