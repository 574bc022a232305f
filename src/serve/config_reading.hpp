// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/config.hpp"

/// What reading a configuration gives: the settings, and all that is wrong with them, not the first alone.
namespace holdfast::serve {

/// Where something stands.
struct config_place {
  std::string source{};    ///< the file, or the variable of the environment
  std::uint32_t line = 0;  ///< from 1; 0: the source as a whole
  std::uint32_t column = 0;

  /// `holdfast.toml:12:3`, `HOLDFAST_SERVER__LISTEN`.
  std::string text() const;
};

/// A sentence about the configuration. Safe to show: what it quotes is escaped.
struct config_remark {
  config_place place{};
  std::string text{};

  std::string line() const { return place.text() + ": " + text; }
};

/// A file that the settings name and that has to be there.
struct expected_file {
  enum class kind : std::uint8_t {
    file,
    folder,
    either,
    parent,  ///< the folder that it will be made in
  };
  config_place place{};
  std::string key{};  ///< the setting that names it
  std::filesystem::path path{};
  kind what = kind::file;
};

struct config_reading {
  config settings{};  ///< complete only where there is no error
  std::vector<config_remark> errors{};
  std::vector<config_remark> warnings{};
  std::vector<expected_file> files{};
  bool names_cache = false;  ///< else `cache` is that of this user, which is looked up outside the file

  bool sound() const noexcept { return errors.empty(); }
};

/// Variables of an environment, by name.
using environment_variables = std::vector<std::pair<std::string, std::string>>;

}  // namespace holdfast::serve
