// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <holdfast/world.hpp>
#include <string>

/// A function's signature in WIT, broken into lines where it is long.
namespace holdfast::wit {

/// Like `function::to_string`, with lines of about `width` characters where the types allow it. The lines are
/// parted by `\n` and indented by two spaces a level.
std::string wrapped_signature(const function& of, std::size_t width = 80);

}  // namespace holdfast::wit
