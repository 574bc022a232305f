// SPDX-License-Identifier: Apache-2.0
//
// holdfast-bench FILE [--docs FOLDER] [GROUP...]: measures, prints a line a figure, writes them to FILE as
// JSON, and a page with plots to FOLDER. GROUP: calls, actors, brief, instances, leaving, stopping, cells,
// deadlines, latency, overload, sharing, durable, residents; none: all. Exit code 0: each figure keeps its
// bar; 1: one does not; 2: it could not be measured. holdfast-bench --only NAME SECONDS: one way alone, for a
// profiler, such as call_typed, async_dispatch_handler, echo_64k, new_instance, actor_16_handler_dispatch,
// actor_16_tokio, sharing_1_blocking, sharing_1_direct, direct_add, direct_echo. holdfast-bench --count NAME
// CALLS: the same for so many calls, on an engine that is small and never ticks: for
// tools/instruction-counts. holdfast-bench
// --cell-memory CELLS: bytes a cell of a pool with so many; for itself.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bench/only.hpp"
#include "bench/page.hpp"
#include "bench/process.hpp"
#include "bench/report.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

struct group {
  const char* name;
  void (*measure)(subject& with, results& into);
};

constexpr group groups[] = {
    {"calls", measure_calls},         {"actors", measure_actors},       {"brief", measure_brief},
    {"instances", measure_instances}, {"leaving", measure_leaving},     {"stopping", measure_stopping},
    {"cells", measure_cells},         {"deadlines", measure_deadlines}, {"latency", measure_latency},
    {"overload", measure_overload},   {"sharing", measure_sharing},     {"durable", measure_durable},
    {"residents", measure_residents},
};

int usage() {
  std::fputs(
      "usage: holdfast-bench FILE [--docs FOLDER] [GROUP...] | holdfast-bench --only NAME SECONDS | "
      "holdfast-bench --count NAME CALLS\n",
      stderr);
  return 2;
}

/// Runs the way of that name. The exit code.
int run_named(subject& with, const std::string& name, const repeat& run) {
  if (only_sharing(with, name, run) || only_calls(with, name, run) || only_brief(with, name, run) ||
      only_actors(with, name, run) || only_instances(with, name, run))
    return 0;
  std::fprintf(stderr, "holdfast-bench: nothing is named %s\n", name.c_str());
  return 2;
}

int only(const std::string& name, double seconds) {
  const repeat run = [seconds](const batch& calls) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    std::uint64_t made = 0;
    for (; std::chrono::steady_clock::now() < until; made += 1024) calls(1024);
    std::printf("%llu calls\n", static_cast<unsigned long long>(made));
  };
  subject with;
  return run_named(with, name, run);
}

/// Nothing here hangs on the time: without a tick no guest yields, and no thread of the host's wakes up. An
/// emulator has less address space than the usual engine reserves; with fewer instances each is as it is
/// there.
int count(const std::string& name, unsigned calls) {
  subject with({.max_instances = 2, .tick = duration::zero()});
  return run_named(with, name, [calls](const batch& made) { made(calls); });
}

int run(std::span<char* const> words) {
  if (words.size() == 4 && words[1] == std::string("--only")) return only(words[2], std::stod(words[3]));
  if (words.size() == 4 && words[1] == std::string("--count"))
    return count(words[2], static_cast<unsigned>(std::stoul(words[3])));
  if (words.size() == 3 && words[1] == std::string("--cell-memory")) {
    std::printf("%.0f\n", cell_bytes(subject(), static_cast<std::uint32_t>(std::stoul(words[2]))));
    return 0;
  }
  if (words.size() < 2 || words[1][0] == '-') return usage();
  const std::filesystem::path file = words[1];
  std::filesystem::path docs;
  std::vector<std::string> wanted;
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i] == std::string("--docs") && i + 1 < words.size()) {
      docs = words[++i];
    } else if (std::ranges::find(groups, std::string(words[i]), &group::name) != std::end(groups)) {
      wanted.emplace_back(words[i]);
    } else {
      return usage();
    }
  }

  const machine_share share;
  const auto begun = std::chrono::steady_clock::now();
  subject with;
  results all;
  const std::chrono::duration<double, std::milli> tick = with.with.options().tick;
  std::printf("%s; tick %.1f ms; Wasmtime %s\n%s\n", machine().c_str(), tick.count(),
              engine::version().c_str(), heading().c_str());
  for (const group& each : groups) {
    if (wanted.empty() || std::ranges::find(wanted, each.name) != wanted.end()) each.measure(with, all);
  }
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(),
                "The run took %.0f s; other processes used %.0f %% of the machine meanwhile.",
                std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(),
                share.of_others() * 100);
  all.remarks.emplace_back(text.data());
  for (const std::string& each : all.missing) std::printf("missing: %s\n", each.c_str());
  for (const std::string& each : all.remarks) std::printf("%s\n", each.c_str());
  write_json(file, all);
  if (!docs.empty()) write_page(docs, all, tick);
  return std::ranges::all_of(all.figures, &figure::ok) ? 0 : 1;
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
