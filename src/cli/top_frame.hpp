// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/top_model.hpp"

/// One picture of `holdfast top`: lines of safe text.
namespace holdfast::cli::top {

struct frame_settings {
  std::size_t columns = 160;
  std::size_t rows = 0;      ///< 0: as many as it takes
  std::string server;        ///< where it is; safe
  std::string connection;    ///< `live`, or why not; safe
  std::string selected;      ///< the id of a call
  std::string message;       ///< the last line: a question, or what became of it; safe
  bool interactive = false;  ///< whether keys are read, and lines may be marked
  double now = 0;            ///< seconds since 1970, by the server's clock
};

std::vector<std::string> draw(const model& of, const frame_settings& how);

/// No wider than that.
std::string cut(const std::string& text, std::size_t columns);

}  // namespace holdfast::cli::top
