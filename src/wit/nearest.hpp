// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What a person may have meant: how far two names are apart. Names come from strangers, so every answer is
/// bounded in size and time.
namespace holdfast::wit {

/// How much of a name is compared and shown.
inline constexpr std::size_t longest_compared = 128;

/// The edit distance of two names, of their beginnings where they are long.
std::size_t bounded_distance(std::string_view left, std::string_view right);

/// A name for a message: UTF-8 whatever was written, and not longer than a line.
std::string shortened(std::string_view name);

}  // namespace holdfast::wit
