// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "serve/config_reading.hpp"

/// What tests look at of a configuration that was read.
namespace holdfast::testing_support {

inline std::vector<std::string> lines(const std::vector<serve::config_remark>& all) {
  std::vector<std::string> texts;
  for (const serve::config_remark& one : all) texts.push_back(one.line());
  return texts;
}

inline std::string first_error(const serve::config_reading& of) {
  return of.errors.empty() ? "no error" : of.errors.front().line();
}

}  // namespace holdfast::testing_support
