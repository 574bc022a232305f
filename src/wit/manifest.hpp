// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <holdfast/error.hpp>
#include <holdfast/world.hpp>
#include <string_view>

/// The manifest of a component: its cancel contract in a JSON file beside it.
///
///     {
///       "exports": {
///         "greet": ["read-only"],
///         "acme:shop/orders#place": ["idempotent", "kill-safe"],
///         "orders.trim": []
///       }
///     }
///
/// What it says of an export replaces every mark from elsewhere. It is written by hand, so it is read
/// strictly and each complaint has line and column: an unknown member or mark, an export that the component
/// does not have, one that is named twice in whatever spelling.
namespace holdfast::wit {

/// Reads a manifest's text and marks the exports of `of`. On an error some may be marked already.
/// @par Errors  `errc::bad_contract`: the detail begins with `name:line:column`
result<void> apply_manifest(world& of, std::string_view text, std::string_view name);

/// The same for a file.
/// @par Errors  `errc::bad_contract`: cannot be read, larger than 1 MiB, or wrong
result<void> load_manifest(world& of, const std::filesystem::path& file);

/// Where a component's manifest is looked for: `app.holdfast.json` for `app.wasm`.
std::filesystem::path manifest_beside(const std::filesystem::path& component);

}  // namespace holdfast::wit
