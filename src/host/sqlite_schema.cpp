// SPDX-License-Identifier: Apache-2.0
#include "host/sqlite_schema.hpp"

#include <cstdint>
#include <iterator>

namespace holdfast::detail {
namespace {

constexpr int application = 0x486C6466;  // "Hldf", at its place in the file's header
constexpr int newest_version = 3;

constexpr const char* first_version = R"sql(
CREATE TABLE exports (
  id INTEGER PRIMARY KEY,
  pool TEXT NOT NULL,
  function TEXT NOT NULL,
  result_type BLOB NOT NULL,
  UNIQUE (pool, function, result_type)
) STRICT;
CREATE TABLE calls (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  call BLOB NOT NULL,
  export INTEGER NOT NULL REFERENCES exports (id),
  name TEXT NOT NULL,
  request BLOB NOT NULL,
  arguments BLOB,
  deadline INTEGER NOT NULL,
  run_limit INTEGER NOT NULL,
  outcome TEXT,
  code TEXT,
  at INTEGER NOT NULL,
  cell INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  value BLOB NOT NULL,
  detail TEXT NOT NULL,
  backtrace TEXT NOT NULL,
  digest BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX calls_by_key ON calls (key);
PRAGMA application_id = 1215063142;
)sql";

// What a file of version 1 lacks.
constexpr const char* second_version = R"sql(
ALTER TABLE calls ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN state_lost INTEGER NOT NULL DEFAULT 0;
CREATE TABLE actors (
  id INTEGER PRIMARY KEY,
  actor BLOB NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  serial INTEGER NOT NULL,
  written_by BLOB NOT NULL,
  calls INTEGER NOT NULL,
  open INTEGER NOT NULL,
  snapshot BLOB,
  at INTEGER NOT NULL,
  digest BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX actors_by_hash ON actors (actor);
PRAGMA user_version = 2;
)sql";

// What one of version 2 lacks.
constexpr const char* third_version = R"sql(
CREATE TABLE steps (
  id INTEGER PRIMARY KEY,
  actor BLOB NOT NULL,
  serial INTEGER NOT NULL,
  written_by BLOB NOT NULL,
  function TEXT NOT NULL,
  arguments BLOB NOT NULL,
  result BLOB NOT NULL,
  tape BLOB NOT NULL,
  beginning BLOB NOT NULL,
  digest BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX steps_in_order ON steps (actor, serial);
CREATE TABLE timers (
  id INTEGER PRIMARY KEY,
  actor BLOB NOT NULL,
  name TEXT NOT NULL,
  actors TEXT NOT NULL,
  key TEXT NOT NULL,
  setting BLOB NOT NULL,
  due INTEGER NOT NULL,
  function TEXT NOT NULL,
  arguments BLOB NOT NULL,
  digest BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX timers_by_name ON timers (actor, name);
PRAGMA user_version = 3;
)sql";
static_assert(application == 1215063142);

constexpr const char* versions[] = {first_version, second_version, third_version};
static_assert(std::size(versions) == newest_version);

bool bring_up(sqlite3* on, std::size_t from) {
  if (sqlite::run(on, "BEGIN IMMEDIATE") != SQLITE_OK) return false;
  for (std::size_t i = from; i < std::size(versions); ++i)
    if (sqlite::run(on, versions[i]) != SQLITE_OK) return false;
  return sqlite::run(on, "COMMIT") == SQLITE_OK;
}

}  // namespace

std::optional<error> settle_schema(sqlite3* of, const std::string& path, bool create,
                                   const std::function<error(const char* what)>& failure) {
  std::int64_t whose = 0;
  std::int64_t version = 0;
  std::int64_t tables = 0;
  if (sqlite::pragma(of, "PRAGMA application_id", whose) != SQLITE_OK ||
      sqlite::pragma(of, "PRAGMA user_version", version) != SQLITE_OK ||
      sqlite::pragma(of, "SELECT count(*) FROM sqlite_schema", tables) != SQLITE_OK)
    return failure("cannot be read");
  if (whose == 0 && version == 0 && tables == 0) {
    if (!create) return error(errc::bad_journal, path + " is no journal of Holdfast's: it is empty");
    // All of it or nothing: a crash in between leaves an empty file.
    if (sqlite::run(of, "PRAGMA journal_mode = WAL") != SQLITE_OK ||
        sqlite::run(of, "PRAGMA synchronous = FULL") != SQLITE_OK || !bring_up(of, 0))
      return failure("cannot be created");
    return std::nullopt;
  }
  if (whose != application)
    return error(errc::bad_journal, path + " is no journal of Holdfast's, but a database of another program");
  if (version > newest_version)
    return error(errc::bad_journal, "the journal " + path + " was made by a newer Holdfast: it has version " +
                                        std::to_string(version) + ", this one knows up to " +
                                        std::to_string(newest_version));
  if (version < newest_version && !bring_up(of, static_cast<std::size_t>(version)))
    return failure("cannot be brought to this version");
  return std::nullopt;
}

}  // namespace holdfast::detail
