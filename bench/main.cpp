// SPDX-License-Identifier: Apache-2.0
//
// holdfast-bench FILE: measures, prints a line a figure, writes them to FILE as JSON.
// Exit code 0: each figure keeps its bar; 1: one does not; 2: it could not be measured.
// holdfast-bench --only NAME SECONDS: one way alone, for a profiler; NAME is add, echo, direct_add or
// direct_echo.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <holdfast/holdfast.hpp>
#include <iterator>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/figure.hpp"
#include "bench/peer.hpp"
#include "bench/report.hpp"

namespace holdfast::bench {
namespace {

constexpr std::size_t list_bytes = 64U << 10;

std::vector<char> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + " cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class T>
T must(result<T> made) {
  if (!made) throw std::runtime_error(made.error().message());
  return std::move(*made);
}

std::vector<std::uint8_t> pattern() {
  std::vector<std::uint8_t> data(list_bytes);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 31 + i / 256);
  return data;
}

/// The calls that are measured, over one pool of one cell, by one caller: nothing waits for anything.
class calls {
 public:
  explicit calls(pool to) : to_(std::move(to)) {}

  void add(unsigned count) const {
    for (std::uint32_t i = 0; i < count; ++i) {
      const reply told = to_.call("add", args(i, std::uint32_t{7}));
      check(told);
      if (told.value->get<std::uint32_t>() != i + 7) throw std::runtime_error("add answered another sum");
    }
  }

  /// Hands its list over and sends on what comes back: the caller owns the bytes, so nobody needs to copy
  /// them.
  void echo(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      wit::arguments arguments;
      arguments.emplace_back(std::move(data_));
      reply told = to_.call("echo", std::move(arguments));
      check(told);
      data_ = std::move(told.value->get<wit::bytes>());
      check_ends(data_);
    }
  }

  /// Keeps its list and passes a copy: what a caller pays who needs the bytes again.
  void echo_copied(unsigned count) const {
    for (unsigned i = 0; i < count; ++i) {
      const reply told = to_.call("echo", args(kept_));
      check(told);
      check_ends(told.value->get<wit::bytes>());
    }
  }

  /// All of what echo answers, once: the measured calls look at the ends only, as the direct ones do.
  void check_all() {
    echo(1);
    if (data_ != kept_) throw std::runtime_error("echo answered other bytes");
  }

 private:
  static void check(const reply& told) {
    if (!told) throw std::runtime_error("a call failed: " + told.code.message() + ": " + told.detail);
  }
  void check_ends(const wit::bytes& back) const {
    if (back.size() != list_bytes || back.front() != kept_.front() || back.back() != kept_.back())
      throw std::runtime_error("echo answered other bytes");
  }

  const pool to_;
  const wit::bytes kept_ = pattern();
  wit::bytes data_ = kept_;
};

void only(const batch& way, double seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t made = 0;
  for (; std::chrono::steady_clock::now() < until; made += 256) way(256);
  std::printf("%llu calls\n", static_cast<unsigned long long>(made));
}

int run(std::span<char* const> words) {
  if (words.size() != 2 && !(words.size() == 4 && words[1] == std::string("--only"))) {
    std::fputs("usage: holdfast-bench FILE | holdfast-bench --only NAME SECONDS\n", stderr);
    return 2;
  }
  const std::vector<char> text = read(HOLDFAST_SOURCE_DIR "/guests/text/echo.wat");
  const auto bytes = std::as_bytes(std::span(text));
  const engine with;
  host owner(with);
  const auto compiled = must(component::compile(with, bytes));
  const pool guests = must(owner.open(compiled, pool_options{.cells = 1}));
  if (const auto ready = guests.wait_ready(); !ready) throw std::runtime_error(ready.error().message());
  peer direct(bytes, with.options().tick);
  calls held(guests);
  held.check_all();
  const wit::bytes data = pattern();

  const batch direct_add = [&](unsigned count) { direct.add(count); };
  const batch direct_echo = [&](unsigned count) { direct.echo(std::as_bytes(std::span(data)), count); };
  const batch add = [&](unsigned count) { held.add(count); };
  const batch echo = [&](unsigned count) { held.echo(count); };
  const batch echo_copied = [&](unsigned count) { held.echo_copied(count); };

  if (words.size() == 4) {
    const std::map<std::string, batch> ways{
        {"add", add}, {"echo", echo}, {"direct_add", direct_add}, {"direct_echo", direct_echo}};
    only(ways.at(words[2]), std::stod(words[3]));
    return 0;
  }

  const std::chrono::duration<double, std::milli> tick = with.options().tick;
  std::printf("%s; tick %.1f ms; Wasmtime %s\n%s\n", machine().c_str(), tick.count(),
              engine::version().c_str(), heading().c_str());
  std::vector<figure> figures;
  const auto row = [&](const char* name, std::optional<double> bar, const batch& ours, const batch& floor) {
    figures.push_back(measure(name, bar, ours, floor));
    std::printf("%s\n", line(figures.back()).c_str());
    std::fflush(stdout);
  };
  row("call_add", std::nullopt, add, direct_add);
  row("echo_64k", 2.0, echo, direct_echo);
  row("echo_64k_copied", std::nullopt, echo_copied, direct_echo);
  write_json(words[1], figures);
  return std::ranges::all_of(figures, &figure::ok) ? 0 : 1;
}

}  // namespace
}  // namespace holdfast::bench

int main(int count, char** words) {
  try {
    return holdfast::bench::run({words, static_cast<std::size_t>(count)});
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "holdfast-bench: %s\n", failed.what());
    return 2;
  }
}
