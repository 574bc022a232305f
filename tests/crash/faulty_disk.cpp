// SPDX-License-Identifier: Apache-2.0
#include "crash/faulty_disk.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace holdfast::crash {
namespace {

constexpr std::uint64_t full_for = 12;  // changes, until there is room again

constexpr std::array<std::pair<fault::kind, std::string_view>, 6> names{
    {{fault::kind::none, "none"},
     {fault::kind::kill_before_sync, "kill_before_sync"},
     {fault::kind::kill_after_sync, "kill_after_sync"},
     {fault::kind::io_error, "io_error"},
     {fault::kind::no_room, "no_room"},
     {fault::kind::short_write, "short_write"}}};

struct state {
  fault what;
  std::atomic<std::uint64_t>* syncs = nullptr;
  std::atomic<std::uint64_t>* changes = nullptr;
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs vfs{};
} disk;

// What becomes of the change that is about to be made.
enum class fate : std::uint8_t { well, error, full, half };

fate next_change() {
  const std::uint64_t number = disk.changes->fetch_add(1);
  switch (disk.what.what) {
    case fault::kind::io_error:
      return number == disk.what.at ? fate::error : fate::well;
    case fault::kind::no_room:
      return number >= disk.what.at && number < disk.what.at + full_for ? fate::full : fate::well;
    case fault::kind::short_write:
      if (number == disk.what.at) return fate::half;
      return number > disk.what.at && number < disk.what.at + full_for ? fate::full : fate::well;
    default:
      return fate::well;
  }
}

int failure_of(fate what, int as_error) { return what == fate::error ? as_error : SQLITE_FULL; }

// A file of the machine's behind one of ours.
struct shim : sqlite3_file {
  sqlite3_file* behind() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  const sqlite3_io_methods* methods() { return behind()->pMethods; }
};
shim& self(sqlite3_file* which) { return *static_cast<shim*>(which); }

int close_file(sqlite3_file* which) { return self(which).methods()->xClose(self(which).behind()); }
int read_file(sqlite3_file* which, void* into, int size, sqlite3_int64 at) {
  return self(which).methods()->xRead(self(which).behind(), into, size, at);
}
int write_file(sqlite3_file* which, const void* from, int size, sqlite3_int64 at) {
  const fate how = next_change();
  if (how == fate::half) self(which).methods()->xWrite(self(which).behind(), from, size / 2, at);
  if (how != fate::well) return failure_of(how, SQLITE_IOERR_WRITE);
  return self(which).methods()->xWrite(self(which).behind(), from, size, at);
}
int truncate_file(sqlite3_file* which, sqlite3_int64 size) {
  if (const fate how = next_change(); how != fate::well) return failure_of(how, SQLITE_IOERR_TRUNCATE);
  return self(which).methods()->xTruncate(self(which).behind(), size);
}
int sync_file(sqlite3_file* which, int flags) {
  const std::uint64_t number = disk.syncs->fetch_add(1);
  if (disk.what.what == fault::kind::kill_before_sync && number == disk.what.at) ::kill(::getpid(), SIGKILL);
  // A sync that fails has lost what it was to keep, whatever it was for.
  if (next_change() != fate::well) return SQLITE_IOERR_FSYNC;
  const int done = self(which).methods()->xSync(self(which).behind(), flags);
  if (disk.what.what == fault::kind::kill_after_sync && number == disk.what.at) ::kill(::getpid(), SIGKILL);
  return done;
}
int size_of_file(sqlite3_file* which, sqlite3_int64* into) {
  return self(which).methods()->xFileSize(self(which).behind(), into);
}
int lock_file(sqlite3_file* which, int how) {
  return self(which).methods()->xLock(self(which).behind(), how);
}
int unlock_file(sqlite3_file* which, int how) {
  return self(which).methods()->xUnlock(self(which).behind(), how);
}
int is_reserved(sqlite3_file* which, int* into) {
  return self(which).methods()->xCheckReservedLock(self(which).behind(), into);
}
int control(sqlite3_file* which, int what, void* with) {
  return self(which).methods()->xFileControl(self(which).behind(), what, with);
}
int sector_size(sqlite3_file* which) { return self(which).methods()->xSectorSize(self(which).behind()); }
int characteristics(sqlite3_file* which) {
  return self(which).methods()->xDeviceCharacteristics(self(which).behind());
}

const sqlite3_io_methods& methods() {
  static const sqlite3_io_methods all = [] {
    sqlite3_io_methods made{};
    made.iVersion = 1;
    made.xClose = close_file;
    made.xRead = read_file;
    made.xWrite = write_file;
    made.xTruncate = truncate_file;
    made.xSync = sync_file;
    made.xFileSize = size_of_file;
    made.xLock = lock_file;
    made.xUnlock = unlock_file;
    made.xCheckReservedLock = is_reserved;
    made.xFileControl = control;
    made.xSectorSize = sector_size;
    made.xDeviceCharacteristics = characteristics;
    return made;
  }();
  return all;
}

int open_file(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* which, int flags, int* got) {
  which->pMethods = nullptr;
  if (next_change() != fate::well) return SQLITE_CANTOPEN;
  const int done = disk.real->xOpen(disk.real, name, self(which).behind(), flags, got);
  if (self(which).behind()->pMethods != nullptr) which->pMethods = &methods();
  return done;
}

int delete_file(sqlite3_vfs*, const char* name, int sync) {
  if (next_change() != fate::well) return SQLITE_IOERR_DELETE;
  return disk.real->xDelete(disk.real, name, sync);
}

}  // namespace

fault fault::parse(const std::string& text) {
  const std::size_t colon = text.find(':');
  for (const auto& [kind, name] : names)
    if (text.substr(0, colon) == name)
      return {.what = kind, .at = colon != std::string::npos ? std::stoull(text.substr(colon + 1)) : 0};
  throw std::invalid_argument("no fault is called " + text);
}

std::string fault::to_text() const {
  for (const auto& [kind, name] : names)
    if (kind == what) return std::string(name) + ":" + std::to_string(at);
  return "none";
}

void use_faulty_disk(const fault& what, std::atomic<std::uint64_t>& syncs,
                     std::atomic<std::uint64_t>& changes) {
  disk.what = what;
  disk.syncs = &syncs;
  disk.changes = &changes;
  disk.real = sqlite3_vfs_find(nullptr);
  disk.vfs = *disk.real;
  disk.vfs.iVersion = 1;
  disk.vfs.pNext = nullptr;
  disk.vfs.zName = "faulty";
  disk.vfs.szOsFile = static_cast<int>(sizeof(shim)) + disk.real->szOsFile;
  disk.vfs.xOpen = open_file;
  disk.vfs.xDelete = delete_file;
  if (sqlite3_vfs_register(&disk.vfs, 1) != SQLITE_OK)
    throw std::runtime_error("SQLite does not take a disk");
}

}  // namespace holdfast::crash
