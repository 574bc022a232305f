// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/demo_direct.hpp"
#include "cli/demo_held.hpp"

/// The two sides on a terminal, drawn over while the storm goes on.
namespace holdfast::cli::demo {

class screen {
 public:
  screen(const std::vector<guest_kind>& guests, bool terminal) : guests_(guests), terminal_(terminal) {}

  /// One line of what is being done, drawn over by the next; nothing where nobody watches.
  void say(const std::string& safe);
  /// The problem, once it has run.
  void show(const direct_result& problem);
  /// The cure, again and again while it runs.
  void show(const held_settings& settings, held_storm& storm, double seconds, bool last);
  void show(const held_result& end);

 private:
  void clear();
  void line(const std::string& safe);
  void cut_line(const std::string& safe);
  const std::vector<guest_kind>& guests_;
  const bool terminal_;
  unsigned drawn_ = 0;  // lines that the next drawing goes over
};

}  // namespace holdfast::cli::demo
