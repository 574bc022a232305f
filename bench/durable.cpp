// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <filesystem>
#include <holdfast/journal.hpp>
#include <memory>

#include "bench/alternate.hpp"
#include "bench/rows.hpp"
#include "host/keyed_export.hpp"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

constexpr unsigned rows_a_commit = 256;
constexpr double seconds_to_recover = 5;

/// Files on the disk that the build is on, gone with this.
class disk {
 public:
  disk() : folder_(std::filesystem::path(HOLDFAST_SOURCE_DIR) / "build/bench-disk") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  disk(const disk&) = delete;
  disk& operator=(const disk&) = delete;
  ~disk() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string operator/(const char* name) const { return (folder_ / name).string(); }

  /// What a sync of 4 KiB that were appended takes.
  double fdatasync_ns() const {
    const int file = ::open((*this / "sync").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    const std::vector<char> page(4096, 'x');
    std::vector<double> took;
    for (int i = 0; i < 501; ++i) {
      const auto begun = clock::now();
      if (::write(file, page.data(), page.size()) < 0 || ::fdatasync(file) != 0)
        throw std::runtime_error("the disk cannot be written");
      took.push_back(std::chrono::duration<double, std::nano>(clock::now() - begun).count());
    }
    ::close(file);
    return median(std::move(took));
  }

 private:
  const std::filesystem::path folder_;
};

/// The floor: SQLite alone, one table, a unique index over hashes, so many rows a transaction. As little a
/// row as a keyed answer may be.
class group_commit {
 public:
  explicit group_commit(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("SQLite opens no file");
    run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA wal_autocheckpoint = 4000;"
        "CREATE TABLE calls (id INTEGER PRIMARY KEY, key BLOB NOT NULL, call BLOB NOT NULL, name TEXT NOT "
        "NULL,"
        " request BLOB NOT NULL, value BLOB NOT NULL); CREATE UNIQUE INDEX by_key ON calls (key);");
    if (sqlite3_prepare_v2(db_, "INSERT INTO calls (key, call, name, request, value) VALUES (?, ?, ?, ?, ?)",
                           -1, &put_, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db_));
  }
  group_commit(const group_commit&) = delete;
  group_commit& operator=(const group_commit&) = delete;
  ~group_commit() {
    sqlite3_finalize(put_);
    sqlite3_close(db_);
  }

  void write(unsigned rows) {
    while (rows > 0) {
      const unsigned now = std::min(rows, rows_a_commit);
      run("BEGIN IMMEDIATE");
      for (unsigned i = 0; i < now; ++i) put();
      run("COMMIT");
      rows -= now;
    }
  }

 private:
  void run(const char* text) {
    if (sqlite3_exec(db_, text, nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db_));
  }
  void put() {
    const std::string name = "order-" + std::to_string(next_++);
    const auto key = holdfast::detail::print_of("shop", {}, "add", name);
    const std::array<std::byte, 32> request{};
    const std::uint32_t value = 7;
    sqlite3_bind_blob(put_, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    sqlite3_bind_blob(put_, 2, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    sqlite3_bind_text(put_, 3, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
    sqlite3_bind_blob(put_, 4, request.data(), static_cast<int>(request.size()), SQLITE_STATIC);
    sqlite3_bind_blob(put_, 5, &value, sizeof(value), SQLITE_STATIC);
    if (sqlite3_step(put_) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db_));
    sqlite3_reset(put_);
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
  std::uint64_t next_ = 0;
};

/// Callers on an event loop, each with a new key a call, and a journal.
class keyed_callers {
 public:
  keyed_callers(const subject& with, const component& guest, const std::string& path, unsigned count)
      : owner_(with.with, {.workers = 1,
                           .keys = {.count = 20'000, .bytes = 1U << 30, .under_way = 1U << 20},
                           .journal = must(open_journal(path))}),
        pool_(subject::open(owner_, guest, named())),
        add_(must(pool_.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"))),
        count_(count) {}

  void run(unsigned calls) {
    left_ = calls;
    for (unsigned i = 0; i < count_ && left_ > 0; ++i) asio::post(loop_, [this] { next(); });
    loop_.restart();
    loop_.run();
    if (failed_) throw std::runtime_error("a call with a key failed");
  }

 private:
  static pool_options named() {
    pool_options how;
    how.name = "shop";
    how.queue_depth = 8192;
    return how;
  }

  void next() {
    if (left_ == 0) return;
    --left_;
    const std::string key = "order-" + std::to_string(made_++);
    add_.async_call(call_options{.key = key}, std::uint32_t{1}, std::uint32_t{7},
                    asio::bind_executor(loop_, [this](std::error_code code, typed_reply<std::uint32_t> told) {
                      if (code || *told != 8) failed_ = true;
                      next();
                    }));
  }

  asio::io_context loop_{1};
  host owner_;
  pool pool_;
  adder add_;
  const unsigned count_;
  unsigned left_ = 0;
  std::uint64_t made_ = 0;
  bool failed_ = false;
};

double rate(double ns) { return 1e9 / ns; }

void measure_calls_a_second(const subject& with, const disk& on, results& into) {
  group_commit floor(on / "floor");
  // The same guest, and it is said of `add` that it may run twice.
  const component twice = must(component::compile(
      with.with, with.bytes(),
      {.contract = {.manifest = HOLDFAST_SOURCE_DIR "/bench/guests/twice.holdfast.json"}}));
  keyed_callers twice_256(with, twice, on / "twice-256", 256);
  keyed_callers twice_1024(with, twice, on / "twice-1024", 1024);
  keyed_callers once_256(with, with.guest, on / "once-256", 256);
  const std::vector<way> ways{{"disk", [&](unsigned rows) { floor.write(std::max(rows, rows_a_commit)); }},
                              {"twice_256", [&](unsigned calls) { twice_256.run(std::max(calls, 256U)); }},
                              {"twice_1024", [&](unsigned calls) { twice_1024.run(std::max(calls, 1024U)); }},
                              {"once_256", [&](unsigned calls) { once_256.run(std::max(calls, 256U)); }}};
  const auto took = alternate(ways, {.rounds = 21, .round_time = std::chrono::milliseconds(200)});
  into.add({.name = "keyed_durable",
            .what = "calls a second with a key each and a journal, 1,024 in flight, of an export that may "
                    "run twice; the "
                    "floor is what SQLite alone commits in transactions of 256 rows",
            .unit = "calls/s",
            .value = rate(took[2]),
            .floor = rate(took[0]),
            .must = bar{0.7, bound::at_least}});
  into.add({.name = "keyed_durable_256",
            .what = "the same, 256 in flight",
            .unit = "calls/s",
            .value = rate(took[1]),
            .floor = rate(took[0]),
            .must = bar{0.7, bound::at_least}});
  into.add({.name = "keyed_durable_once_256",
            .what = "the same of an export that may not run twice: two records a call",
            .unit = "calls/s",
            .value = rate(took[3]),
            .floor = rate(took[0])});
}

void measure_recovery(const subject& with, const disk& on, results& into) {
  constexpr std::uint64_t count = 1'000'000;
  const std::string path = on / "many";
  {
    const auto to = must(open_journal(path));
    const auto type = must(with.guest.world().find_export("add"))->result.value();
    const auto packed_type = wit::encode_type(type);
    const std::uint32_t value = 8;
    std::vector<std::string> names(4096);
    std::vector<journal_record> some(names.size());
    for (std::uint64_t i = 0; i < count;) {
      std::size_t now = 0;
      for (; now < names.size() && i < count; ++now, ++i) {
        names[now] = "order-" + std::to_string(i);
        some[now] = journal_record{.key = holdfast::detail::print_of("shop", {}, "add", names[now]),
                                   .call = {1, i},
                                   .pool = "shop",
                                   .function = "add",
                                   .name = names[now],
                                   .done = true,
                                   .at = std::chrono::system_clock::now(),
                                   .attempts = 1,
                                   .generation = 1,
                                   .result_type = packed_type,
                                   .value = std::as_bytes(std::span(&value, 1))};
      }
      if (const auto failed = to->commit({{some.data(), now}, {}}))
        throw std::runtime_error(failed->message());
    }
  }
  const auto begun = clock::now();
  host owner(
      with.with,
      {.workers = 1, .keys = {.count = 2 * count, .bytes = 8ULL << 30}, .journal = must(open_journal(path))});
  const double took = std::chrono::duration<double>(clock::now() - begun).count();
  if (must(owner.attach({1, count - 1})).phase() != call_phase::done)
    throw std::runtime_error("a record was not recovered");
  into.add({.name = "recovery_1m",
            .what = "until a host knows 1,000,000 records of its journal",
            .unit = "s",
            .value = took,
            .must = bar{seconds_to_recover, bound::at_most, bounded::value}});
}

}  // namespace

void measure_durable(subject& with, results& into) {
  const disk on;
  into.add({.name = "fdatasync",
            .what = "the machine's own: 4 KiB appended to a file, until they are safe",
            .value = on.fdatasync_ns()});
  measure_calls_a_second(with, on, into);
  measure_recovery(with, on, into);
}

}  // namespace holdfast::bench
