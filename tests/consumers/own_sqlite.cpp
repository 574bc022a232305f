// SPDX-License-Identifier: Apache-2.0
//
// A program with an SQLite of its own beside the one in Holdfast, each at work. own_sqlite ASKER JOURNAL.

#include <sqlite3.h>

#include <holdfast/holdfast.hpp>
#include <iostream>

namespace hf = holdfast;

namespace {

// Every statement that the program's own SQLite runs.
int seen = 0;
int note(unsigned, void*, void*, void*) { return ++seen, 0; }
int answer(void* into, int, char** columns, char**) {
  *static_cast<std::string*>(into) = columns[0];
  return 0;
}

}  // namespace

int main(int, char** argv) try {
  sqlite3* own = nullptr;
  if (sqlite3_open(":memory:", &own) != SQLITE_OK) return 1;
  sqlite3_trace_v2(own, SQLITE_TRACE_STMT, note, nullptr);

  const hf::engine engine;
  hf::host host(engine, {.journal = hf::open_journal(argv[2]).value()});
  hf::pool_options options{.name = "asker"};
  options.functions.define("holdfast:demo/shop", "add",
                           [](std::uint32_t a, std::uint32_t b) { return a + b; });
  options.functions.define("holdfast:demo/shop", "price", [](std::string) {
    return hf::wit::expected<std::uint64_t, std::string>(hf::wit::ok(std::uint64_t{1}));
  });
  const hf::pool asker = host.open(hf::component::load(engine, argv[1]).value(), options).value();
  const auto add = asker.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add").value();
  const std::uint32_t sum = add.call({.key = "one"}, 2, 3).get();

  std::string told;
  sqlite3_exec(own, "select 6 * 7", answer, &told, nullptr);
  sqlite3_close(own);
  std::cout << "by a journal " << sum << ", by its own SQLite " << told << ", statements of its own: " << seen
            << "\n";
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
