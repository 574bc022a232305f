// SPDX-License-Identifier: Apache-2.0
#include "cli/run_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace holdfast::testing_support {
namespace {

using clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int number) : number_(number) {
    if (number_ < 0) fail("a descriptor");
  }
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() { close(); }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  int number() const noexcept { return number_; }

 private:
  int number_ = -1;
};

struct channel {
  descriptor read;
  descriptor write;
};

channel make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
  return {descriptor(ends[0]), descriptor(ends[1])};
}

channel make_terminal(unsigned columns) {
  descriptor near(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (::grantpt(near.number()) != 0 || ::unlockpt(near.number()) != 0) fail("unlockpt");
  std::array<char, 128> name{};
  if (::ptsname_r(near.number(), name.data(), name.size()) != 0) fail("ptsname_r");
  descriptor far(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  const winsize size{
      .ws_row = 40, .ws_col = static_cast<unsigned short>(columns), .ws_xpixel = 0, .ws_ypixel = 0};
  if (::ioctl(far.number(), TIOCSWINSZ, &size) != 0) fail("TIOCSWINSZ");
  return {std::move(near), std::move(far)};
}

// What is still to be fed to standard input.
struct feed {
  std::string_view text;
  std::uint64_t more = 0;
  const std::string filler = std::string(1U << 16, 'a');

  bool empty() const noexcept { return text.empty() && more == 0; }
  // False: the command reads no more.
  bool give(int to) {
    const std::string_view next =
        !text.empty() ? text
                      : std::string_view(filler).substr(0, std::min<std::uint64_t>(more, filler.size()));
    const ssize_t given = ::write(to, next.data(), next.size());
    if (given < 0) return errno == EAGAIN || errno == EINTR;
    if (!text.empty()) {
      text.remove_prefix(static_cast<std::size_t>(given));
    } else {
      more -= static_cast<std::uint64_t>(given);
    }
    return true;
  }
};

// False: nothing more will come. A terminal ends with an error once its other side is closed.
bool take(int from, std::string& into) {
  std::array<char, 1U << 14> piece{};
  const ssize_t taken = ::read(from, piece.data(), piece.size());
  if (taken < 0) return errno == EAGAIN || errno == EINTR;
  into.append(piece.data(), static_cast<std::size_t>(taken));
  return taken > 0;
}

void become(const std::vector<std::string>& command, const surroundings& around, int in, int out, int err) {
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::signal(SIGPIPE, SIG_DFL);
  if (!around.folder.empty() && ::chdir(around.folder.c_str()) != 0) ::_exit(127);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words.front(), words.data());
  ::_exit(127);
}

}  // namespace

ended run(const std::vector<std::string>& command, const surroundings& around) {
  ::signal(SIGPIPE, SIG_IGN);
  channel in = make_pipe();
  channel out = around.terminal_columns != 0 ? make_terminal(around.terminal_columns) : make_pipe();
  channel err = make_pipe();
  if (!around.full_device.empty())
    out.write = descriptor(::open(around.full_device.c_str(), O_WRONLY | O_CLOEXEC));
  if (around.closed_output) out.read.close();

  const auto begun = clock::now();
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0) become(command, around, in.read.number(), out.write.number(), err.write.number());
  in.read.close();
  out.write.close();
  err.write.close();
  const descriptor end(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  ::fcntl(in.write.number(), F_SETFL, O_NONBLOCK);

  ended told;
  feed rest{around.input, around.more_input};
  bool running = true;
  while (running || out.read.number() >= 0 || err.read.number() >= 0) {
    if (rest.empty()) in.write.close();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(begun + around.limit - clock::now());
    if (left.count() <= 0 && !told.hung) {
      told.hung = true;
      ::kill(child, SIGKILL);
    }
    // Negative numbers are passed over by poll.
    std::array<pollfd, 4> watched{{{running ? end.number() : -1, POLLIN, 0},
                                   {in.write.number(), POLLOUT, 0},
                                   {out.read.number(), POLLIN, 0},
                                   {err.read.number(), POLLIN, 0}}};
    ::poll(watched.data(), watched.size(), told.hung ? 1000 : static_cast<int>(left.count()));
    if (watched[0].revents != 0) running = false;
    if (watched[1].revents != 0 && !rest.give(in.write.number())) rest.text = {}, rest.more = 0;
    if (watched[2].revents != 0 && !take(out.read.number(), told.out)) out.read.close();
    if (watched[3].revents != 0 && !take(err.read.number(), told.err)) err.read.close();
  }
  int status = 0;
  rusage used{};
  ::wait4(child, &status, 0, &used);
  told.took = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begun);
  told.peak_memory = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
  if (WIFEXITED(status)) told.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) told.signal = WTERMSIG(status);
  return told;
}

ended run_holdfast(std::vector<std::string> arguments, const surroundings& around) {
  arguments.insert(arguments.begin(), HOLDFAST_COMMAND);
  return run(arguments, around);
}

std::string guest(std::string_view file) {
  return (std::filesystem::path(HOLDFAST_GUESTS_DIR) / file).string();
}

std::size_t lines_in(std::string_view text) {
  const auto ends = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  return ends + (text.empty() || text.back() == '\n' ? 0 : 1);
}

std::string obeyed_in(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> hidden{
      {{"\u200b", "zero width space"},
       {"\u200f", "right-to-left mark"},
       {"\u2028", "line separator"},
       {"\u202e", "right-to-left override"},
       {"\u2060", "word joiner"},
       {"\u2066", "left-to-right isolate"},
       {"\u2069", "pop isolate"},
       {"\xc2\x9b", "C1 introducer"}}};
  std::string found;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f)
      found += "byte " + std::to_string(c) + "; ";
  for (const auto& [bytes, name] : hidden)
    if (text.find(bytes) != std::string_view::npos) found += std::string(name) + "; ";
  return found;
}

}  // namespace holdfast::testing_support
