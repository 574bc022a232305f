// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

/// What `--help` says, of every command that there is.
namespace holdfast::testing_support {

using command_words = std::vector<std::string>;

std::string help_of(command_words command);

/// The command and all below it, as their own help names them.
std::vector<command_words> all_commands(const command_words& from = {});

/// The lines under `Examples:`, each one for a shell.
std::vector<std::string> examples_of(const command_words& command);

}  // namespace holdfast::testing_support
