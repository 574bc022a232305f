// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <source_location>
#include <stdexcept>
#include <string>

/// What the programs of this folder share. A page shows a part of each, and the rest of it holds that part to
/// what the page says.

/// A claim of the page's.
inline void must(bool holds, const std::source_location& at = std::source_location::current()) {
  if (!holds)
    throw std::runtime_error(std::string(at.file_name()) + ":" + std::to_string(at.line()) + ": not so");
}

/// A folder with the guests in it, where a program may leave its files. Gone at the end.
class workshop {
 public:
  explicit workshop(const std::filesystem::path& guests) {
    std::string name = (std::filesystem::temp_directory_path() / "holdfast-book-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder can be made");
    place_ = name;
    for (const auto& each : std::filesystem::directory_iterator(std::filesystem::canonical(guests)))
      std::filesystem::create_symlink(each.path(), place_ / each.path().filename());
    std::filesystem::current_path(place_);
  }
  workshop(const workshop&) = delete;
  workshop& operator=(const workshop&) = delete;
  ~workshop() {
    std::error_code ignored;
    std::filesystem::current_path("/", ignored);
    std::filesystem::remove_all(place_, ignored);
  }

 private:
  std::filesystem::path place_;
};

/// The main function of each: `NAME GUESTS`.
inline int work_in(int argc, char** argv, void (*page)()) {
  try {
    const workshop here(argc > 1 ? argv[1] : ".");
    page();
    return 0;
  } catch (const std::exception& wrong) {
    std::cerr << wrong.what() << "\n";
    return 1;
  }
}
