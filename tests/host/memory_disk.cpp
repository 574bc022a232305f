// SPDX-License-Identifier: Apache-2.0
#include "host/memory_disk.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

namespace holdfast::testing_support {

// An open file of SQLite's.
struct memory_file : sqlite3_file {
  memory_disk* disk;
  memory_disk::file* of;

  static memory_file& self(sqlite3_file* which) { return *static_cast<memory_file*>(which); }

  static int close(sqlite3_file*) { return SQLITE_OK; }

  static int read(sqlite3_file* which, void* into, int size, sqlite3_int64 at) {
    const memory_disk::bytes& from = self(which).of->now;
    const auto start = std::min(static_cast<std::size_t>(at), from.size());
    const auto got = std::min(static_cast<std::size_t>(size), from.size() - start);
    if (got > 0) std::memcpy(into, from.data() + start, got);
    if (got == static_cast<std::size_t>(size)) return SQLITE_OK;
    std::memset(static_cast<char*>(into) + got, 0, static_cast<std::size_t>(size) - got);
    return SQLITE_IOERR_SHORT_READ;
  }

  static int write(sqlite3_file* which, const void* from, int size, sqlite3_int64 at) {
    memory_file& me = self(which);
    if (me.disk->trouble_ == memory_disk::trouble::full) return SQLITE_FULL;
    if (me.disk->trouble_ == memory_disk::trouble::broken) return SQLITE_IOERR_WRITE;
    me.disk->changed();
    const auto* const data = static_cast<const unsigned char*>(from);
    me.of->unsafe.push_back({.at = static_cast<std::size_t>(at), .data = {data, data + size}});
    const std::size_t end = static_cast<std::size_t>(at) + static_cast<std::size_t>(size);
    if (me.of->now.size() < end) me.of->now.resize(end);
    std::memcpy(me.of->now.data() + at, data, static_cast<std::size_t>(size));
    return SQLITE_OK;
  }

  static int truncate(sqlite3_file* which, sqlite3_int64 size) {
    memory_file& me = self(which);
    me.disk->changed();
    me.of->unsafe.push_back({.cut = static_cast<std::size_t>(size)});
    me.of->now.resize(static_cast<std::size_t>(size));
    return SQLITE_OK;
  }

  static int sync(sqlite3_file* which, int) {
    memory_file& me = self(which);
    if (me.disk->on_sync) me.disk->on_sync();
    if (me.disk->trouble_ == memory_disk::trouble::deaf) return SQLITE_IOERR_FSYNC;
    me.disk->changed();
    me.of->safe = me.of->now;
    me.of->unsafe.clear();
    // As SQLite has it: the first sync of a log syncs its folder too.
    for (auto& [name, each] : me.disk->files_) each.safely_there = each.there;
    return SQLITE_OK;
  }

  static int size(sqlite3_file* which, sqlite3_int64* into) {
    *into = static_cast<sqlite3_int64>(self(which).of->now.size());
    return SQLITE_OK;
  }

  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int is_reserved(sqlite3_file*, int* into) {
    *into = 0;
    return SQLITE_OK;
  }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return 512; }
  static int characteristics(sqlite3_file*) { return 0; }

  static const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods made{};
      made.iVersion = 1;
      made.xClose = close;
      made.xRead = read;
      made.xWrite = write;
      made.xTruncate = truncate;
      made.xSync = sync;
      made.xFileSize = size;
      made.xLock = lock;
      made.xUnlock = lock;
      made.xCheckReservedLock = is_reserved;
      made.xFileControl = control;
      made.xSectorSize = sector_size;
      made.xDeviceCharacteristics = characteristics;
      return made;
    }();
    return &all;
  }

  static memory_disk& disk_of(sqlite3_vfs* which) { return *static_cast<memory_disk*>(which->pAppData); }

  static int open(sqlite3_vfs* in, sqlite3_filename name, sqlite3_file* which, int flags, int* got) {
    memory_file& me = self(which);
    me.pMethods = nullptr;
    memory_disk& disk = disk_of(in);
    memory_disk::file& of = disk.files_[name != nullptr ? name : "temporary"];
    if (!of.there) {
      if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
      disk.changed();
      of.there = true;
      of.now.clear();
    }
    me.disk = &disk;
    me.of = &of;
    me.pMethods = methods();
    if (got != nullptr) *got = flags;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* in, const char* name, int) {
    memory_disk& disk = disk_of(in);
    const auto found = disk.files_.find(name);
    if (found == disk.files_.end() || !found->second.there) return SQLITE_IOERR_DELETE_NOENT;
    disk.changed();
    found->second.there = false;
    return SQLITE_OK;
  }

  static int access(sqlite3_vfs* in, const char* name, int, int* into) {
    const memory_disk& disk = disk_of(in);
    const auto found = disk.files_.find(name);
    *into = found != disk.files_.end() && found->second.there ? 1 : 0;
    return SQLITE_OK;
  }

  static int full_path(sqlite3_vfs*, const char* name, int most, char* into) {
    sqlite3_snprintf(most, into, "%s", name);
    return SQLITE_OK;
  }

  static int randomness(sqlite3_vfs* in, int size, char* into) {
    sqlite3_vfs* const usual = sqlite3_vfs_find(nullptr);
    static_cast<void>(in);
    return usual->xRandomness(usual, size, into);
  }
  static int sleep(sqlite3_vfs*, int) { return 0; }
  static int time(sqlite3_vfs*, double* into) {
    *into = 2460000.0;
    return SQLITE_OK;
  }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }
};

sqlite3_vfs memory_disk::make_vfs(memory_disk& self) {
  sqlite3_vfs made{};
  made.iVersion = 1;
  made.szOsFile = sizeof(memory_file);
  made.mxPathname = 512;
  made.zName = self.name_.c_str();
  made.pAppData = &self;
  made.xOpen = memory_file::open;
  made.xDelete = memory_file::remove;
  made.xAccess = memory_file::access;
  made.xFullPathname = memory_file::full_path;
  made.xRandomness = memory_file::randomness;
  made.xSleep = memory_file::sleep;
  made.xCurrentTime = memory_file::time;
  made.xGetLastError = memory_file::last_error;
  return made;
}

memory_disk::memory_disk()
    : name_([] {
        static std::atomic<int> count{0};
        return "memory-disk-" + std::to_string(count.fetch_add(1));
      }()),
      vfs_(make_vfs(*this)) {
  sqlite3_vfs_register(&vfs_, 0);
}

memory_disk::~memory_disk() { sqlite3_vfs_unregister(&vfs_); }

void memory_disk::changed() {
  if (on_change) on_change(changes_);
  ++changes_;
}

// Of each write any of its sectors.
void memory_disk::apply(const change& what, std::mt19937_64& dice, bytes& to) {
  if (what.cut) {
    to.resize(*what.cut);
    return;
  }
  constexpr std::size_t sector = 512;
  const std::uint64_t how = dice() % 4;  // as a rule all of it
  for (std::size_t at = what.at; at < what.at + what.data.size();) {
    const std::size_t end = std::min((at / sector + 1) * sector, what.at + what.data.size());
    if (how != 0 || dice() % 2 == 0) {
      if (to.size() < end) to.resize(end);
      std::copy(what.data.begin() + static_cast<std::ptrdiff_t>(at - what.at),
                what.data.begin() + static_cast<std::ptrdiff_t>(end - what.at),
                to.begin() + static_cast<std::ptrdiff_t>(at));
    }
    at = end;
  }
}

std::map<std::string, memory_disk::bytes> memory_disk::after_power_loss(std::mt19937_64& dice) const {
  std::map<std::string, bytes> left;
  for (const auto& [name, each] : files_) {
    const bool there = each.there == each.safely_there ? each.there : dice() % 2 == 0;
    if (!there) continue;
    bytes& made = left[name];
    made = each.safe;
    std::vector<std::size_t> order;
    const std::uint64_t share = dice() % 5;  // of four: how many of the writes have happened
    for (std::size_t i = 0; i < each.unsafe.size(); ++i)
      if (dice() % 4 < share) order.push_back(i);
    if (dice() % 2 == 0) std::shuffle(order.begin(), order.end(), dice);
    for (const std::size_t i : order) apply(each.unsafe[i], dice, made);
  }
  return left;
}

void memory_disk::load(std::map<std::string, bytes> files) {
  files_.clear();
  for (auto& [name, data] : files) {
    file& made = files_[name];
    made.now = made.safe = std::move(data);
    made.there = made.safely_there = true;
  }
}

}  // namespace holdfast::testing_support
