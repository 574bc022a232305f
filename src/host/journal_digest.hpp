// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <holdfast/journal.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What stands beside a record on disk, so that a damaged one is not taken for another.
namespace holdfast::detail {

using record_digest = std::array<std::byte, 16>;

/// Of all that the record says.
record_digest digest_of(const journal_record& what);
record_digest digest_of(const journal_state& what);
record_digest digest_of(const journal_step& what);
record_digest digest_of(const journal_timer& what);
/// Of bytes as they are.
record_digest digest_of(std::span<const std::byte> bytes);

/// What records of one export and result type have in common, and no others do.
std::string export_of(const journal_record& what);

/// The code of that name; nothing where there is none.
std::optional<std::error_code> code_named(std::string_view name) noexcept;
std::optional<outcome> outcome_named(std::string_view name) noexcept;
/// The effect of that word, as on the wire.
std::optional<effect> effect_named(std::string_view name) noexcept;

}  // namespace holdfast::detail
