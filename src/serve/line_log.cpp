// SPDX-License-Identifier: Apache-2.0
#include "serve/line_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace holdfast::serve {
namespace {

constexpr std::size_t most_bytes = 8U << 20;   // that wait
constexpr std::size_t one_write = 256U << 10;  // of lines that wait, together

}  // namespace

result<std::shared_ptr<line_log>> line_log::open(const std::string& where) {
  std::shared_ptr<line_log> made(new line_log(where));
  if (made->off()) return made;
  auto file = made->open_file();
  if (!file) return file.error();
  made->file_ = *file;
  made->thread_ = std::thread([log = made.get()] { log->run(); });
  return made;
}

line_log::~line_log() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  more_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (next_file_ >= 0) ::close(next_file_);
  if (file_ >= 0) ::close(file_);
}

result<int> line_log::open_file() const {
  const int file = where_ == "-" ? ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
                                 : ::open(where_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (file < 0)
    return error(errc::no_resources, "the log " + where_ + " cannot be opened: " + std::strerror(errno));
  return file;
}

result<void> line_log::reopen() {
  if (off()) return {};
  auto file = open_file();
  if (!file) return file.error();
  {
    const std::scoped_lock lock(mutex_);
    if (next_file_ >= 0) ::close(next_file_);
    next_file_ = *file;
  }
  more_.notify_one();
  return {};
}

void line_log::write(std::string line) noexcept {
  if (off()) return;
  try {
    line.push_back('\n');
    const std::scoped_lock lock(mutex_);
    if (bytes_ + line.size() > most_bytes) {
      ++lost_;
      return;
    }
    bytes_ += line.size();
    lines_.push_back(std::move(line));
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    ++lost_;
    return;
  }
  more_.notify_one();
}

std::uint64_t line_log::lost() const noexcept {
  const std::scoped_lock lock(mutex_);
  return lost_;
}

void line_log::run() {
  std::string together;
  std::unique_lock lock(mutex_);
  for (;;) {
    more_.wait(lock, [this] { return !lines_.empty() || next_file_ >= 0 || ending_; });
    std::uint64_t lines = 0;
    together.clear();
    while (!lines_.empty() && together.size() < one_write) {
      together += lines_.front();
      bytes_ -= lines_.front().size();
      lines_.pop_front();
      ++lines;
    }
    const int next = lines_.empty() ? std::exchange(next_file_, -1) : -1;
    const bool over = ending_ && lines_.empty();
    lock.unlock();
    std::size_t done = 0;
    while (done < together.size()) {
      const ssize_t put = ::write(file_, together.data() + done, together.size() - done);
      if (put > 0) {
        done += static_cast<std::size_t>(put);
      } else if (put < 0 && errno != EINTR) {
        break;  // a full disk, as a rule; what comes later may find room
      }
    }
    if (next >= 0) {
      ::close(file_);
      file_ = next;
    }
    lock.lock();
    if (done < together.size()) lost_ += lines;
    if (over) return;
  }
}

}  // namespace holdfast::serve
