// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.hpp"

#include <unistd.h>

namespace holdfast::cli {

bool is_terminal(std::FILE* stream) noexcept { return ::isatty(::fileno(stream)) == 1; }

void complain(std::string_view safe) {
  std::fprintf(stderr, "holdfast: %.*s\n", static_cast<int>(safe.size()), safe.data());
}

std::shared_ptr<serve::guest_lines> guests_to_terminal() {
  return serve::guest_lines::to([](const serve::guest_line& line) {
    std::fprintf(stderr, "guest %s: %s\n", line.stream == guest_stream::out ? "stdout" : "stderr",
                 escape_line(line.untrusted).c_str());
  });
}

}  // namespace holdfast::cli
