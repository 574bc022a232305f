// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstring>
#include <utility>

#include "host/journal_digest.hpp"
#include "host/sqlite_journal.hpp"

// What a journal's file has, row by row.
namespace holdfast::detail {
namespace {

template <std::size_t N>
bool read_array(std::span<const std::byte> from, std::array<std::byte, N>& into) noexcept {
  if (from.size() != N) return false;
  std::memcpy(into.data(), from.data(), N);
  return true;
}

}  // namespace

std::optional<error> sqlite_journal::damaged(const char* what, std::int64_t row,
                                             const std::string& why) const {
  return error(errc::bad_journal,
               "the journal " + path_ + " is damaged: " + what + " " + std::to_string(row) + ": " + why);
}

std::optional<error> sqlite_journal::read_row(const std::function<void(const journal_record&)>& each) {
  const std::int64_t row = read_.number(0);
  journal_record one;
  std::array<std::byte, 16> call{};
  record_digest digest{};
  if (!read_array(read_.bytes(1), one.key) || !read_array(read_.bytes(2), call) ||
      !read_array(read_.bytes(3), one.request) || !read_array(read_.bytes(17), digest))
    return damaged("record", row, "a hash has a wrong length");
  const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(call);
  one.call = {halves[0], halves[1]};
  one.name = read_.text(4);
  if (!read_.is_null(5)) one.arguments = read_.bytes(5);
  one.deadline = duration(read_.number(6));
  one.run_limit = duration(read_.number(7));
  one.done = !read_.is_null(8);
  if (one.done) {
    const auto what = outcome_named(read_.text(8));
    if (!what) return damaged("record", row, "it has an outcome that there is not");
    one.what = *what;
    if (!read_.is_null(9)) {
      const auto code = code_named(read_.text(9));
      if (!code) return damaged("record", row, "it has an error code that there is not");
      one.code = *code;
    }
  }
  one.at = std::chrono::system_clock::time_point(std::chrono::milliseconds(read_.number(10)));
  one.cell = static_cast<std::uint32_t>(read_.number(11));
  one.generation = std::bit_cast<std::uint64_t>(read_.number(12));
  one.attempts = static_cast<unsigned>(read_.number(13));
  one.value = read_.bytes(14);
  one.detail = read_.text(15);
  one.backtrace = read_.text(16);
  if (read_.is_null(18)) return damaged("record", row, "its export is missing");
  one.pool = read_.text(19);
  one.function = read_.text(20);
  one.result_type = read_.bytes(21);
  one.actor = read_.text(22);
  one.state_lost = read_.number(23) != 0;
  if (digest_of(one) != digest) return damaged("record", row, "it does not say what was written");
  each(one);
  return std::nullopt;
}

std::optional<error> sqlite_journal::read(const std::function<void(const journal_record&)>& each) {
  const std::scoped_lock lock(mutex_);
  return read_all(read_, [&](sqlite::statement&) { return read_row(each); });
}

std::optional<error> sqlite_journal::read_state_row(
    sqlite::statement& from, const std::function<void(const journal_state&)>& each) const {
  journal_state one;
  record_digest digest{};
  if (!read_array(from.bytes(1), one.actor) || !read_array(from.bytes(9), digest) ||
      !read_array(from.bytes(10), one.written_by))
    return damaged("actor", from.number(0), "a hash has a wrong length");
  one.group = from.text(2);
  one.key = from.text(3);
  one.serial = std::bit_cast<std::uint64_t>(from.number(4));
  one.calls = std::bit_cast<std::uint64_t>(from.number(5));
  one.open = from.number(6) != 0;
  if (!from.is_null(7)) one.snapshot = from.bytes(7);
  one.at = std::chrono::system_clock::time_point(std::chrono::milliseconds(from.number(8)));
  if (digest_of(one) != digest) return damaged("actor", from.number(0), "its state is not what was written");
  each(one);
  return std::nullopt;
}

std::optional<error> sqlite_journal::read_step_row(
    sqlite::statement& from, const std::function<void(const journal_step&)>& each) const {
  journal_step one;
  record_digest digest{};
  if (!read_array(from.bytes(1), one.actor) || !read_array(from.bytes(3), one.written_by) ||
      !read_array(from.bytes(6), one.result) || !read_array(from.bytes(9), digest))
    return damaged("step", from.number(0), "a hash has a wrong length");
  one.serial = std::bit_cast<std::uint64_t>(from.number(2));
  one.function = from.text(4);
  one.arguments = from.bytes(5);
  one.tape = from.bytes(7);
  one.beginning = from.bytes(8);
  if (digest_of(one) != digest) return damaged("step", from.number(0), "it does not say what was written");
  each(one);
  return std::nullopt;
}

std::optional<error> sqlite_journal::read_timer_row(
    sqlite::statement& from, const std::function<void(const journal_timer&)>& each) const {
  journal_timer one;
  record_digest digest{};
  if (!read_array(from.bytes(1), one.actor) || !read_array(from.bytes(5), one.id) ||
      !read_array(from.bytes(9), digest))
    return damaged("timer", from.number(0), "a hash has a wrong length");
  one.name = from.text(2);
  one.group = from.text(3);
  one.key = from.text(4);
  one.due = std::chrono::system_clock::time_point(std::chrono::milliseconds(from.number(6)));
  one.function = from.text(7);
  one.arguments = from.bytes(8);
  if (digest_of(one) != digest) return damaged("timer", from.number(0), "it does not say what was written");
  each(one);
  return std::nullopt;
}

std::optional<error> sqlite_journal::read_all(
    sqlite::statement& from, const std::function<std::optional<error>(sqlite::statement& row)>& each) const {
  std::optional<error> wrong;
  while (!wrong && from.step() == SQLITE_ROW) wrong = each(from);
  if (from.reset() != SQLITE_OK && !wrong) wrong = failure("cannot be read");
  return wrong;
}

std::optional<error> sqlite_journal::read_state(const std::array<std::byte, 16>& actor,
                                                const std::function<void(const journal_state&)>& found) {
  const std::scoped_lock lock(mutex_);
  read_state_.bind(1, std::span<const std::byte>(actor));
  return read_all(read_state_, [&](sqlite::statement& from) { return read_state_row(from, found); });
}

std::optional<error> sqlite_journal::read_states(const std::function<void(const journal_state&)>& each) {
  const std::scoped_lock lock(mutex_);
  return read_all(read_states_, [&](sqlite::statement& from) { return read_state_row(from, each); });
}

std::optional<error> sqlite_journal::read_steps(const std::array<std::byte, 16>& actor,
                                                const std::function<void(const journal_step&)>& each) {
  const std::scoped_lock lock(mutex_);
  read_steps_.bind(1, std::span<const std::byte>(actor));
  return read_all(read_steps_, [&](sqlite::statement& from) { return read_step_row(from, each); });
}

std::optional<error> sqlite_journal::read_timers(const std::function<void(const journal_timer&)>& each) {
  const std::scoped_lock lock(mutex_);
  return read_all(read_timers_, [&](sqlite::statement& from) { return read_timer_row(from, each); });
}

}  // namespace holdfast::detail
