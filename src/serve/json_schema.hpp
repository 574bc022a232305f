// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <holdfast/type.hpp>
#include <holdfast/world.hpp>

/// WIT types as JSON Schema 2020-12, for the JSON of `wit/json.hpp`.
///
/// What a schema of `json_side::taken` allows, `wit::from_json` reads, and the other way round. One thing no
/// schema can tell: a 64-bit number beyond 2^53 is read where it is written with all its digits, but not as
/// `1e18`. Schemas allow it as text alone.
namespace holdfast::serve {

/// Readers take more than writers write: `"case"` beside `{"case": null}`, arrays of bytes, missing options.
enum class json_side : std::uint8_t { taken, written };

/// Whether JSON can carry it: no resource, stream or future is in it, and nothing that is only described.
bool crosses(const wit::type& of) noexcept;
bool crosses(const wit::function& of) noexcept;

/// Only for what crosses.
boost::json::object schema_of(const wit::type& of, json_side side);

/// The body of a call: an array in order, or an object by parameter name.
boost::json::object arguments_schema(const wit::function& of);

}  // namespace holdfast::serve
