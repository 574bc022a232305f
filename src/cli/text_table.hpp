// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

/// Rows for people on a terminal, with heads and in columns; in a pipe a plain line each, with tabs between.
namespace holdfast::cli {

class text_table {
 public:
  explicit text_table(std::vector<std::string> heads) : heads_(std::move(heads)) {}

  /// As many as there are heads; an empty one is shown as `-`.
  void row(std::vector<std::string> safe);
  /// To standard output.
  void print(bool terminal) const;

 private:
  std::vector<std::string> heads_;
  std::vector<std::vector<std::string>> rows_;
};

/// How many columns a text of UTF-8 takes, with every character as wide as a letter.
std::size_t columns_of(const std::string& text) noexcept;

/// `3ms`, `1.25s`, `2m 05s`, `3h 12m`: a time as people read it.
std::string time_for_people(double seconds);

}  // namespace holdfast::cli
