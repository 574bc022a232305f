// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_screen.hpp"

#include <algorithm>
#include <cstdio>

#include "cli/terminal.hpp"

namespace holdfast::cli::demo {
namespace {

constexpr std::size_t bar_width = 20;

template <class... Parts>
std::string format(const char* form, Parts... parts) {
  char text[256];
  std::snprintf(text, sizeof text, form, parts...);
  return text;
}

std::string number(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string bar(double share) {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * bar_width);
  return "[" + std::string(full, '#') + std::string(bar_width - full, '.') + "]";
}

char mark(cell_state state) {
  switch (state) {
    case cell_state::building:
      return 'b';
    case cell_state::idle:
      return '.';
    case cell_state::running:
      return '#';
    case cell_state::stopping:
      return 's';
    case cell_state::rebuilding:
      return 'r';
    case cell_state::broken:
      return 'X';
    case cell_state::draining:
      return 'd';
    case cell_state::closed:
      return '-';
  }
  return '?';
}

}  // namespace

void screen::clear() {
  if (terminal_ && drawn_ > 0) std::printf("\x1b[%uA\x1b[J", drawn_);
  drawn_ = 0;
}

void screen::line(const std::string& safe) {
  if (!terminal_) return;
  std::printf("%s\n", safe.c_str());
  ++drawn_;
}

// A line that is drawn over again must stay one line: where the terminal is narrow, its end is cut off.
void screen::cut_line(const std::string& safe) { line("\x1b[?7l" + safe + "\x1b[?7h"); }

void screen::say(const std::string& safe) {
  clear();
  cut_line(safe);
  std::fflush(stdout);
}

void screen::show(const direct_result& problem) {
  clear();
  line("DIRECT   each caller owns the future of its call; every third leaves half-way");
  line("");
  line(format("  %-12s %-11s %8s %9s %6s %13s", "guest", "language", "calls", "answered", "left",
              "failed after"));
  for (std::size_t i = 0; i < guests_.size(); ++i) {
    const direct_guest& one = problem.guests[i];
    line(format("  %-12s %-11s %8s %9s %6s %13s", guests_[i].name.c_str(), guests_[i].language.c_str(),
                number(one.calls).c_str(), number(one.answered).c_str(), number(one.left).c_str(),
                number(one.failed_after).c_str()));
  }
  line("");
  line("  One caller leaves, and the instance is lost for everybody:");
  line("    " + escape_line(problem.error));
  line("");
  std::fflush(stdout);
  drawn_ = 0;  // it stays
}

void screen::show(const held_settings& settings, held_storm& storm, double seconds, bool last) {
  clear();
  ledger& book = storm.book();
  const std::uint64_t done = std::min(book.done(), settings.calls);
  cut_line(format("HELD     the same storm through Holdfast: %s callers, a third of them leave,",
                  number(settings.callers).c_str()));
  cut_line("         5 % of the calls trap, 1 % loop for ever");
  line("");
  cut_line(
      "  " + bar(static_cast<double>(done) / static_cast<double>(settings.calls)) + " " + number(done) +
      " of " + number(settings.calls) +
      format(
          " calls in %.1f s, %s a second", seconds,
          number(seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(done) / seconds) : 0).c_str()));
  line("");
  cut_line(format("  completed %10s    callers who left    %8s",
                  number(book.count(outcome::completed)).c_str(), number(book.left).c_str()));
  cut_line(format("  trapped   %10s    stopped at deadline %8s", number(book.count(outcome::trapped)).c_str(),
                  number(book.count(outcome::deadline_killed)).c_str()));
  cut_line(format("  revoked   %10s    host failed         %8s", number(book.count(outcome::revoked)).c_str(),
                  number(book.count(outcome::host_failed)).c_str()));
  cut_line(format("  refused   %10s    instances rebuilt   %8s", number(book.refused).c_str(),
                  number(book.rebuilt).c_str()));
  line("");
  for (std::size_t i = 0; i < guests_.size(); ++i) {
    std::string states;
    std::uint64_t generations = 0;
    for (const cell_status& one : storm.cells(i)) {
      states.push_back(mark(one.state));
      generations += one.generation;
    }
    cut_line(format("  %-12s %-11s [%s]%*s %8s generations", guests_[i].name.c_str(),
                    guests_[i].language.c_str(), states.c_str(),
                    static_cast<int>(8 - std::min<std::size_t>(8, states.size())), "",
                    number(generations).c_str()));
  }
  cut_line("  (. idle   # running   s stopping   r rebuilding)");
  line("");
  std::fflush(stdout);
  if (last) drawn_ = 0;
}

void screen::show(const held_result& end) {
  if (end.lost == 0 && end.complaints.empty() && end.next_call_ok) {
    line("  Every accepted call has one outcome. No reply reached the wrong caller.");
    line("  Every instance answers, and each guest's own count of its work is what the");
    line("  outcomes say.");
  } else {
    line("  A claim did not hold: " + number(end.lost) + " calls without an outcome.");
    for (const std::string& why : end.complaints) line("    " + escape_line(why));
  }
  std::fflush(stdout);
}

}  // namespace holdfast::cli::demo
