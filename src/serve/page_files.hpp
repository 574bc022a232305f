// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "serve/embedded_file.hpp"

/// The dashboard: the files of `src/serve/page`, which are part of the program.
namespace holdfast::serve {

/// All of them, by path.
std::span<const embedded_file> page_files();

/// The file for a request's path without query: `/` is the page itself, `/page/NAME` what it loads. Null:
/// none.
const embedded_file* find_page_file(std::string_view path);

/// The `Content-Security-Policy` that each of them is served with.
///
/// The page shows text of strangers. It never makes markup of it; should it ever, this runs and loads
/// nothing.
inline constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

}  // namespace holdfast::serve
