// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <holdfast/world.hpp>
#include <string>
#include <string_view>

/// The documentation of a component: of each export its signature, its text and its cancel contract in words.
///
/// Names and texts come from the component and are untrusted: on each page they can neither be taken for
/// Holdfast's own words nor become markup, a link, a script or a terminal's command. `title` may be untrusted
/// too.
namespace holdfast::wit {

/// Markdown that reads well as it is, and on a forge. The component's own words stand in quotations.
std::string docs_markdown(const world& of, std::string_view title);

/// One HTML page: no script, nothing loaded from elsewhere, dark where the reader's system is.
std::string docs_html(const world& of, std::string_view title);

/// The same as data, in the shape that docs/cancel-contract.md describes. Serialize it by `json_line`.
boost::json::object docs_json(const world& of, std::string_view title);

/// The marks of a contract, a text each.
boost::json::array marks_json(cancel_contract contract);

}  // namespace holdfast::wit
