// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <holdfast/error.hpp>
#include <optional>
#include <string>

#include "host/sqlite.hpp"

/// The tables of a journal's file, and its versions.
namespace holdfast::detail {

/// Makes the tables of an empty file, and brings those of an older version to this one, all or nothing.
/// `failure` tells the last thing that SQLite could not do.
/// @par Errors  `bad_journal`: another program's, or a newer Holdfast's; and what `failure` tells
std::optional<error> settle_schema(sqlite3* of, const std::string& path, bool create,
                                   const std::function<error(const char* what)>& failure);

}  // namespace holdfast::detail
