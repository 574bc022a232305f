// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <string_view>

#include "serve/guest_lines.hpp"
#include "wit/visible.hpp"

/// What reaches the person's terminal. Guests' text is untrusted: nothing in it may move the cursor or change
/// a colour.
namespace holdfast::cli {

/// Whether a person watches that stream.
bool is_terminal(std::FILE* stream) noexcept;

using wit::escape_line;
using wit::json_line;

/// One line to standard error: `holdfast: ...`.
void complain(std::string_view safe);

/// Guests' output to standard error, whole lines, each with its stream's name.
std::shared_ptr<serve::guest_lines> guests_to_terminal();

}  // namespace holdfast::cli
