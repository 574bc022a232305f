// SPDX-License-Identifier: Apache-2.0
#include "sim/seeds.hpp"

#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <system_error>

namespace holdfast::sim {
namespace {

/// What a job tells its parent, in memory that both see; it stays when the job dies.
struct shared_tally {
  std::atomic<std::uint64_t> done{0};
  std::uint64_t at = 0;  // the seed that is being played
  std::uint64_t events = 0;
  std::uint64_t points = 0;
  std::uint64_t violations = 0;
  std::uint64_t digest = 0;
  bool bad = false;
  std::uint64_t first_bad = 0;
  char law[64] = {};
};

void note_bad(shared_tally& told, std::uint64_t seed, const char* law) {
  ++told.violations;
  if (told.bad && told.first_bad <= seed) return;
  told.bad = true;
  told.first_bad = seed;
  std::strncpy(told.law, law, sizeof(told.law) - 1);
}

void play_share(const campaign& what, unsigned job, std::uint64_t skip, shared_tally& told) {
  for (std::uint64_t i = job + skip * what.jobs; i < what.seeds; i += what.jobs) {
    const std::uint64_t seed = what.from + i;
    told.at = seed;
    // A seed takes a millisecond: one in which core never gives the turn away dies here, and is named.
    const itimerval patience{.it_interval = {}, .it_value = {.tv_sec = 60, .tv_usec = 0}};
    ::setitimer(ITIMER_VIRTUAL, &patience, nullptr);
    const report came = play_seed(seed);
    told.events += came.events;
    told.points += came.points;
    told.digest += came.digest;  // in any order
    if (!came.violations.empty()) note_bad(told, seed, came.violations.front().law.c_str());
    told.done.fetch_add(1);
  }
}

/// Plays a job's share to the end, in as many processes as it takes: one that dies costs the seed it died of.
void run_job(const campaign& what, unsigned job, shared_tally& told) {
  const std::uint64_t share = what.seeds / what.jobs + (job < what.seeds % what.jobs ? 1 : 0);
  while (told.done.load() < share) {
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) {
      play_share(what, job, told.done.load(), told);
      ::_exit(0);
    }
    int how = 0;
    while (::waitpid(child, &how, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0) continue;
    note_bad(told, told.at, "core_lives");
    told.done.fetch_add(1);
  }
}

}  // namespace

tally_of_seeds play_seeds(const campaign& what) {
  campaign how = what;
  how.jobs = std::clamp<unsigned>(how.jobs, 1, 64);
  const std::size_t size = how.jobs * sizeof(shared_tally);
  void* const page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::bad_alloc();
  auto* const jobs = static_cast<shared_tally*>(page);
  std::vector<pid_t> running;
  for (unsigned i = 0; i < how.jobs; ++i) {
    new (&jobs[i]) shared_tally;
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) {
      run_job(how, i, jobs[i]);
      ::_exit(0);
    }
    running.push_back(child);
  }
  for (const pid_t each : running) {
    while (::waitpid(each, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  tally_of_seeds all;
  for (unsigned i = 0; i < how.jobs; ++i) {
    const shared_tally& one = jobs[i];
    all.seeds += one.done.load();
    all.events += one.events;
    all.points += one.points;
    all.violations += one.violations;
    all.digest += one.digest;
    if (one.bad && (!all.first_bad_seed || one.first_bad < *all.first_bad_seed)) {
      all.first_bad_seed = one.first_bad;
      all.first_law = one.law;
    }
  }
  ::munmap(page, size);
  return all;
}

plan only(plan what, const std::vector<int>& kept) {
  for (std::size_t i = 0; i < what.calls.size(); ++i)
    what.calls[i].dropped = std::ranges::find(kept, static_cast<int>(i)) == kept.end();
  return what;
}

smallest shrink(const plan& whole, std::uint64_t seed) {
  smallest best{.left = whole, .kept = {}, .told = play_seed(whole, seed)};
  for (std::size_t i = 0; i < whole.calls.size(); ++i) best.kept.push_back(static_cast<int>(i));
  if (best.told.violations.empty()) return best;
  const std::string law = best.told.violations.front().law;

  // A smaller plan has another schedule; it counts if the same law breaks.
  bool smaller = true;
  while (smaller) {
    smaller = false;
    for (std::size_t width = std::max<std::size_t>(best.kept.size() / 2, 1); width > 0; width /= 2) {
      for (std::size_t at = 0; at + width <= best.kept.size();) {
        std::vector<int> rest = best.kept;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at),
                   rest.begin() + static_cast<std::ptrdiff_t>(at + width));
        plan less = only(whole, rest);
        report told = play_seed(less, seed);
        const bool still =
            std::ranges::any_of(told.violations, [&law](const violation& each) { return each.law == law; });
        if (still) {
          best = {.left = std::move(less), .kept = std::move(rest), .told = std::move(told)};
          smaller = true;
        } else {
          at += width;
        }
      }
    }
  }
  return best;
}

}  // namespace holdfast::sim
