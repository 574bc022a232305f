// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

/// The projects that `holdfast new` writes, as they are in src/cli/templates.
namespace holdfast::cli {

struct project_file {
  std::string_view language;
  std::string_view path;  ///< in the project
  bool executable = false;
  std::string_view content;  ///< `{{name}}` stands for the project's name
};

/// Every file of every language, sorted by both.
std::span<const project_file> project_template();

}  // namespace holdfast::cli
