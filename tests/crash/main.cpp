// SPDX-License-Identifier: Apache-2.0
//
// holdfast-crash: processes that die, and what the next ones know.
//
// A host with a journal answers callers with keys and is killed: before and after each of its syncs, and at
// random under load; its disk fails at each place where it can. What ran, and what callers were told, is kept
// in memory that outlives it, and compared with what the journal has and the next process says.
// Exit code 0: all holds; 1: something does not; 2: it could not begin.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <holdfast/journal.hpp>
#include <random>
#include <string>
#include <vector>

#include "crash/life.hpp"
#include "crash/witness.hpp"
#include "support/scratch_folder.hpp"

namespace holdfast::crash {
namespace {

struct flags {
  std::uint64_t kills = 1000;
  std::uint64_t point_every = 1;
  std::uint64_t fault_every = 1;
  std::uint64_t keys = 12;
  std::uint64_t seed = 1;
  std::string guests = HOLDFAST_GUESTS_DIR;
  bool json = false;
};

struct findings {
  std::uint64_t points = 0;       ///< places next to a sync at which a process was killed
  std::uint64_t kills = 0;        ///< all processes that were killed
  std::uint64_t second_runs = 0;  ///< of a call that had been answered, or may not run twice
  std::uint64_t missing = 0;      ///< answers that were given and are not there
  std::uint64_t wrong = 0;        ///< ... and are others now
  std::uint64_t faults = 0;       ///< places at which the disk failed
  std::uint64_t ended = 0;        ///< ... and the process ended itself
  std::uint64_t went_on = 0;      ///< ... and it went on
  std::uint64_t refusals = 0;     ///< calls that were refused meanwhile
  std::uint64_t answers = 0;
  std::uint64_t runs = 0;
  std::uint64_t sums = 0;     ///< calls of deterministic actors that were answered
  std::uint64_t strange = 0;  ///< processes that ended in another way than they may

  bool good() const { return second_runs + missing + wrong + strange == 0; }
  boost::json::object json() const {
    return {{"points", points},   {"kills", kills},     {"second_runs", second_runs},
            {"missing", missing}, {"wrong", wrong},     {"faults", faults},
            {"ended", ended},     {"went_on", went_on}, {"refusals", refusals},
            {"answers", answers}, {"runs", runs},       {"sums", sums},
            {"strange", strange}};
  }
};

/// A journal and its witness, as long as processes use them.
class story {
 public:
  story(const flags& how, findings& all, const std::filesystem::path& folder) : all_(all) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    plan.journal = (folder / "journal").string();
    plan.witness = (folder / "witness").string();
    plan.guests = how.guests;
    plan.keys = how.keys;
  }
  story(const story&) = delete;
  story& operator=(const story&) = delete;
  ~story() {
    const witness seen(plan.witness);
    all_.second_runs += seen->second_runs.load();
    all_.missing += seen->missing.load();
    all_.wrong += seen->wrong.load();
    all_.refusals += seen->refusals.load();
    all_.answers += seen->answers.load();
    all_.runs += seen->runs.load();
    all_.sums += seen->sums.load();
  }

  /// What the journal has, beside what callers were told.
  void look() {
    witness seen(plan.witness);
    if (!std::filesystem::exists(plan.journal)) return missing_all(*seen);
    auto opened = open_journal(plan.journal, {.checkpoint_pages = 24});
    if (!opened) return strange("the journal is refused: " + opened.error().message());
    std::vector<bool> there(most_keys);
    std::vector<bool> sum_there(most_keys);
    const auto failed = (*opened)->read([&](const journal_record& each) {
      if (!each.done) return;
      const std::uint64_t key = std::stoull(std::string(each.name.substr(4)));
      if (!each.actor.empty()) {
        sum_there[key] = true;
        if (each.what != outcome::completed && seen->keys[key].sum.load() != 0) seen->missing.fetch_add(1);
        return;
      }
      if (each.what != outcome::completed) {
        if (seen->keys[key].told.load() != 0) seen->missing.fetch_add(1);
        there[key] = true;
        return;
      }
      std::uint64_t value = 0;
      if (each.value.size() != sizeof(value)) return strange("a value has a wrong size");
      std::memcpy(&value, each.value.data(), sizeof(value));
      if (const std::uint64_t told = seen->keys[key].told.load(); told != 0 && told != value + 1)
        seen->wrong.fetch_add(1);
      seen->keys[key].recorded.store(value + 1);
      there[key] = true;
    });
    if (failed) strange("the journal cannot be read: " + failed->message());
    for (std::uint64_t key = 0; key < plan.keys; ++key)
      if ((seen->keys[key].told.load() != 0 && !there[key]) ||
          (seen->keys[key].sum.load() != 0 && !sum_there[key]))
        seen->missing.fetch_add(1);
  }

  /// A process that nothing happens to: it answers every key.
  void finish() {
    plan.what = {};
    plan.forever = false;
    const death how = spawn_and_wait(plan);
    if (how.code != well || how.signal != 0)
      strange("a process that nothing happened to ended: code " + std::to_string(how.code) + ", signal " +
              std::to_string(how.signal) + ": " + how.said);
    const witness seen(plan.witness);
    for (std::uint64_t key = 0; key < plan.keys; ++key)
      if (seen->keys[key].told.load() == 0 && seen->keys[key].lost.load() == 0)
        strange("key " + std::to_string(key) + " has no answer");
    look();
  }

  void strange(const std::string& what) {
    ++all_.strange;
    std::fprintf(stderr, "\n  %s: %s\n", plan.what.to_text().c_str(), what.c_str());
  }

  life_plan plan;

 private:
  static void missing_all(trace& seen) {
    for (auto& each : seen.keys)
      if (each.told.load() != 0) seen.missing.fetch_add(1);
  }
  findings& all_;
};

void show(const char* what, std::uint64_t now, std::uint64_t of, const findings& all) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r\033[K%s: %llu of %llu, %llu killed, %llu wrong", what,
               static_cast<unsigned long long>(now), static_cast<unsigned long long>(of),
               static_cast<unsigned long long>(all.kills),
               static_cast<unsigned long long>(all.second_runs + all.missing + all.wrong + all.strange));
}

/// How many syncs and changes a process makes that nothing happens to.
std::pair<std::uint64_t, std::uint64_t> count(const flags& how, findings& all,
                                              const std::filesystem::path& folder) {
  story one(how, all, folder);
  one.finish();
  const witness seen(one.plan.witness);
  return {seen->syncs.load(), seen->changes.load()};
}

void kill_at_syncs(const flags& how, findings& all, const std::filesystem::path& folder,
                   std::uint64_t syncs) {
  for (std::uint64_t at = 0; at < 2 * syncs; at += how.point_every) {
    show("at a sync", at, 2 * syncs, all);
    story one(how, all, folder);
    one.plan.what = {.what = at % 2 == 0 ? fault::kind::kill_before_sync : fault::kind::kill_after_sync,
                     .at = at / 2};
    const death end = spawn_and_wait(one.plan);
    ++all.points;
    if (end.signal == SIGKILL) {
      ++all.kills;
    } else if (end.code != well || end.signal != 0) {  // well: that process had fewer syncs
      one.strange("it was not killed: code " + std::to_string(end.code) + ", signal " +
                  std::to_string(end.signal) + ": " + end.said);
    }
    one.look();
    one.finish();
  }
}

void kill_at_random(const flags& how, findings& all, const std::filesystem::path& folder) {
  std::mt19937_64 dice(how.seed);
  constexpr std::uint64_t keys = 600;
  constexpr std::uint64_t lives = 25;
  for (std::uint64_t done = 0; done < how.kills;) {
    story one(how, all, folder);
    one.plan.keys = keys;
    one.plan.callers = 8;
    for (std::uint64_t life = 0; life < lives && done < how.kills; ++life, ++done) {
      show("under load", done, how.kills, all);
      one.plan.forever = true;
      one.plan.seed = dice();
      const death end = spawn_and_kill(one.plan, dice() % 12'000);
      ++all.kills;
      if (end.signal != SIGKILL)
        one.strange("it ended by itself: code " + std::to_string(end.code) + ", signal " +
                    std::to_string(end.signal) + ": " + end.said);
      one.look();
    }
    one.finish();
  }
}

void fail_the_disk(const flags& how, findings& all, const std::filesystem::path& folder,
                   std::uint64_t changes) {
  for (const auto kind : {fault::kind::io_error, fault::kind::no_room, fault::kind::short_write})
    for (std::uint64_t at = 0; at < changes; at += how.fault_every) {
      show("with a disk that fails", at, changes, all);
      story one(how, all, folder);
      one.plan.what = {.what = kind, .at = at};
      const death end = spawn_and_wait(one.plan);
      ++all.faults;
      if (end.signal == SIGABRT && end.said.find("the journal cannot be written") != std::string::npos) {
        ++all.ended;
      } else if (end.code == not_begun && end.said.find("journal") != std::string::npos) {
        ++all.ended;
      } else if (end.code == well && end.signal == 0) {
        ++all.went_on;
      } else {
        one.strange("it ended: code " + std::to_string(end.code) + ", signal " + std::to_string(end.signal) +
                    ": " + end.said);
      }
      one.look();
      one.finish();
    }
}

int judge(const flags& how) {
  findings all;
  const testing_support::scratch_folder scratch;
  const std::filesystem::path folder = scratch / "story";
  const auto [syncs, changes] = count(how, all, folder);
  if (how.point_every > 0) kill_at_syncs(how, all, folder, syncs);
  kill_at_random(how, all, folder);
  if (how.fault_every > 0) fail_the_disk(how, all, folder, changes);
  if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
  std::printf("%s\n", boost::json::serialize(all.json()).c_str());
  return all.good() ? 0 : 1;
}

}  // namespace
}  // namespace holdfast::crash

int main(int count, char** words) {
  using namespace holdfast::crash;
  if (count > 1 && std::strcmp(words[1], "--live") == 0) {
    try {
      return live(plan_from(count, words));
    } catch (const std::exception& why) {
      std::fprintf(stderr, "holdfast-crash: %s\n", why.what());
      return 2;
    }
  }
  CLI::App app{
      "Kills a host with a journal, again and again, and compares what the next one knows with what was."};
  flags how;
  app.add_option("--kills", how.kills, "Kills at random, under load")->capture_default_str();
  app.add_option("--point-every", how.point_every,
                 "Of the places before and after a sync, every so many is one to be killed at; 0: none")
      ->capture_default_str();
  app.add_option("--fault-every", how.fault_every,
                 "Of the changes of the disk, every so many fails in a process, in each way; 0: none")
      ->capture_default_str();
  app.add_option("--keys", how.keys, "Keys of a process that is killed at a sync")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1000}));
  app.add_option("--seed", how.seed, "Of what is random")->capture_default_str();
  app.add_option("--guests", how.guests, "The folder of the built guests")->capture_default_str();
  app.add_flag("--json", how.json, "As it is always: one line of JSON");
  CLI11_PARSE(app, count, words);
  try {
    return judge(how);
  } catch (const std::exception& why) {
    std::fprintf(stderr, "holdfast-crash: %s\n", why.what());
    return 2;
  }
}
