// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

/// Completion of the command line by shells, made from the application itself, so that it knows all that this
/// does.
namespace holdfast::cli {

/// An option of a command, as a shell needs it.
struct completed_option {
  std::vector<std::string> names{};  ///< with their dashes
  std::string about{};               ///< in a line
  bool takes_value = false;
  std::vector<std::string> values{};  ///< the only ones there are; empty: any, and paths are offered
};

/// A command, by the words that lead to it.
struct completed_command {
  std::string path{};                                        ///< `journal check`; empty: `holdfast` itself
  std::vector<std::pair<std::string, std::string>> inner{};  ///< commands in it, with what they are
  std::vector<completed_option> options{};
};

/// Every command of the application, outer ones first.
std::vector<completed_command> commands_of(const CLI::App& app);

std::string bash_completion(const std::vector<completed_command>& all);
std::string zsh_completion(const std::vector<completed_command>& all);
std::string fish_completion(const std::vector<completed_command>& all);

}  // namespace holdfast::cli
