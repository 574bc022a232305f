// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/seeds.hpp"

/// `holdfast-sim`: core under seeded schedules, from the command line.
namespace {

namespace sim = holdfast::sim;

constexpr const char* help =
    R"(holdfast-sim plays the core of Holdfast under seeded schedules and checks the laws of its contract.

usage:
  holdfast-sim --seeds N [--from S] [--jobs J] [--json]     play N seeds, from S (0), in J processes (1)
  holdfast-sim --seed N [--trace] [--keep A,B,...]          play one; with only these calls of its plan
  holdfast-sim --seed N --shrink [--trace]                  find the fewest calls that still fail

Everything that a schedule may do either way comes from the seed: the same seed gives the same events on every
machine. --trace prints each, the digest at the end is theirs.

--json prints {"seeds","events","violations","first_bad_seed"}: violations counts the seeds that broke a law,
first_bad_seed is null when none did.

examples:
  holdfast-sim --seeds 20000 --jobs 2
  holdfast-sim --seeds 1000000 --from 500 --jobs 2 --json
  holdfast-sim --seed 17 --trace | less
  holdfast-sim --seed 17 --shrink --trace

exit code: 0 every law held, 1 one was broken, 2 the command line is wrong
)";

struct options {
  std::optional<std::uint64_t> seeds;
  std::optional<std::uint64_t> seed;
  std::uint64_t from = 0;
  std::uint64_t jobs = 1;
  bool json = false;
  bool trace = false;
  bool shrink = false;
  bool help = false;
  std::optional<std::vector<int>> keep;
};

template <class Number>
bool read(std::string_view text, Number& into) {
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), into);
  return wrong == std::errc() && end == text.data() + text.size();
}

bool read_list(std::string_view text, std::vector<int>& into) {
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    int number = 0;
    if (!read(text.substr(0, comma), number) || number < 0) return false;
    into.push_back(number);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return true;
}

/// Empty: fine; otherwise what is wrong.
std::string parse(int count, char** words, options& into) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const auto value = [&](auto& number) { return i + 1 < count && read(words[++i], number); };
    bool good = true;
    if (word == "--help" || word == "-h") {
      into.help = true;
    } else if (word == "--json") {
      into.json = true;
    } else if (word == "--trace") {
      into.trace = true;
    } else if (word == "--shrink") {
      into.shrink = true;
    } else if (word == "--seeds") {
      good = value(into.seeds.emplace());
    } else if (word == "--seed") {
      good = value(into.seed.emplace());
    } else if (word == "--from") {
      good = value(into.from);
    } else if (word == "--jobs") {
      good = value(into.jobs) && into.jobs > 0 && into.jobs <= 64;
    } else if (word == "--keep") {
      good = i + 1 < count && read_list(words[++i], into.keep.emplace());
    } else {
      return "unknown option " + std::string(word);
    }
    if (!good)
      return std::string(word) + " needs a number" + (word == "--keep" ? " or several, with commas" : "");
  }
  if (into.help) return {};
  if (into.seeds.has_value() == into.seed.has_value()) return "give one of --seeds and --seed";
  if (into.seeds && (into.trace || into.shrink || into.keep))
    return "--trace, --shrink and --keep need --seed";
  if (into.seed && (into.json || into.jobs != 1 || into.from != 0))
    return "--json, --jobs and --from need --seeds";
  if (into.shrink && into.keep) return "--shrink finds what --keep is given";
  return {};
}

void print(const sim::report& told, bool trace) {
  std::size_t next = 0;
  for (std::size_t i = 0; trace && i < told.trace.size(); ++i) {
    const sim::event& what = told.trace[i];
    const std::string who = what.fiber < 0 ? "-" : told.fibers[static_cast<std::size_t>(what.fiber)];
    std::printf("%s\n", to_line(what, who).c_str());
    for (; next < told.violations.size() && told.violations[next].event == i; ++next)
      std::printf("  ^^^ %s: %s\n", told.violations[next].law.c_str(), told.violations[next].what.c_str());
  }
  for (const sim::violation& each : told.violations)
    std::printf("%s: %s (event %zu)\n", each.law.c_str(), each.what.c_str(), each.event);
  std::printf("%llu events, digest %016llx, %zu violations\n", static_cast<unsigned long long>(told.events),
              static_cast<unsigned long long>(told.digest), told.violations.size());
}

std::string joined(const std::vector<int>& numbers) {
  std::string all;
  for (const int each : numbers) all += (all.empty() ? "" : ",") + std::to_string(each);
  return all;
}

int play_one(const options& how) {
  const std::uint64_t seed = *how.seed;
  std::vector<int> kept = how.keep.value_or(std::vector<int>());
  if (how.shrink) {
    const sim::smallest found = sim::shrink(sim::plan_of(seed), seed);
    kept = found.kept;
    if (found.told.violations.empty()) {
      std::printf("seed %llu breaks no law\n", static_cast<unsigned long long>(seed));
      return 0;
    }
    std::printf(
        "seed %llu fails with %zu of its calls; to see it again:\n  holdfast-sim --seed %llu --keep %s "
        "--trace\n",
        static_cast<unsigned long long>(seed), kept.size(), static_cast<unsigned long long>(seed),
        joined(kept).c_str());
  }
  const auto traced = how.trace ? sim::tracing::on : sim::tracing::off;
  const sim::report told = how.shrink || how.keep
                               ? sim::play_seed(only(sim::plan_of(seed), kept), seed, traced)
                               : sim::play_seed(seed, traced);
  print(told, how.trace);
  return told.violations.empty() ? 0 : 1;
}

int play_many(const options& how) {
  const auto began = std::chrono::steady_clock::now();
  const sim::tally_of_seeds told =
      sim::play_seeds({.from = how.from, .seeds = *how.seeds, .jobs = static_cast<unsigned>(how.jobs)});
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const std::string bad = told.first_bad_seed ? std::to_string(*told.first_bad_seed) : "null";
  if (how.json) {
    std::printf("{\"seeds\":%llu,\"events\":%llu,\"violations\":%llu,\"first_bad_seed\":%s}\n",
                static_cast<unsigned long long>(told.seeds), static_cast<unsigned long long>(told.events),
                static_cast<unsigned long long>(told.violations), bad.c_str());
  } else {
    std::printf("%llu seeds, %llu events, %llu points, digest %016llx, %.1f s: ",
                static_cast<unsigned long long>(told.seeds), static_cast<unsigned long long>(told.events),
                static_cast<unsigned long long>(told.points), static_cast<unsigned long long>(told.digest),
                took);
    if (told.violations == 0) {
      std::printf("every law held\n");
    } else {
      std::printf("%llu seeds broke a law, first %s (%s)\n  holdfast-sim --seed %s --shrink --trace\n",
                  static_cast<unsigned long long>(told.violations), bad.c_str(), told.first_law.c_str(),
                  bad.c_str());
    }
  }
  return told.violations == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) try {
  options how;
  const std::string wrong = parse(count, words, how);
  if (!wrong.empty()) {
    std::fprintf(stderr, "holdfast-sim: %s; see --help\n", wrong.c_str());
    return 2;
  }
  if (how.help) {
    std::fputs(help, stdout);
    return 0;
  }
  return how.seed ? play_one(how) : play_many(how);
} catch (const std::exception& failed) {
  std::fprintf(stderr, "holdfast-sim: %s\n", failed.what());
  return 2;
}
