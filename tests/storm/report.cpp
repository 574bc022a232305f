// SPDX-License-Identifier: Apache-2.0
#include "storm/report.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <cstdio>

namespace holdfast::storm {
namespace {

// What may stay behind. Threads and descriptors: none, each belongs to somebody. Memory: what the C library
// keeps in the arenas of threads that are gone, which depends on who freed last; a call that left a page
// would leave thousands.
constexpr double memory_slack_mib = 24;
constexpr double memory_slack_share = 0.10;
// Mappings: the same arenas, and the stacks that the C library keeps for threads to come. Every place for an
// instance was filled before, so it is no more than that.
constexpr std::uint64_t mappings_slack = 48;

std::string format(const char* form, double a, double b) {
  char text[200];
  std::snprintf(text, sizeof text, form, a, b);
  return text;
}

double rounded(double number) { return std::round(1000 * number) / 1000; }

constexpr std::array ends{outcome::completed,        outcome::refused, outcome::revoked,
                          outcome::expired_in_queue, outcome::trapped, outcome::host_failed,
                          outcome::deadline_killed,  outcome::killed,  outcome::collateral,
                          outcome::lost_in_crash};

}  // namespace

double percentile(const std::vector<double>& sorted, double share) noexcept {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::min(sorted.size() - 1, at == 0 ? 0 : at - 1)];
}

std::vector<std::string> verdict::breaches() const {
  std::vector<std::string> all;
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  if (told.calls.lost > 0) all.push_back(number(told.calls.lost) + " calls have no outcome");
  if (told.calls.wrong > 0) all.push_back(number(told.calls.wrong) + " times something was wrong");
  if (told.calls.most_together < 2) all.push_back("no two calls shared an instance: nothing was shown of it");
  if (told.overshoots.empty()) all.push_back("no guest was stopped at its deadline: nothing was measured");
  if (end.threads != start.threads)
    all.push_back("threads: " + number(start.threads) + " before, " + number(end.threads) + " after");
  if (end.descriptors != start.descriptors)
    all.push_back("descriptors: " + number(start.descriptors) + " before, " + number(end.descriptors) +
                  " after");
  if (sanitized()) return all;
  const double bar = 2 * tick_ms + 5;
  if (const double p99 = percentile(told.overshoots, 0.99); late == lateness::judged && p99 > bar)
    all.push_back(format("deadlines: overshot by %.2f ms at p99, the bar is %.2f ms", p99, bar));
  const double memory_bar =
      start.memory_mib + std::max(memory_slack_mib, memory_slack_share * start.memory_mib);
  if (end.memory_mib > memory_bar)
    all.push_back(format("memory: %.1f MiB after, the bar is %.1f MiB", end.memory_mib, memory_bar));
  if (end.mappings > start.mappings + mappings_slack)
    all.push_back("mappings: " + number(start.mappings) + " before, " + number(end.mappings) + " after");
  return all;
}

std::string verdict::json() const {
  boost::json::object outcomes;
  for (const outcome each : ends) outcomes[to_string(each)] = told.calls.ends[static_cast<std::size_t>(each)];
  boost::json::object line{{"calls", told.calls.calls},
                           {"lost", told.calls.lost},
                           {"wrong", told.calls.wrong},
                           {"overshoot_p50_ms", rounded(percentile(told.overshoots, 0.5))},
                           {"overshoot_p99_ms", rounded(percentile(told.overshoots, 0.99))},
                           {"overshoots", told.overshoots.size()},
                           {"machine_late_p99_ms", rounded(percentile(told.lateness, 0.99))},
                           {"tick_ms", tick_ms},
                           {"memory_mib_start", rounded(start.memory_mib)},
                           {"memory_mib_end", rounded(end.memory_mib)},
                           {"threads_start", start.threads},
                           {"threads_end", end.threads},
                           {"descriptors_start", start.descriptors},
                           {"descriptors_end", end.descriptors},
                           {"mappings_start", start.mappings},
                           {"mappings_end", end.mappings},
                           {"outcomes", outcomes},
                           {"not_accepted", told.calls.refused},
                           {"detached", told.calls.detached},
                           {"retried", told.calls.retried},
                           {"attached", told.calls.attached},
                           {"audits", told.calls.audits},
                           {"most_together", told.calls.most_together},
                           {"instances", told.calls.instances},
                           {"cycles", told.cycles},
                           {"swaps", told.swaps},
                           {"drains", told.drains},
                           {"seconds", rounded(told.seconds)},
                           {"sanitized", sanitized()}};
  return boost::json::serialize(line);
}

}  // namespace holdfast::storm
