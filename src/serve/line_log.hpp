// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <holdfast/error.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

/// Lines to a file or to standard error, written by a thread of their own.
///
/// Whoever logs never waits and never fails: where the disk is slower than the lines come, or full, lines are
/// lost and counted, and the server goes on. (spdlog's asynchronous logger, of Debian's 1.10, ends its thread
/// from within it where the last line outlives the logger, and cannot say that all was written.)
namespace holdfast::serve {

/// @par Thread safety  shared objects: safe
class line_log {
 public:
  /// `-`: standard error; `off`: nowhere; else a file that is appended to.
  /// @par Errors  `no_resources`: the file cannot be opened
  static result<std::shared_ptr<line_log>> open(const std::string& where);
  line_log(const line_log&) = delete;
  line_log& operator=(const line_log&) = delete;
  /// Writes what is left, unless the disk refuses it.
  ~line_log();

  bool off() const noexcept { return where_ == "off"; }
  /// One line without its end, which is safe to show.
  void write(std::string line) noexcept;
  /// Opens the file again, behind what was given so far: it may have been moved away (logrotate). Where that
  /// fails the old one is kept.
  result<void> reopen();
  /// Lines that could not be kept.
  std::uint64_t lost() const noexcept;

 private:
  explicit line_log(std::string where) : where_(std::move(where)) {}
  result<int> open_file() const;
  void run();

  const std::string where_;
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
  std::uint64_t lost_ = 0;
  int next_file_ = -1;  // to go on with
  bool ending_ = false;
  int file_ = -1;  // the thread's
  std::thread thread_;
};

}  // namespace holdfast::serve
