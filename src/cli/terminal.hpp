// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <holdfast/pool_options.hpp>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "wit/visible.hpp"

/// What reaches the person's terminal. Guests' text is untrusted: nothing in it may move the cursor or change
/// a colour.
namespace holdfast::cli {

/// Whether a person watches that stream.
bool is_terminal(std::FILE* stream) noexcept;

using wit::escape_line;
using wit::json_line;

/// One line to standard error: `holdfast: ...`.
void complain(std::string_view safe);

/// Guests' output to standard error, whole lines, each with its stream's name.
class guest_log {
 public:
  ~guest_log();
  void write(guest_stream stream, std::string_view untrusted);

 private:
  void flush(guest_stream stream, std::string_view line);
  std::mutex mutex_;
  std::map<guest_stream, std::string> partial_;
};

}  // namespace holdfast::cli
