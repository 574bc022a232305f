// SPDX-License-Identifier: Apache-2.0
//
// holdfast-transfers: money that moves between actors while all around them fails.
//
// Each account is an actor. Callers take money out of one and put it into another, each step under a key,
// while calls trap, loop to their limit and are killed, the component is exchanged, and the process itself is
// killed and begun again. In the end each account has what the completed transfers make of it.
// Exit code 0: it has; 1: it has not; 2: it could not begin.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <random>

#include "support/scratch_folder.hpp"
#include "transfers/life.hpp"

namespace holdfast::transfers {
namespace {

struct flags {
  std::uint64_t transfers = 100'000;
  std::uint64_t accounts = 1000;
  std::uint32_t resident = 100;
  std::uint64_t lives = 40;
  std::uint64_t seed = 1;
  bool deterministic = false;
  std::string guests = HOLDFAST_GUESTS_DIR;
};

void plan(const flags& how, book& of) {
  std::mt19937_64 dice(how.seed);
  of.count = how.transfers;
  of.accounts = how.accounts;
  for (std::uint64_t i = 0; i < of.count; ++i) {
    transfer& each = of.all[i];
    each.from = static_cast<std::uint32_t>(dice() % of.accounts);
    each.to = static_cast<std::uint32_t>(dice() % of.accounts);
    each.amount = dice() % 400;
  }
}

/// A process that lives so. It is killed when so many more transfers are done; 0: it is not.
bool spawn(const life_plan& how, book& of, std::uint64_t killed_after) {
  const std::uint64_t until = of.done.load() + killed_after;
  const pid_t child = ::fork();
  if (child == 0) {
    live(how, of);
    std::_Exit(0);
  }
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(child, &status, killed_after > 0 ? WNOHANG : 0);
    if (ended == child) break;
    if (killed_after > 0 && of.done.load() >= until) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      break;
    }
    ::usleep(200);
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
  std::fprintf(stderr, "\na process ended by itself: status %d\n", status);
  of.strange.fetch_add(1);
  return false;
}

std::vector<std::uint64_t> expected(const book& of, std::uint64_t& refused) {
  std::vector<std::uint64_t> all(of.accounts, opening_balance);
  for (std::uint64_t i = 0; i < of.count; ++i) {
    const transfer& each = of.all[i];
    switch (static_cast<stage>(each.now.load())) {
      case stage::put_in:
        all[each.from] -= each.amount;
        all[each.to] += each.amount;
        break;
      case stage::refused:
        ++refused;
        break;
      case stage::to_do:
      case stage::taken_out:
        throw std::runtime_error("transfer " + std::to_string(i) + " is not done");
    }
  }
  return all;
}

int run(const flags& how) {
  testing_support::scratch_folder folder;
  book& of = make_book();
  plan(how, of);
  std::mt19937_64 dice(how.seed + 1);
  life_plan one{.journal = folder / "journal",
                .guests = how.guests,
                .resident = how.resident,
                .deterministic = how.deterministic};
  std::uint64_t killed = 0;
  for (std::uint64_t life = 0; life < how.lives; ++life) {
    if (::isatty(STDERR_FILENO) != 0)
      std::fprintf(stderr, "\r\033[Klife %llu: %llu of %llu done", static_cast<unsigned long long>(life),
                   static_cast<unsigned long long>(of.done.load()),
                   static_cast<unsigned long long>(of.count));
    one.seed = dice();
    one.component = life > how.lives / 2 ? 2 : 1;
    one.moves = life == how.lives / 2;
    const std::uint64_t share = how.transfers / how.lives;
    if (spawn(one, of, life + 1 < how.lives ? 1 + dice() % (2 * share) : 0)) ++killed;
  }
  if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
  one.component = 2;
  one.disturbed = false;
  std::uint64_t refused = 0;
  const auto should = expected(of, refused);
  std::uint64_t wrong = 0;
  const auto is = balances(one, of);
  for (std::uint64_t i = 0; i < of.accounts; ++i)
    if (is[i] != should[i]) {
      ++wrong;
      std::fprintf(stderr, "%s has %llu in place of %llu\n", account(i).c_str(),
                   static_cast<unsigned long long>(is[i]), static_cast<unsigned long long>(should[i]));
    }
  const boost::json::object all{{"transfers", of.count},
                                {"accounts", of.accounts},
                                {"deterministic", how.deterministic},
                                {"refused", refused},
                                {"processes", how.lives},
                                {"killed", killed},
                                {"traps", of.traps.load()},
                                {"cuts", of.cuts.load()},
                                {"kills", of.kills.load()},
                                {"again", of.again.load()},
                                {"lost", of.lost.load()},
                                {"moved", of.moved.load()},
                                {"passivations", of.passivations.load()},
                                {"strange", of.strange.load()},
                                {"wrong", wrong}};
  std::printf("%s\n", boost::json::serialize(all).c_str());
  return wrong + of.strange.load() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace holdfast::transfers

int main(int count, char** words) {
  using namespace holdfast::transfers;
  flags how;
  CLI::App app("Moves money between actors while all around them fails; prints one line of JSON.");
  app.add_option("--transfers", how.transfers, "How many")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, most_transfers));
  app.add_option("--accounts", how.accounts, "Actors")->capture_default_str()->check(CLI::Range(2, 100'000));
  app.add_option("--resident", how.resident, "... that have an instance at the same time")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_option("--lives", how.lives, "Processes, each but the last killed")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_option("--seed", how.seed, "Of all chance")->capture_default_str();
  app.add_flag("--deterministic", how.deterministic,
               "The accounts do again what they did since their last state");
  app.add_option("--guests", how.guests, "The folder of the built guests");
  CLI11_PARSE(app, count, words);
  try {
    return run(how);
  } catch (const std::exception& why) {
    std::fprintf(stderr, "holdfast-transfers: %s\n", why.what());
    return 2;
  }
}
