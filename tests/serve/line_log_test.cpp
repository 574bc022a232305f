// SPDX-License-Identifier: Apache-2.0
#include "serve/line_log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <thread>

#include "support/contents_of.hpp"
#include "support/scratch_folder.hpp"

namespace holdfast::serve {
namespace {

using testing_support::contents_of;
using testing_support::scratch_folder;

TEST(line_log, has_each_line_in_order_when_it_is_gone) {
  const scratch_folder folder;
  const std::string file = folder / "log";
  std::string wanted;
  {
    const auto log = line_log::open(file).value();
    for (int i = 0; i < 1000; ++i) {
      log->write(std::to_string(i));
      wanted += std::to_string(i) + "\n";
    }
  }
  EXPECT_EQ(contents_of(file), wanted);
}

TEST(line_log, that_is_opened_again_goes_on_in_the_new_file) {
  const scratch_folder folder;
  const std::string file = folder / "log";
  {
    const auto log = line_log::open(file).value();
    log->write("before");
    std::filesystem::rename(file, folder / "old");
    ASSERT_TRUE(log->reopen());
    // What was given by then may still go into the old one.
    for (; contents_of(file).empty(); std::this_thread::yield()) log->write("after");
    log->write("last");
  }
  EXPECT_TRUE(contents_of(folder / "old").starts_with("before\n"));
  EXPECT_TRUE(contents_of(file).ends_with("\nlast\n"));
}

TEST(line_log, loses_lines_that_nobody_takes_and_holds_nobody_up) {
  const scratch_folder folder;
  const std::string file = folder / "pipe";
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  const int taker = ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  ASSERT_GE(taker, 0);
  std::atomic<bool> over{false};
  std::thread takes;
  {
    const auto log = line_log::open(file).value();
    const std::string line(1U << 20, 'x');
    for (int i = 0; i < 16; ++i) log->write(line);
    EXPECT_GT(log->lost(), 0U);
    EXPECT_LT(log->lost(), 16U);
    takes = std::thread([&] {
      std::array<char, 65536> piece;  // NOLINT: nobody reads it
      while (!over)
        if (::read(taker, piece.data(), piece.size()) < 0) std::this_thread::yield();
    });
  }
  over = true;
  takes.join();
  ::close(taker);
}

}  // namespace
}  // namespace holdfast::serve
