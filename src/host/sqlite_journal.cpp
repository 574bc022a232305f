// SPDX-License-Identifier: Apache-2.0
#include "host/sqlite_journal.hpp"

#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "host/journal_digest.hpp"
#include "host/sqlite_schema.hpp"

namespace holdfast {
namespace detail {
namespace {

std::array<std::byte, 16> bytes_of(const call_id& id) noexcept {
  return std::bit_cast<std::array<std::byte, 16>>(std::array{id.high, id.low});
}

std::int64_t milliseconds_of(std::chrono::system_clock::time_point at) noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

}  // namespace

error sqlite_journal::failure(const char* what) const {
  const int extended = sqlite3_extended_errcode(db_.get());
  const std::string text = "the journal " + path_ + " " + what + ": " + sqlite::message(db_.get());
  switch (extended & 0xFF) {
    case SQLITE_FULL:
      return {errc::journal_full, text};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {errc::bad_journal, "the journal " + path_ + " is in use by another process"};
    case SQLITE_NOTADB:
      return {errc::bad_journal, path_ + " is no journal of Holdfast's"};
    case SQLITE_CORRUPT:
      return {errc::bad_journal, "the journal " + path_ + " is damaged: " + sqlite::message(db_.get())};
    default:
      break;
  }
  const int system = sqlite3_system_errno(db_.get());
  if ((extended & 0xFF) == SQLITE_IOERR && system == EDQUOT) return {errc::journal_full, text};
  return {errc::journal_failed, system != 0 ? text + " (" + std::strerror(system) + ")" : text};
}

result<std::shared_ptr<sqlite_journal>> sqlite_journal::open(const std::string& path,
                                                             const journal_options& options,
                                                             const char* vfs) {
  // SQLite's names for what is gone when it is closed.
  if (path.empty() || path == ":memory:")
    return error(errc::bad_arguments, "a journal needs a file's name, and `" + path + "` is none");
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | (options.create ? SQLITE_OPEN_CREATE : 0) |
                    SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX;
  const int failed = sqlite3_open_v2(path.c_str(), &opened, flags, vfs);
  sqlite::connection db(opened);
  if (db == nullptr) return error(errc::journal_failed, "no memory for the journal " + path);
  const std::shared_ptr<sqlite_journal> made(new sqlite_journal(path, options, std::move(db)));
  if (failed != SQLITE_OK) return made->failure("cannot be opened");
  if (auto why = made->set_up(options.create)) return *std::move(why);
  return made;
}

std::optional<error> sqlite_journal::set_up(bool create) {
  // The lock before anything is read. Defences against a file that somebody else has made.
  for (const char* each :
       {"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON",
        "PRAGMA temp_store = MEMORY", "PRAGMA mmap_size = 0"})
    if (sqlite::run(db_.get(), each) != SQLITE_OK) return failure("cannot be opened");
  if (auto why = settle_schema(db_.get(), path_, create, [this](const char* what) { return failure(what); }))
    return why;
  for (const char* each : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                           "PRAGMA wal_autocheckpoint = 0", "PRAGMA journal_size_limit = 67108864"})
    if (sqlite::run(db_.get(), each) != SQLITE_OK) return failure("cannot be set up");
  sqlite::statement mode;
  if (mode.prepare(db_.get(), "PRAGMA journal_mode") != SQLITE_OK || mode.step() != SQLITE_ROW ||
      mode.text(0) != "wal")
    return error(errc::journal_failed, "SQLite keeps no log beside the journal " + path_);
  std::int64_t synchronous = 0;
  if (sqlite::pragma(db_.get(), "PRAGMA synchronous", synchronous) != SQLITE_OK || synchronous != 2)
    return error(errc::journal_failed, "this SQLite does not sync as the journal " + path_ + " needs it");
  sqlite3_wal_hook(
      db_.get(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<sqlite_journal*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  return prepare();
}

std::optional<error> sqlite_journal::prepare() {
  const std::pair<sqlite::statement*, const char*> all[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&roll_back_, "ROLLBACK"},
      {&put_,
       "INSERT INTO calls (key, call, export, name, request, arguments, deadline, run_limit, outcome, code, "
       "at,"
       " cell, generation, attempts, value, detail, backtrace, digest, actor,"
       " state_lost)"
       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"
       " ON CONFLICT (key) DO UPDATE SET call = ?2, export = ?3, name = ?4, request = ?5, arguments = ?6,"
       " deadline = ?7, run_limit = ?8, outcome = ?9, code = ?10, at = ?11, cell = ?12, generation = ?13,"
       " attempts = ?14, value = ?15, detail = ?16, backtrace = ?17, digest = ?18,"
       " actor = ?19, state_lost = ?20"},
      {&erase_, "DELETE FROM calls WHERE key = ?1 AND call = ?2"},
      {&find_export_, "SELECT id FROM exports WHERE pool = ?1 AND function = ?2 AND result_type = ?3"},
      {&add_export_, "INSERT INTO exports (pool, function, result_type) VALUES (?1, ?2, ?3) RETURNING id"},
      {&read_,
       "SELECT calls.id, key, call, request, name, arguments, deadline, run_limit, outcome, code, at, cell,"
       " generation, attempts, value, detail, backtrace, digest, exports.id, pool, function, result_type,"
       " actor, state_lost"
       " FROM calls LEFT JOIN exports ON exports.id = calls.export"},
      {&put_state_,
       "INSERT INTO actors (actor, name, key, serial, calls, open, snapshot, at, digest, written_by)"
       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
       " ON CONFLICT (actor) DO UPDATE SET serial = ?4, calls = ?5, open = ?6, snapshot = ?7, at = ?8,"
       " digest = ?9, written_by = ?10 WHERE serial < ?4"},
      {&forget_steps_, "DELETE FROM steps WHERE actor = ?1 AND serial <= ?2"},
      {&put_step_,
       "INSERT OR REPLACE INTO steps (actor, serial, written_by, function, arguments, result, tape, "
       "beginning,"
       " digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
      {&read_steps_,
       "SELECT id, actor, serial, written_by, function, arguments, result, tape, beginning, digest"
       " FROM steps WHERE actor = ?1 ORDER BY serial"},
      {&read_all_steps_,
       "SELECT id, actor, serial, written_by, function, arguments, result, tape, beginning, digest"
       " FROM steps"},
      {&put_timer_,
       "INSERT OR REPLACE INTO timers (actor, name, actors, key, setting, due, function, arguments, digest)"
       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
      {&erase_timer_, "DELETE FROM timers WHERE actor = ?1 AND name = ?2"},
      {&read_timers_,
       "SELECT id, actor, name, actors, key, setting, due, function, arguments, digest FROM timers"},
      {&read_state_,
       "SELECT id, actor, name, key, serial, calls, open, snapshot, at, digest, written_by"
       " FROM actors WHERE actor = ?1"},
      {&read_states_,
       "SELECT id, actor, name, key, serial, calls, open, snapshot, at, digest, written_by"
       " FROM actors"},
  };
  for (const auto& [what, text] : all)
    if (what->prepare(db_.get(), text) != SQLITE_OK) return failure("has another shape than it should");
  return std::nullopt;
}

int sqlite_journal::export_of(const journal_record& what, std::int64_t& id) {
  std::string says = detail::export_of(what);
  if (const auto known = exports_.find(says); known != exports_.end()) {
    id = known->second;
    return SQLITE_OK;
  }
  int result = SQLITE_OK;
  for (sqlite::statement* each : {&find_export_, &add_export_}) {
    each->bind(1, what.pool);
    each->bind(2, what.function);
    each->bind(3, what.result_type);
    const bool there = each->step() == SQLITE_ROW;
    if (there) id = each->number(0);
    result = each->reset();
    if (result != SQLITE_OK) return result;
    if (there) {
      exports_.emplace(std::move(says), id);
      return SQLITE_OK;
    }
  }
  return SQLITE_ERROR;
}

int sqlite_journal::put(const journal_record& what) {
  std::int64_t of = 0;
  if (const int failed = export_of(what, of); failed != SQLITE_OK) return failed;
  const auto call = bytes_of(what.call);
  const record_digest digest = digest_of(what);
  put_.bind(1, std::span<const std::byte>(what.key));
  put_.bind(2, std::span<const std::byte>(call));
  put_.bind(3, of);
  put_.bind(4, what.name);
  put_.bind(5, std::span<const std::byte>(what.request));
  if (what.arguments) put_.bind(6, *what.arguments);
  put_.bind(7, static_cast<std::int64_t>(what.deadline.count()));
  put_.bind(8, static_cast<std::int64_t>(what.run_limit.count()));
  if (what.done) put_.bind(9, std::string_view(to_string(what.what)));
  if (what.done && what.code)
    put_.bind(10, std::string_view(to_string(static_cast<errc>(what.code.value()))));
  put_.bind(11, milliseconds_of(what.at));
  put_.bind(12, static_cast<std::int64_t>(what.cell));
  put_.bind(13, std::bit_cast<std::int64_t>(what.generation));
  put_.bind(14, static_cast<std::int64_t>(what.attempts));
  put_.bind(15, what.value);
  put_.bind(16, what.detail);
  put_.bind(17, what.backtrace);
  put_.bind(18, std::span<const std::byte>(digest));
  put_.bind(19, what.actor);
  put_.bind(20, static_cast<std::int64_t>(what.state_lost));
  put_.step();
  return put_.reset();
}

int sqlite_journal::put(const journal_state& what) {
  const record_digest digest = digest_of(what);
  put_state_.bind(1, std::span<const std::byte>(what.actor));
  put_state_.bind(2, what.group);
  put_state_.bind(3, what.key);
  put_state_.bind(4, std::bit_cast<std::int64_t>(what.serial));
  put_state_.bind(5, std::bit_cast<std::int64_t>(what.calls));
  put_state_.bind(6, static_cast<std::int64_t>(what.open));
  if (what.snapshot) put_state_.bind(7, *what.snapshot);
  put_state_.bind(8, milliseconds_of(what.at));
  put_state_.bind(9, std::span<const std::byte>(digest));
  put_state_.bind(10, std::span<const std::byte>(what.written_by));
  put_state_.step();
  if (const int failed = put_state_.reset(); failed != SQLITE_OK) return failed;
  forget_steps_.bind(1, std::span<const std::byte>(what.actor));
  forget_steps_.bind(2, std::bit_cast<std::int64_t>(what.serial));
  forget_steps_.step();
  return forget_steps_.reset();
}

int sqlite_journal::put(const journal_step& what) {
  const record_digest digest = digest_of(what);
  put_step_.bind(1, std::span<const std::byte>(what.actor));
  put_step_.bind(2, std::bit_cast<std::int64_t>(what.serial));
  put_step_.bind(3, std::span<const std::byte>(what.written_by));
  put_step_.bind(4, what.function);
  put_step_.bind(5, what.arguments);
  put_step_.bind(6, std::span<const std::byte>(what.result));
  put_step_.bind(7, what.tape);
  put_step_.bind(8, what.beginning);
  put_step_.bind(9, std::span<const std::byte>(digest));
  put_step_.step();
  return put_step_.reset();
}

int sqlite_journal::put(const journal_timer& what) {
  sqlite::statement& put = what.gone ? erase_timer_ : put_timer_;
  put.bind(1, std::span<const std::byte>(what.actor));
  put.bind(2, what.name);
  if (what.gone) {
    put.step();
    return put.reset();
  }
  const record_digest digest = digest_of(what);
  put.bind(3, what.group);
  put.bind(4, what.key);
  put.bind(5, std::span<const std::byte>(what.id));
  put.bind(6, milliseconds_of(what.due));
  put.bind(7, what.function);
  put.bind(8, what.arguments);
  put.bind(9, std::span<const std::byte>(digest));
  put.step();
  return put.reset();
}

int sqlite_journal::erase(const journal_erasure& what) {
  const auto call = bytes_of(what.call);
  erase_.bind(1, std::span<const std::byte>(what.key));
  erase_.bind(2, std::span<const std::byte>(call));
  erase_.step();
  return erase_.reset();
}

// What is undone may have been the first record of an export.
std::optional<error> sqlite_journal::give_up(const char* what) {
  error why = failure(what);
  exports_.clear();
  if (sqlite3_get_autocommit(db_.get()) == 0) {
    roll_back_.step();
    if (roll_back_.reset() != SQLITE_OK) return error(errc::journal_failed, why.detail);
  }
  return why;
}

sqlite_journal::~sqlite_journal() {
  // The file is the parent's: to close it here would take its log away.
  if (began_.forked()) static_cast<void>(db_.release());
}

std::optional<error> sqlite_journal::commit(const journal_batch& what) {
  if (began_.forked()) return error(errc::forked);
  const std::scoped_lock lock(mutex_);
  begin_.step();
  if (begin_.reset() != SQLITE_OK) return give_up("cannot be written");
  for (const journal_record& each : what.kept)
    if (put(each) != SQLITE_OK) return give_up("cannot be written");
  for (const journal_erasure& each : what.gone)
    if (erase(each) != SQLITE_OK) return give_up("cannot be written");
  for (const journal_state& each : what.states)
    if (put(each) != SQLITE_OK) return give_up("cannot be written");
  for (const journal_step& each : what.steps)
    if (put(each) != SQLITE_OK) return give_up("cannot be written");
  for (const journal_timer& each : what.timers)
    if (put(each) != SQLITE_OK) return give_up("cannot be written");
  commit_.step();
  if (commit_.reset() != SQLITE_OK) return give_up("cannot be synced");
  return wal_pages_ >= checkpoint_pages_ ? checkpoint() : std::nullopt;
}

// What was committed is safe whatever comes of this, as long as the disk says no untruth.
std::optional<error> sqlite_journal::checkpoint() {
  const int result =
      sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // Without room for it the log grows on, until a commit finds none.
  if (result == SQLITE_OK || (result & 0xFF) == SQLITE_FULL) return std::nullopt;
  return failure("cannot be checkpointed");
}

std::optional<error> sqlite_journal::check() {
  {
    const std::scoped_lock lock(mutex_);
    sqlite::statement ask;
    if (ask.prepare(db_.get(), "PRAGMA integrity_check(1)") != SQLITE_OK) return failure("cannot be checked");
    if (ask.step() != SQLITE_ROW) return failure("cannot be checked");
    if (ask.text(0) != "ok")
      return error(errc::bad_journal, "the journal " + path_ + " is damaged: " + std::string(ask.text(0)));
  }
  if (auto wrong = read([](const journal_record&) {})) return wrong;
  if (auto wrong = read_states([](const journal_state&) {})) return wrong;
  {
    const std::scoped_lock lock(mutex_);
    if (auto wrong = read_all(read_all_steps_, [this](sqlite::statement& from) {
          return read_step_row(from, [](const journal_step&) {});
        }))
      return wrong;
  }
  return read_timers([](const journal_timer&) {});
}

std::optional<error> sqlite_journal::compact() {
  const std::scoped_lock lock(mutex_);
  if (sqlite::run(db_.get(), "DELETE FROM exports WHERE id NOT IN (SELECT export FROM calls)") != SQLITE_OK ||
      sqlite::run(db_.get(), "VACUUM") != SQLITE_OK ||
      sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) !=
          SQLITE_OK)
    return failure("cannot be compacted");
  exports_.clear();
  return std::nullopt;
}

result<journal_account> sqlite_journal::account() {
  const std::scoped_lock lock(mutex_);
  journal_account of;
  std::int64_t version = 0;
  std::int64_t pages = 0;
  std::int64_t page = 0;
  if (sqlite::pragma(db_.get(), "SELECT count(*) FROM calls", of.records) != SQLITE_OK ||
      sqlite::pragma(db_.get(), "SELECT count(*) FROM calls WHERE outcome IS NULL", of.unfinished) !=
          SQLITE_OK ||
      sqlite::pragma(db_.get(), "SELECT count(*) FROM actors", of.actors) != SQLITE_OK ||
      sqlite::pragma(db_.get(), "SELECT count(*) FROM steps", of.steps) != SQLITE_OK ||
      sqlite::pragma(db_.get(), "SELECT count(*) FROM timers", of.timers) != SQLITE_OK ||
      sqlite::pragma(db_.get(), "PRAGMA page_count", pages) != SQLITE_OK ||
      sqlite::pragma(db_.get(), "PRAGMA page_size", page) != SQLITE_OK ||
      sqlite::pragma(db_.get(), "PRAGMA user_version", version) != SQLITE_OK)
    return failure("cannot be read");
  of.bytes = pages * page;
  of.version = static_cast<int>(version);
  return of;
}

std::optional<error> sqlite_journal::back_up(const std::string& path) {
  const auto cannot = [&](sqlite3* of) {
    return error(errc::journal_failed,
                 "the journal " + path_ + " cannot be copied to " + path + ": " + sqlite::message(of));
  };
  std::error_code unknown;
  if (std::filesystem::exists(path, unknown) || unknown)
    return error(errc::journal_failed, "the journal " + path_ + " cannot be copied to " + path + ": " +
                                           (unknown ? unknown.message() : "there is such a file already"));
  sqlite3* opened = nullptr;
  const int failed = sqlite3_open_v2(
      path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  const sqlite::connection to(opened);
  if (failed != SQLITE_OK) return cannot(to.get());
  constexpr int pages_a_hold = 256;  // the writer waits for so many
  sqlite3_backup* copying = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    copying = sqlite3_backup_init(to.get(), "main", db_.get(), "main");
  }
  if (copying == nullptr) return cannot(to.get());
  int got = SQLITE_OK;
  while (got == SQLITE_OK) {
    const std::scoped_lock lock(mutex_);
    got = sqlite3_backup_step(copying, pages_a_hold);
  }
  const std::scoped_lock lock(mutex_);
  if (sqlite3_backup_finish(copying) == SQLITE_OK && got == SQLITE_DONE) return std::nullopt;
  error why = cannot(to.get());
  std::filesystem::remove(path, unknown);  // half a copy would stand in the way of the next
  return why;
}

}  // namespace detail

result<std::shared_ptr<journal>> open_journal(const std::string& path, const journal_options& options) {
  auto made = detail::sqlite_journal::open(path, options);
  if (!made) return made.error();
  return std::shared_ptr<journal>(*std::move(made));
}

}  // namespace holdfast
