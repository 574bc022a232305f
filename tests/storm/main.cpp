// SPDX-License-Identifier: Apache-2.0
//
// holdfast-storm: every kind of caller, guest and mishap at once, on the real engine, judged from outside.
// Exit code 0: all holds; 1: something does not; 2: the storm could not begin.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <utility>

#include "storm/report.hpp"
#include "storm/storm.hpp"

namespace holdfast::storm {
namespace {

using namespace std::chrono_literals;

struct flags {
  settings storm;
  std::string guests = HOLDFAST_GUESTS_DIR;
  bool json = false;
  lateness late = lateness::judged;
};

// After the storm has all its calls: every one of them has a deadline of a minute, then comes what is left.
constexpr auto longest_end = 200s;

void show(const storm& now, const settings& how, const char* what, double seconds) {
  const tally all = now.book().figures();
  std::fprintf(
      stderr,
      "\r\033[K%s: %.0f of %.0f s, %llu of %llu calls, %llu live, %llu wrong, %llu swaps, %llu drains", what,
      seconds, how.seconds, static_cast<unsigned long long>(all.calls),
      static_cast<unsigned long long>(how.calls), static_cast<unsigned long long>(all.live),
      static_cast<unsigned long long>(all.wrong), static_cast<unsigned long long>(now.swaps()),
      static_cast<unsigned long long>(now.drains()));
}

// A call that is lost may hold its caller for ever: then there is nothing to wait for, and the line says so.
[[noreturn]] void give_up(const storm& stuck) {
  verdict all;
  all.told.calls = stuck.book().figures();
  all.told.calls.lost = std::max<std::uint64_t>(1, all.told.calls.live);
  for (const std::string& each : stuck.book().complaints()) std::fprintf(stderr, "  %s\n", each.c_str());
  std::printf("%s\n", all.json().c_str());
  std::fprintf(stderr, "holdfast-storm: it does not come to its end\n");
  std::fflush(nullptr);
  std::_Exit(1);
}

result<storm_result> rage(const engine& with, const guests& of, const settings& how, const char* what,
                          bool watched) {
  storm one(with, of, how);
  const auto begun = std::chrono::steady_clock::now();
  auto ended = std::async(std::launch::async, [&one] { return one.run(); });
  auto moved = begun;
  std::uint64_t seen = 0;
  while (ended.wait_for(200ms) != std::future_status::ready) {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - begun).count();
    const bool enough = seconds >= how.seconds && one.book().figures().calls >= how.calls;
    // Calls that stop coming before there are enough are as bad as an end that does not come.
    const std::uint64_t calls = one.book().figures().calls;
    if (calls != seen && !enough) moved = now;
    seen = calls;
    if (now - longest_end > moved) give_up(one);
    if (watched) show(one, how, what, seconds);
  }
  if (watched) std::fputs("\r\033[K", stderr);
  return ended.get();
}

int run(const flags& given) {
  const bool watched = isatty(STDERR_FILENO) != 0 && !given.json;
  auto with = engine::make({.max_instances = instances_needed()});
  const auto fail = [](const error& why) {
    std::fprintf(stderr, "holdfast-storm: %s\n", why.message().c_str());
    return 2;
  };
  if (!with) return fail(with.error());
  const auto all = load_guests(*with, given.guests);
  if (!all) return fail(all.error());

  // What is made once is made now: the baseline is what a storm of the same kind leaves.
  settings first = given.storm;
  first.calls = std::clamp<std::uint64_t>(given.storm.calls / 5, 1000, 20'000);
  first.seconds = std::clamp(given.storm.seconds / 5, 4.0, 20.0);
  first.seed = given.storm.seed + 1;
  if (const auto filled = fill_every_place(*with, *all); !filled) return fail(filled.error());
  const auto warm = rage(*with, *all, first, "warming up", watched);
  if (!warm) return fail(warm.error());

  verdict whole;
  whole.late = given.late;
  whole.tick_ms = std::chrono::duration<double, std::milli>(with->options().tick).count();
  whole.start = machine_now();
  auto told = rage(*with, *all, given.storm, "storm", watched);
  if (!told) return fail(told.error());
  whole.told = std::move(*told);
  whole.told.calls.lost += warm->calls.lost;
  whole.told.calls.wrong += warm->calls.wrong;
  whole.told.complaints.insert(whole.told.complaints.begin(), warm->complaints.begin(),
                               warm->complaints.end());
  const std::vector<std::string> complaints = std::exchange(whole.told.complaints, {});
  whole.told.overshoots.shrink_to_fit();
  whole.end = machine_now();

  std::printf("%s\n", whole.json().c_str());
  const auto breaches = whole.breaches();
  for (const std::string& each : complaints) std::fprintf(stderr, "  %s\n", each.c_str());
  for (const std::string& each : breaches) std::fprintf(stderr, "holdfast-storm: %s\n", each.c_str());
  if (breaches.empty() && watched)
    std::fputs("Nothing was lost, nothing was wrong, nothing stayed behind.\n", stderr);
  return breaches.empty() ? 0 : 1;
}

}  // namespace
}  // namespace holdfast::storm

int main(int argc, char** argv) {
  holdfast::storm::flags given;
  CLI::App app("A storm of callers, mishaps, exchanges and drains on the real engine, judged from outside.");
  app.add_option("--calls", given.storm.calls, "At least so many calls are accepted")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000'000));
  app.add_option("--seconds", given.storm.seconds, "It lasts at least so long; 0: as quick as it can")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--seed", given.storm.seed, "What the plan is drawn from")->capture_default_str();
  app.add_option("--guests", given.guests, "The folder of the guests")->capture_default_str();
  app.add_flag("--json", given.json, "The line of JSON alone, without progress; so it is in a pipe");
  app.add_flag_callback(
      "--print-lateness", [&given] { given.late = holdfast::storm::lateness::printed; },
      "Late deadlines are printed and not judged, for a machine that has other work");
  app.footer(
      "It ends when it has both its calls and its time. Requests follow from the seed; what the machine "
      "makes of\n"
      "them does not. Exit code 0: all holds; 1: something does not, a sentence each; 2: it could not "
      "begin.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  }
  return holdfast::storm::run(given);
}
