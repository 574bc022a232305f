// SPDX-License-Identifier: Apache-2.0
#include "cli/top_screen.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

namespace holdfast::cli::top {
namespace {

constexpr std::string_view take_over = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J";
constexpr std::string_view give_back = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::array<int, 5> disorders{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// Read by a handler of signals: set before it is installed.
termios before{};
bool had_keys = false;

bool write_all(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, text.data(), text.size());
    if (put < 0 && errno != EINTR) return false;
    if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

void restore() noexcept {
  write_all(give_back);
  if (had_keys) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

// Both calls in `restore` may stand in a handler. The signal then does what it would have done.
void in_disorder(int signal) {
  restore();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

key key_of(char c) noexcept {
  switch (c) {
    case 'q':
    case 'Q':
    case 3:  // Ctrl-C, where the terminal makes no signal of it
    case 4:
      return key::quit;
    case 'k':
      return key::kill;
    case 'r':
      return key::revoke;
    case 'y':
    case 'Y':
      return key::yes;
    case 'n':
    case 'N':
      return key::no;
    case 12:  // Ctrl-L
      return key::redraw;
    default:
      return key::none;
  }
}

key key_of_escape(std::string_view sequence) noexcept {
  constexpr std::array<std::pair<std::string_view, key>, 14> known{{{"[A", key::up},
                                                                    {"[B", key::down},
                                                                    {"OA", key::up},
                                                                    {"OB", key::down},
                                                                    {"[5~", key::page_up},
                                                                    {"[6~", key::page_down},
                                                                    {"[H", key::home},
                                                                    {"[F", key::end},
                                                                    {"OH", key::home},
                                                                    {"OF", key::end},
                                                                    {"[1~", key::home},
                                                                    {"[4~", key::end},
                                                                    {"[7~", key::home},
                                                                    {"[8~", key::end}}};
  for (const auto& [text, what] : known)
    if (text == sequence) return what;
  return key::none;
}

}  // namespace

screen::screen() {
  had_keys = ::tcgetattr(STDIN_FILENO, &before) == 0;
  for (const int each : disorders) ::signal(each, in_disorder);
  enter();
}

screen::~screen() {
  leave();
  for (const int each : disorders) ::signal(each, SIG_DFL);
}

void screen::enter() {
  if (std::exchange(here_, true)) return;
  if (had_keys) {
    termios keys = before;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C and Ctrl-Z stay what they are
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &keys);
  }
  write_all(take_over);
}

void screen::leave() {
  if (std::exchange(here_, false)) restore();
}

screen_size screen::size() {
  winsize told{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &told) != 0 || told.ws_col == 0 || told.ws_row == 0) return {};
  return {.columns = told.ws_col, .rows = told.ws_row};
}

bool screen::show(const std::vector<std::string>& safe) {
  std::string all = "\x1b[H";
  for (std::size_t i = 0; i < safe.size(); ++i) {
    if (i > 0) all += "\r\n";
    all += safe[i] + "\x1b[K";
  }
  return write_all(all + "\x1b[J");
}

std::vector<key> key_reader::push(const std::string& bytes) {
  std::vector<key> all;
  const auto add = [&](key which) {
    if (which != key::none) all.push_back(which);
  };
  for (const char c : bytes) {
    if (c == '\x1b') {
      rest_ = c;
    } else if (rest_.empty()) {
      add(key_of(c));
    } else {
      rest_ += c;
      const bool more = rest_.size() == 2 ? c == '[' || c == 'O' : c < '@';
      if (more && rest_.size() < 8) continue;
      add(key_of_escape(std::string_view(rest_).substr(1)));
      rest_.clear();
    }
  }
  // Nothing behind it: the key Escape itself, which says no.
  if (rest_ == "\x1b") {
    rest_.clear();
    all.push_back(key::no);
  }
  return all;
}

}  // namespace holdfast::cli::top
