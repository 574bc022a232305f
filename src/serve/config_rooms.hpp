// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "serve/config_table.hpp"

/// The tables of the configuration. Each reader asks for what a table may have.
namespace holdfast::serve {

/// What is looked at when all is read, and where it stands.
struct pending_checks {
  struct name {
    config_place place;
    std::string text;
  };
  std::vector<name> called{};  ///< components that others may call
  struct memory {
    config_place place;
    std::uint64_t bytes = 0;
  };
  std::vector<memory> memories{};  ///< that instances are allowed
  bool instances_are_given = false;
  config_place instances{};
  config_place listen{};
};

void read_server(config_table& of, server_settings& to);
void read_principals(config_table& of, server_settings& to);
void read_rate(config_table& of, rate_limits& to);
void read_component(const std::string& name, config_table& of, component_settings& to, pending_checks& later);

/// The whole: what `file` says, and the environment above it.
void read_root(config_source& of, toml::table& file, const environment_variables& environment);

/// What remarks call a file; the command line where it has no name.
std::string name_of_source(const std::filesystem::path& file);

/// What no table can say by itself.
void check_together(config_source& of, const pending_checks& later);

}  // namespace holdfast::serve
