// SPDX-License-Identifier: Apache-2.0
#include "crash/life.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <holdfast/function.hpp>
#include <holdfast/holdfast.hpp>
#include <random>
#include <thread>
#include <vector>

#include "crash/witness.hpp"

namespace holdfast::crash {
namespace {

using namespace std::chrono_literals;

std::string name_of(std::uint64_t key) { return "key-" + std::to_string(key); }

void hear(const reply& told, std::uint64_t key, trace& all) {
  trace::key& of = all.keys[key];
  if (told.outcome == outcome::completed && told.value) {
    const std::uint64_t value = told.value->get<std::uint64_t>() + 1;
    const std::uint64_t before = of.told.exchange(value);
    if (before != 0 && before != value) all.wrong.fetch_add(1);
    if (of.lost.load() != 0 && !may_run_twice(key))
      all.wrong.fetch_add(1);  // nobody knew, and now somebody does
    all.answers.fetch_add(1);
  } else if (told.outcome == outcome::lost_in_crash) {
    if (of.told.load() != 0) all.missing.fetch_add(1);
    if (may_run_twice(key)) all.wrong.fetch_add(1);
    of.lost.store(1);
    all.answers.fetch_add(1);
  } else if (told.outcome == outcome::refused) {
    all.refusals.fetch_add(1);
  } else {
    std::fprintf(stderr, "key %llu: %s %s\n", static_cast<unsigned long long>(key),
                 told.code.message().c_str(), told.detail.c_str());
    all.wrong.fetch_add(1);
  }
}

// Of an actor: what its state has become, which only grows.
void hear_sum(const reply& told, std::uint64_t key, trace& all) {
  trace::key& of = all.keys[key];
  if (told.outcome == outcome::completed && told.value) {
    const std::uint64_t value = told.value->get<std::uint64_t>() + 1;
    const std::uint64_t before = of.sum.exchange(value);
    if ((before != 0 && before != value) || of.sum_lost.load() != 0 || told.state_lost)
      all.wrong.fetch_add(1);
    all.sums.fetch_add(1);
  } else if (told.outcome == outcome::lost_in_crash) {
    if (of.sum.load() != 0) all.missing.fetch_add(1);
    of.sum_lost.store(1);
  } else if (told.outcome != outcome::refused) {
    std::fprintf(stderr, "actor, key %llu: %s %s\n", static_cast<unsigned long long>(key),
                 told.code.message().c_str(), told.detail.c_str());
    all.wrong.fetch_add(1);
  }
}

// What an actor is told is chance: only what is written down of it can be told again.
std::uint64_t oracle() {
  static thread_local std::mt19937_64 dice{std::random_device{}()};
  return 1 + dice() % 1'000'000'000;
}

template <class Ask, class Hear>
void ask_until_served(Ask ask, Hear hear) {
  for (;;) {
    reply told = ask();
    const bool served = told.outcome != outcome::refused;
    hear(std::move(told));
    if (served) return;
    std::this_thread::sleep_for(2ms);  // a disk that was full may have room again
  }
}

// Each has the state that its last call that anybody was told of has left. All calls are answered.
void compare_states(const life_plan& how, const actors& in, trace& all) {
  for (std::uint64_t first = 0; first < std::min(actor_count, how.keys); ++first) {
    std::uint64_t latest = 0;
    for (std::uint64_t key = first; key < how.keys; key += actor_count)
      if (const std::uint64_t told = all.keys[key].sum.load(); told != 0) latest = std::max(latest, told - 1);
    reply is;
    ask_until_served([&] { return in.at(actor_of(first)).value().call("peek", {}); },
                     [&](reply told) { is = std::move(told); });
    if (is && is.value->get<std::uint64_t>() == latest && !is.state_lost) continue;
    std::fprintf(stderr, "%s has another state than its calls have left: %s\n", actor_of(first).c_str(),
                 is.detail.c_str());
    all.wrong.fetch_add(1);
  }
}

// The guest has begun to run for a key.
std::uint64_t run(std::uint64_t key, trace& all) {
  trace::key& of = all.keys[key];
  const bool ran = of.runs.fetch_add(1) > 0;
  const bool known = of.told.load() != 0 || of.recorded.load() != 0 || of.lost.load() != 0;
  if (known || (ran && !may_run_twice(key))) all.second_runs.fetch_add(1);
  return all.runs.fetch_add(1);
}

void ask(const life_plan& how, const pool& in, const actors& of, unsigned caller, trace& all) {
  std::mt19937_64 dice(how.seed * 64 + caller);
  do {
    std::vector<std::uint64_t> keys(how.keys);
    for (std::uint64_t i = 0; i < how.keys; ++i) keys[i] = i;
    if (how.forever) std::shuffle(keys.begin(), keys.end(), dice);
    // Every key has all callers, but each begins elsewhere.
    std::rotate(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(caller * how.keys / how.callers),
                keys.end());
    for (const std::uint64_t key : keys) {
      const std::string name = name_of(key);
      ask_until_served(
          [&] { return in.call(may_run_twice(key) ? "twice" : "once", args(key), {.key = name}); },
          [&](const reply& told) { hear(told, key, all); });
      const actor which = of.at(actor_of(key)).value();
      ask_until_served([&] { return which.call("ask", args(key), {.key = name}); },
                       [&](const reply& told) { hear_sum(told, key, all); });
    }
  } while (how.forever);
}

std::vector<std::string> words_of(const life_plan& how) {
  return {"holdfast-crash",
          "--live",
          how.journal,
          how.witness,
          how.guests,
          std::to_string(how.keys),
          std::to_string(how.callers),
          std::to_string(how.seed),
          how.forever ? "1" : "0",
          how.what.to_text()};
}

struct child {
  pid_t id = 0;
  int said = -1;
};

child spawn(const life_plan& how) {
  std::vector<std::string> words = words_of(how);
  std::vector<char*> raw;
  for (std::string& each : words) raw.push_back(each.data());
  raw.push_back(nullptr);
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const pid_t id = ::fork();
  if (id == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execv("/proc/self/exe", raw.data());
    std::_Exit(127);
  }
  ::close(ends[1]);
  return {id, ends[0]};
}

bool has_ended(const child& which) {
  siginfo_t how{};
  return ::waitid(P_PID, static_cast<id_t>(which.id), &how, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         how.si_pid != 0;
}

death collect(const child& which) {
  death how;
  char some[1024];
  for (ssize_t got = 0; (got = ::read(which.said, some, sizeof(some))) > 0;)
    how.said.append(some, static_cast<std::size_t>(got));
  ::close(which.said);
  int status = 0;
  ::waitpid(which.id, &status, 0);
  if (WIFSIGNALED(status)) how.signal = WTERMSIG(status);
  if (WIFEXITED(status)) how.code = WEXITSTATUS(status);
  return how;
}

}  // namespace

int live(const life_plan& how) {
  const witness all(how.witness);
  all->syncs.store(0);
  all->changes.store(0);
  use_faulty_disk(how.what, all->syncs, all->changes);
  auto kept = open_journal(how.journal, {.checkpoint_pages = 24});
  if (!kept) {
    std::fprintf(stderr, "%s\n", kept.error().message().c_str());
    return not_begun;
  }
  engine with({.max_instances = 8});
  const component what =
      component::load(with, how.guests + "/witness.wat",
                      {.cache = default_compile_cache(),
                       .contract = {.manifest = HOLDFAST_SOURCE_DIR "/tests/crash/witness.holdfast.json"}})
          .value();
  const component almanac =
      component::load(with, how.guests + "/almanac.wat",
                      {.cache = default_compile_cache(),
                       .contract = {.manifest = HOLDFAST_SOURCE_DIR "/tests/crash/almanac.holdfast.json"},
                       .replay = determinism::on})
          .value();
  try {
    host owner(with, {.workers = 2, .journal = *std::move(kept)});
    pool_options options;
    options.name = "witness";
    options.cells = 2;
    options.functions.define("holdfast:demo/host", "ran",
                             [trace = &*all](std::uint64_t key) { return run(key, *trace); });
    const pool served = owner.open(what, std::move(options)).value();
    actor_options of_actors;
    of_actors.name = "almanac";
    of_actors.resident = 2;  // one less than there are
    of_actors.snapshot_every = 5;
    of_actors.functions.define("holdfast:demo/oracle", "ask", [](std::uint64_t) { return oracle(); });
    const actors asked = owner.open_actors(almanac, std::move(of_actors)).value();
    all->serving.store(1);
    std::vector<std::thread> callers;
    for (unsigned i = 0; i < how.callers; ++i)
      callers.emplace_back([&, i] { ask(how, served, asked, i, *all); });
    for (std::thread& each : callers) each.join();
    compare_states(how, asked, *all);
  } catch (const std::system_error& why) {
    std::fprintf(stderr, "%s\n", why.what());
    return not_begun;
  }
  return well;
}

life_plan plan_from(int count, char** words) {
  if (count != 10) throw std::invalid_argument("a life has nine words");
  return {.journal = words[2],
          .witness = words[3],
          .guests = words[4],
          .keys = std::stoull(words[5]),
          .callers = static_cast<unsigned>(std::stoul(words[6])),
          .seed = std::stoull(words[7]),
          .forever = std::strcmp(words[8], "1") == 0,
          .what = fault::parse(words[9])};
}

death spawn_and_wait(const life_plan& how) { return collect(spawn(how)); }

death spawn_and_kill(const life_plan& how, std::uint64_t microseconds) {
  const witness all(how.witness);
  all->serving.store(0);
  const child one = spawn(how);
  while (all->serving.load() == 0 && !has_ended(one)) std::this_thread::sleep_for(200us);
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
  ::kill(one.id, SIGKILL);
  return collect(one);
}

}  // namespace holdfast::crash
