// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/config_reading.hpp"
#include "serve/toml.hpp"

/// The environment's say: `HOLDFAST_COMPONENTS__HELLO__CELLS=8` is `cells` of `[components.hello]`, and
/// `HOLDFAST__JOURNAL` is `journal`, which stands in no table.
namespace holdfast::serve {

/// Where a setting stands: the names of the tables and of the key, outermost first.
using config_path = std::vector<std::string>;

class config_overrides {
 public:
  struct entry {
    std::string variable;
    std::string text;  ///< its value as it is
  };

  /// Puts what the environment says into `file`. A variable that cannot be placed is an error.
  void apply(const environment_variables& environment, toml::table& file, config_reading& to);

  /// The variable that set exactly this.
  const entry* find(const config_path& path) const;

  /// The variable that set this or a table around it.
  const entry* above(config_path path) const;

  /// A variable that set something in this table.
  const entry* below(const config_path& path) const;

 private:
  std::map<config_path, entry> entries_;
};

}  // namespace holdfast::serve
