// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "serve/config_reading.hpp"

/// Reads `holdfast.toml` (docs/configuration.md has every key).
///
/// Variables of the environment stand above the file: `HOLDFAST_SERVER__LISTEN` is `listen` of `[server]`.
/// What a file or a variable says is untrusted: it is bounded, and whatever it is, reading ends with remarks.
namespace holdfast::serve {

/// The largest configuration that is read.
inline constexpr std::size_t largest_config = 1U << 20;

/// Reads text, and looks at nothing else: no file is touched. Paths are relative to the folder of `file`,
/// which remarks name.
config_reading parse_config(std::string_view text, const std::filesystem::path& file,
                            const environment_variables& environment = {});

/// Adds an error for each file that the settings name and that is not there.
void check_files(config_reading& of);

/// Both, of a file.
config_reading read_config(const std::filesystem::path& file, const environment_variables& environment = {});

/// What a command line of components means: a component a file, by its stem, of the kind that its exports
/// say.
config_reading config_of_files(std::span<const std::filesystem::path> components,
                               const environment_variables& environment = {});

/// Every key that the reader knows, such as `components.NAME.limits.memory`, with its default as it is
/// written in a file; empty where the default is not a value.
std::map<std::string, std::string> known_keys();

/// Whether a component may be called so: letters, digits, `-`, `_` and `.`, at most 64.
bool is_component_name(std::string_view text);

/// The environment of this process.
environment_variables process_environment();

}  // namespace holdfast::serve
