// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Base64 of RFC 4648, section 4, with padding: how bytes stand in JSON.
namespace holdfast::wit {

std::string to_base64(std::span<const std::uint8_t> bytes);

/// Nothing where the text is not exactly what `to_base64` would have written: one text a value.
std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text);

}  // namespace holdfast::wit
