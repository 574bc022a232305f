// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// SQLite in a few words. What fails says so by its result, one of SQLite's.
namespace holdfast::sqlite {

struct close {
  void operator()(sqlite3* what) const noexcept { sqlite3_close_v2(what); }
};
using connection = std::unique_ptr<sqlite3, close>;

/// What SQLite says of the last thing that failed.
inline std::string message(sqlite3* of) { return sqlite3_errmsg(of); }

/// Runs statements that have no parameters and no rows that matter.
inline int run(sqlite3* on, const char* text) noexcept {
  return sqlite3_exec(on, text, nullptr, nullptr, nullptr);
}

/// A prepared statement. Parameters are borrowed until it is reset.
class statement {
 public:
  statement() noexcept = default;
  int prepare(sqlite3* on, const char* text) noexcept {
    sqlite3_stmt* made = nullptr;
    const int result = sqlite3_prepare_v3(on, text, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    what_.reset(made);
    return result;
  }

  void bind(int at, std::int64_t number) noexcept { sqlite3_bind_int64(what_.get(), at, number); }
  void bind(int at, std::string_view text) noexcept {
    sqlite3_bind_text64(what_.get(), at, text.data() != nullptr ? text.data() : "", text.size(),
                        SQLITE_STATIC, SQLITE_UTF8);
  }
  void bind(int at, std::span<const std::byte> bytes) noexcept {
    if (bytes.empty()) {
      sqlite3_bind_zeroblob(what_.get(), at, 0);
    } else {
      sqlite3_bind_blob64(what_.get(), at, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
  }

  int step() noexcept { return sqlite3_step(what_.get()); }
  /// For the next use; what the last came to.
  int reset() noexcept {
    const int result = sqlite3_reset(what_.get());
    sqlite3_clear_bindings(what_.get());
    return result;
  }

  bool is_null(int column) const noexcept { return sqlite3_column_type(what_.get(), column) == SQLITE_NULL; }
  std::int64_t number(int column) const noexcept { return sqlite3_column_int64(what_.get(), column); }
  std::string_view text(int column) const noexcept {
    const auto* const at = reinterpret_cast<const char*>(sqlite3_column_text(what_.get(), column));
    return {at != nullptr ? at : "", static_cast<std::size_t>(sqlite3_column_bytes(what_.get(), column))};
  }
  std::span<const std::byte> bytes(int column) const noexcept {
    const auto* const at = static_cast<const std::byte*>(sqlite3_column_blob(what_.get(), column));
    return {at, static_cast<std::size_t>(sqlite3_column_bytes(what_.get(), column))};
  }

 private:
  struct finalize {
    void operator()(sqlite3_stmt* what) const noexcept { sqlite3_finalize(what); }
  };
  std::unique_ptr<sqlite3_stmt, finalize> what_;
};

/// The one number that a statement answers.
inline int pragma(sqlite3* on, const char* text, std::int64_t& value) {
  statement ask;
  if (const int failed = ask.prepare(on, text); failed != SQLITE_OK) return failed;
  const int got = ask.step();
  if (got != SQLITE_ROW) return got == SQLITE_DONE ? SQLITE_ERROR : got;
  value = ask.number(0);
  return SQLITE_OK;
}

}  // namespace holdfast::sqlite
