// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>

/// Whether JSON is what a schema allows: as much of JSON Schema as Holdfast writes.
namespace holdfast::testing_support {

/// @throws std::runtime_error where the schema has a word that is not known here
bool validates(const boost::json::value& schema, const boost::json::value& instance);

}  // namespace holdfast::testing_support
