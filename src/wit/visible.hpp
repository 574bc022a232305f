// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

/// Text of strangers, made safe to show: nothing in it may move a cursor, change a colour, turn the direction
/// of writing or hide.
namespace holdfast::wit {

/// Makes text safe to show on one line: control characters, C1, bidirectional overrides and bytes that are no
/// UTF-8 become visible escapes.
std::string escape_line(std::string_view untrusted);

/// JSON on one line, with everything escaped that a terminal might obey. Still the same JSON.
std::string json_line(const boost::json::value& what);

}  // namespace holdfast::wit
