// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

/// The terminal while `holdfast top` has it: the other screen, no cursor, keys as they are pressed.
///
/// It is given back as it was when this is destroyed, and by a signal that ends the process in disorder too.
namespace holdfast::cli::top {

struct screen_size {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

class screen {
 public:
  screen();
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;
  ~screen();

  /// Gives the terminal back for a while, and takes it again.
  void leave();
  void enter();

  static screen_size size();
  /// Draws over what was there. False: the terminal is gone.
  bool show(const std::vector<std::string>& safe);

 private:
  bool here_ = false;
};

/// What a person pressed.
enum class key { none, up, down, page_up, page_down, home, end, quit, kill, revoke, yes, no, redraw };

/// Reads keys from bytes that may be cut anywhere.
class key_reader {
 public:
  std::vector<key> push(const std::string& bytes);

 private:
  std::string rest_;  // an escape that has not ended
};

}  // namespace holdfast::cli::top
