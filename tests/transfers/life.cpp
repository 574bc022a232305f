// SPDX-License-Identifier: Apache-2.0
#include "transfers/life.hpp"

#include <holdfast/holdfast.hpp>
#include <random>
#include <thread>

namespace holdfast::transfers {
namespace {

using namespace std::chrono_literals;

class bank {
 public:
  bank(const life_plan& how, book& of)
      : how_(how),
        of_(of),
        with_({.max_instances = how.resident + 8, .max_memory = 1U << 20, .memory_reservation = 1U << 20}),
        host_(with_, {.keys = {.count = 10'000'000, .bytes = 16ULL << 30},
                      .journal = open_journal(how.journal, {.checkpoint_pages = 4000}).value()}),
        accounts_(host_.open_actors(version(how.component), options()).value()) {}

  component version(std::uint32_t number) const {
    const std::string file = number == 1 ? "/ledger.wasm" : "/ledger-v2.wasm";
    const auto replay = how_.deterministic ? determinism::on : determinism::off;
    return component::load(with_, how_.guests + file, {.cache = default_compile_cache(), .replay = replay})
        .value();
  }

  // The process before may have ended before all had moved.
  actor_options options() const {
    actor_options made{.name = "bank", .resident = how_.resident};
    if (how_.deterministic && how_.component > 1) made.earlier.push_back(version(1));
    return made;
  }

  actor at(std::uint64_t account) const { return accounts_.at(transfers::account(account)).value(); }
  const actors& all() const { return accounts_; }

  /// True: it was done, whoever asked for it. False: it was not, and there is no money for it.
  bool change(const transfer& which, std::uint64_t number, const char* what, std::uint64_t account,
              std::atomic<std::uint32_t>& attempts, std::mt19937_64& chance) {
    for (;;) {
      const std::string key = std::to_string(number) + '-' + what + '-' + std::to_string(attempts.load());
      call_options options{.key = key};
      const reply told = kill_some(at(account), what, which.amount, options, chance);
      if (told) {
        const auto* const either = told.value->get_if<wit::result_value>();
        if (told.state_lost) of_.strange.fetch_add(1);
        return either->is_ok();
      }
      if (told.code == errc::lost_in_crash) of_.lost.fetch_add(1);
      // Who was told that it may have run knows that it left nothing: outcome and state are kept together.
      if (told.outcome && told.code != effect::not_executed) {
        attempts.fetch_add(1);
        of_.again.fetch_add(1);
      }
    }
  }

  /// What has nothing to do with the transfers, and must not be seen in the accounts.
  void disturb(std::mt19937_64& chance) {
    const actor some = at(chance() % of_.accounts);
    const std::uint64_t amount = chance() % 1000;
    if (chance() % 2 == 0) {
      const reply told = some.call("fail", args(amount));
      if (told.outcome == outcome::trapped) of_.traps.fetch_add(1);
      if (told) of_.strange.fetch_add(1);
    } else {
      const reply told = some.call("spin", args(amount), {.run_limit = 2ms});
      if (told.outcome == outcome::deadline_killed) of_.cuts.fetch_add(1);
      if (told) of_.strange.fetch_add(1);
    }
  }

 private:
  reply kill_some(const actor& of, const char* what, std::uint64_t amount, const call_options& options,
                  std::mt19937_64& chance) {
    if (!how_.disturbed || chance() % 50 != 0) return of.call(what, args(amount), options);
    const auto claim = of.submit(what, args(amount), options);
    if (!claim) {
      reply refused;
      refused.code = claim.error().code;
      return refused;
    }
    claim->kill();
    of_.kills.fetch_add(1);
    return claim->wait();
  }

  const life_plan& how_;
  book& of_;
  const engine with_;
  host host_;
  const actors accounts_;
};

void move(bank& in, book& of, std::uint64_t number, std::mt19937_64& chance) {
  transfer& which = of.all[number];
  const auto go_on = [&](stage to) {
    which.attempts.store(0);
    which.now.store(static_cast<std::uint32_t>(to));
  };
  if (which.now.load() == static_cast<std::uint32_t>(stage::to_do)) {
    const bool out = in.change(which, number, "withdraw", which.from, which.attempts, chance);
    go_on(out ? stage::taken_out : stage::refused);
  }
  if (which.now.load() == static_cast<std::uint32_t>(stage::taken_out)) {
    if (!in.change(which, number, "deposit", which.to, which.attempts, chance)) of.strange.fetch_add(1);
    go_on(stage::put_in);
  }
}

bool is_done(const transfer& which) {
  const auto now = static_cast<stage>(which.now.load());
  return now == stage::refused || now == stage::put_in;
}

// Under one key each, so that it does not matter how often.
void open_accounts(const bank& in, book& of) {
  for (std::uint64_t i = of.opened.load(); i < of.accounts; ++i) {
    while (!in.at(i).call("deposit", args(opening_balance), {.key = "opening"})) {
    }
    of.opened.store(i + 1);
  }
}

}  // namespace

void live(const life_plan& how, book& of) {
  bank in(how, of);
  open_accounts(in, of);
  of.next.store(0);
  std::vector<std::jthread> callers;
  for (unsigned i = 0; i < how.callers; ++i)
    callers.emplace_back([&, i] {
      std::mt19937_64 chance(how.seed * 1000 + i);
      for (;;) {
        const std::uint64_t number = of.next.fetch_add(1);
        if (number >= of.count) return;
        if (is_done(of.all[number])) continue;
        move(in, of, number, chance);
        of.done.fetch_add(1);
        if (how.disturbed && chance() % 40 == 0) in.disturb(chance);
      }
    });
  if (how.moves) {
    if (in.all().swap(in.version(how.component + 1))) of.moved.fetch_add(1);
  }
  callers.clear();
  of.passivations.fetch_add(in.all().figures().passivations);
}

std::vector<std::uint64_t> balances(const life_plan& how, const book& of) {
  bank in(how, const_cast<book&>(of));
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 0; i < of.accounts; ++i) {
    const reply told = in.at(i).call("balance", {});
    if (!told) throw std::runtime_error(account(i) + " does not answer: " + told.detail);
    all.push_back(told.value->get<std::uint64_t>());
  }
  return all;
}

}  // namespace holdfast::transfers
