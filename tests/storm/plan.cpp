// SPDX-License-Identifier: Apache-2.0
#include "storm/plan.hpp"

#include <array>

#include "storm/answers.hpp"

namespace holdfast::storm {
namespace {

using namespace std::chrono_literals;

struct choice {
  site where;
  deed what;
  unsigned weight;
};

constexpr std::array choices{
    choice{site::orders, deed::place, 300},
    choice{site::orders, deed::misplace, 10},
    choice{site::orders, deed::place_slowly, 60},
    choice{site::orders, deed::count, 40},
    choice{site::orders, deed::audit, 30},
    choice{site::orders, deed::trap, 12},
    choice{site::orders, deed::spin, 8},
    choice{site::orders, deed::hog, 4},
    choice{site::orders, deed::add, 60},
    choice{site::echo, deed::echo, 120},
    choice{site::echo, deed::place_pair, 80},
    choice{site::echo, deed::count, 20},
    choice{site::echo, deed::trap, 5},
    choice{site::echo, deed::spin, 6},
    choice{site::sleeper, deed::nap, 40},
    choice{site::sleeper, deed::nap_deaf, 6},
    choice{site::sleeper, deed::nap_listening, 6},
    choice{site::sleeper, deed::nap_calling, 20},
    choice{site::sleeper, deed::count, 10},
    choice{site::fickle, deed::nap_failing, 10},
    choice{site::fickle, deed::nap, 10},
    choice{site::fickle, deed::count, 5},
    choice{site::ring_a, deed::nap_round, 5},
    choice{site::ring_b, deed::nap_round, 5},
    choice{site::vault, deed::open, 20},
    choice{site::vault, deed::count, 10},
    choice{site::vault, deed::give, 10},
    choice{site::vault, deed::open_trap, 3},
    choice{site::vault, deed::open_spin, 3},
    choice{site::polite, deed::work, 3},
    choice{site::polite, deed::work_on, 3},
    choice{site::polite, deed::key, 10},
    choice{site::polite, deed::generation, 10},
    choice{site::polite, deed::attempt, 5},
    choice{site::polite, deed::trap, 2},
    choice{site::version, deed::version, 40},
    choice{site::after, deed::well, 10},
    choice{site::after, deed::trap_late, 3},
    choice{site::after, deed::spin_late, 3},
    choice{site::passing, deed::place, 60},
    choice{site::passing, deed::count, 10},
    choice{site::passing, deed::place_slowly, 10},
    choice{site::passing, deed::spin, 2},
    choice{site::company, deed::wait, 250},
    choice{site::company, deed::wait_deaf, 3},
    choice{site::company, deed::wait_trap, 3},
    choice{site::company, deed::stopped, 10},
    choice{site::company, deed::hold, 10},
    choice{site::company, deed::tail, 20},
    choice{site::company, deed::tail_trap, 2},
    choice{site::company, deed::block, 10},
    choice{site::company, deed::blocks, 10},
    choice{site::company, deed::entered, 30},
    choice{site::company, deed::spin, 3},
    choice{site::circle, deed::wait, 40},
    choice{site::circle, deed::wait_deaf, 3},
    choice{site::circle, deed::stopped, 10},
    choice{site::circle, deed::hold, 5},
    choice{site::circle, deed::tail, 5},
    choice{site::circle, deed::blocks, 5},
    choice{site::circle, deed::entered, 10},
    choice{site::circle, deed::spin, 2},
};

struct manner {
  way how;
  unsigned weight;
};

constexpr std::array manners{
    manner{way::stay, 20},        manner{way::give_up, 10},    manner{way::stop, 6},
    manner{way::submit_wait, 8},  manner{way::submit_drop, 6}, manner{way::submit_revoke, 5},
    manner{way::submit_kill, 2},  manner{way::come_back, 5},   manner{way::hear, 5},
    manner{way::hear_or_stop, 4}, manner{way::future, 4},      manner{way::future_dropped, 2},
    manner{way::coroutine, 12},   manner{way::cancelled, 8},   manner{way::deferred, 4},
    manner{way::use_future, 3},   manner{way::wait_async, 4},  manner{way::context_ends, 8},
};

template <class Table>
const auto& pick(const Table& from, std::uint64_t drawn) {
  std::uint64_t all = 0;
  for (const auto& each : from) all += each.weight;
  std::uint64_t at = drawn % all;
  for (const auto& each : from) {
    if (at < each.weight) return each;
    at -= each.weight;
  }
  return from.back();
}

// What the caller does can end the call in more ways than its deed.
void allow(record& one, way how) {
  using enum outcome;
  switch (how) {
    case way::stay:
    case way::submit_drop:
    case way::hear:
    case way::future_dropped:
    case way::typed:
    case way::typed_submit:
    case way::coroutine:
    case way::deferred:
    case way::use_future:
      break;
    case way::submit_wait:
    case way::come_back:
    case way::wait_async:
      one.may_detach = true;
      break;
    case way::submit_kill:
      one.may_end.add(killed);
      one.may_end.add(revoked);
      break;
    case way::submit_revoke:
      one.may_end.add(revoked);
      // A call that backs off when it is revoked ends with what its last attempt came to.
      if (one.where == site::fickle) one.may_end.add(host_failed);
      break;
    case way::give_up:
    case way::stop:
    case way::hear_or_stop:
    case way::future:
    case way::cancelled:
    case way::context_ends:
      one.may_detach = true;
      one.may_end.add(revoked);
      if (one.what == deed::nap_failing) one.may_end.add(host_failed);
      break;
  }
}

void allow(record& one, site where) {
  using enum outcome;
  switch (where) {
    case site::echo:  // exchanged with a grace that is too short
    case site::version:
    case site::passing:  // drained while it serves
      one.may_end.add(refused);
      one.may_end.add(killed);
      break;
    case site::orders:  // a full queue is tried again, and then refused
    case site::fickle:
      one.may_end.add(refused);
      break;
    case site::circle:  // exchanged as the echo is
      one.may_end.add(refused);
      one.may_end.add(killed);
      one.may_end.add(collateral);
      break;
    case site::company:
      one.may_end.add(collateral);
      break;
    default:
      break;
  }
}

std::uint32_t amount_of(deed what, std::uint64_t drawn) noexcept {
  switch (what) {
    case deed::place:
      return static_cast<std::uint32_t>(1 + drawn % 9);
    case deed::place_slowly:
      return static_cast<std::uint32_t>(1 + drawn % 800);
    case deed::echo:
      return static_cast<std::uint32_t>(drawn % 16 == 0 ? 65536 : drawn % 512);
    case deed::nap:
      return static_cast<std::uint32_t>(drawn % 4);
    case deed::open:
    case deed::open_trap:
    case deed::open_spin:
      return static_cast<std::uint32_t>(1 + drawn % 4);
    case deed::nap_round:  // how deep the round is already
      return 0;
    default:
      return static_cast<std::uint32_t>(drawn % 100);
  }
}

}  // namespace

namespace {

// What passes resources has no key.
bool may_have_key(deed what) noexcept {
  switch (what) {
    case deed::open:
    case deed::open_trap:
    case deed::open_spin:
    case deed::give:
    case deed::take:
    case deed::release:
      return false;
    default:
      return true;
  }
}

}  // namespace

call_options errand::options() const noexcept {
  call_options made;
  made.key = one->key;
  if (one->deadline != no_limit) made.deadline = one->deadline;
  if (one->run_limit != no_limit) made.run_limit = one->run_limit;
  if (how == way::give_up || how == way::future) made.wait = patience;
  return made;
}

errand plan::draw(std::uint64_t number) const {
  std::mt19937_64 random(seed_ * 1'000'003 + number);
  const choice& chosen = pick(choices, random());
  errand made;
  made.one = extra(number, chosen.where, chosen.what, amount_of(chosen.what, random()));
  record& one = *made.one;
  made.how = pick(manners, random()).how;
  const std::uint64_t drawn = random();
  if ((one.what == deed::place || one.what == deed::add) && drawn % 5 == 0)
    made.how = drawn % 2 == 0 ? way::typed : way::typed_submit;
  if (hangs(one.what) && drawn % 6 == 0) made.how = drawn % 4 == 0 ? way::submit_revoke : way::submit_kill;
  if (one.what == deed::give) made.how = way::stay;  // its caller has something to give back
  if (may_have_key(one.what) && drawn % 8 < (one.what == deed::key ? 4U : 2U))
    one.key = "request-" + std::to_string(number);
  made.patience = std::chrono::microseconds(random() % (random() % 8 == 0 ? 40'000 : 3'000));
  made.bits = static_cast<unsigned>(random());
  if (hangs(one.what)) {
    const duration limit = std::chrono::microseconds(4'000 + random() % 12'000);
    if (random() % 2 == 0) {
      one.run_limit = limit;
    } else {
      one.deadline = limit;
      one.may_end.add(outcome::expired_in_queue);
    }
  }
  allow(one, made.how);
  return made;
}

std::shared_ptr<record> plan::extra(std::uint64_t number, site where, deed what, std::uint32_t amount) {
  auto made = std::make_shared<record>();
  made->number = number;
  made->where = where;
  made->what = what;
  made->amount = amount;
  made->may_end = ends_of(what);
  allow(*made, where);
  return made;
}

const char* function_of(deed what) noexcept {
  switch (what) {
    case deed::place:
    case deed::misplace:
    case deed::place_pair:
      return "place";
    case deed::place_slowly:
      return "place-slowly";
    case deed::count:
      return "count";
    case deed::audit:
      return "audit";
    case deed::trap:
    case deed::trap_late:
      return "trap";
    case deed::spin:
    case deed::spin_late:
      return "spin";
    case deed::hog:
      return "hog";
    case deed::add:
      return "add";
    case deed::echo:
      return "echo";
    case deed::nap:
    case deed::nap_deaf:
    case deed::nap_listening:
    case deed::nap_calling:
    case deed::nap_failing:
    case deed::nap_round:
      return "nap";
    case deed::open:
      return "open";
    case deed::open_trap:
      return "open-and-trap";
    case deed::open_spin:
      return "open-and-spin";
    case deed::give:
      return "give";
    case deed::take:
      return "take";
    case deed::release:
      return "";
    case deed::work:
      return "work";
    case deed::work_on:
      return "work-on";
    case deed::key:
      return "key";
    case deed::generation:
      return "generation";
    case deed::attempt:
      return "attempt";
    case deed::version:
      return "version";
    case deed::well:
      return "well";
    case deed::wait:
    case deed::wait_deaf:
      return "wait";
    case deed::wait_trap:
      return "trap";
    case deed::stopped:
      return "stopped";
    case deed::hold:
      return "hold";
    case deed::tail:
      return "tail";
    case deed::tail_trap:
      return "tail-traps";
    case deed::block:
      return "block";
    case deed::blocks:
      return "blocks";
    case deed::entered:
      return "entered";
  }
  return "";
}

wit::arguments arguments_of(const record& one) {
  switch (one.what) {
    case deed::place:
      return args(one.number, item_of(one).name, one.amount);
    case deed::misplace:
      return args(one.number, "moon", std::uint32_t{1});
    case deed::place_slowly:
      return args(one.number, one.amount);
    case deed::place_pair:
      return args(one.number);
    case deed::trap:
    case deed::spin:
      if (one.where == site::orders || one.where == site::passing) return args(one.number);
      if (size_of(one.where).calls > 1) return args(wait_order{one.number, true}.packed());
      return {};
    case deed::hog:
      return args(std::uint64_t{1} << 31);  // more than the pool allows
    case deed::add:
      return args(static_cast<std::uint32_t>(one.number), one.amount);
    case deed::echo:
      return args(bytes_of(one));
    case deed::nap:
    case deed::nap_deaf:
    case deed::nap_listening:
    case deed::nap_calling:
    case deed::nap_failing:
    case deed::nap_round:
      return args(nap_order{one.number, one.what, one.amount}.packed());
    case deed::open:
    case deed::open_trap:
    case deed::open_spin:
      return args(one.amount);
    case deed::wait:
    case deed::wait_deaf:
    case deed::wait_trap:
    case deed::stopped:
    case deed::hold:
    case deed::tail:
    case deed::tail_trap:
    case deed::block:
    case deed::blocks:
      return args(wait_order{one.number, one.what == deed::wait_deaf}.packed());
    default:
      return {};
  }
}

std::uint32_t wait_order::packed() const noexcept {
  return static_cast<std::uint32_t>(number) << 1 | static_cast<std::uint32_t>(deaf);
}

wait_order wait_order::of(std::uint32_t packed) noexcept { return {packed >> 1, (packed & 1U) != 0}; }

std::uint64_t nap_order::packed() const noexcept {
  return number << 16 | static_cast<std::uint64_t>(what) << 8 | (amount & 0xffU);
}

nap_order nap_order::of(std::uint64_t packed) noexcept {
  return {packed >> 16, static_cast<deed>(packed >> 8 & 0xffU), static_cast<std::uint32_t>(packed & 0xffU)};
}

}  // namespace holdfast::storm
