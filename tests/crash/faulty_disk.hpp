// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

/// The machine's disk as SQLite sees it, with one fault at a place that is counted out.
namespace holdfast::crash {

struct fault {
  enum class kind : std::uint8_t {
    none,
    kill_before_sync,  ///< the process dies at the `at`th sync, before it
    kill_after_sync,   ///< ... after it
    io_error,          ///< the `at`th change fails
    no_room,           ///< it fails for want of room, and so do some after it
    short_write,       ///< ... having written half
  };
  kind what = kind::none;
  std::uint64_t at = 0;

  static fault parse(const std::string& text);  ///< `io_error:17`
  std::string to_text() const;
};

/// Makes SQLite use it from here on in this process, for every file. The counts go up as changes are made.
void use_faulty_disk(const fault& what, std::atomic<std::uint64_t>& syncs,
                     std::atomic<std::uint64_t>& changes);

}  // namespace holdfast::crash
