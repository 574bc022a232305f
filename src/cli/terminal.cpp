// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.hpp"

#include <unistd.h>

namespace holdfast::cli {
namespace {

// The longest line that is kept while its end has not come.
constexpr std::size_t longest_line = 16U << 10;

}  // namespace

bool is_terminal(std::FILE* stream) noexcept { return ::isatty(::fileno(stream)) == 1; }

void complain(std::string_view safe) {
  std::fprintf(stderr, "holdfast: %.*s\n", static_cast<int>(safe.size()), safe.data());
}

guest_log::~guest_log() {
  for (const auto& [stream, left] : partial_)
    if (!left.empty()) flush(stream, left);
}

void guest_log::write(guest_stream stream, std::string_view untrusted) {
  const std::scoped_lock lock(mutex_);
  std::string& line = partial_[stream];
  for (const char c : untrusted) {
    if (c == '\n' || line.size() >= longest_line) {
      flush(stream, line);
      line.clear();
    }
    if (c != '\n') line.push_back(c);
  }
}

void guest_log::flush(guest_stream stream, std::string_view line) {
  std::fprintf(stderr, "guest %s: %s\n", stream == guest_stream::out ? "stdout" : "stderr",
               escape_line(line).c_str());
}

}  // namespace holdfast::cli
