// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_held.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>
#include <utility>

namespace holdfast::cli::demo {
namespace {

using namespace std::chrono_literals;

// A nap that never ends is answered long after its guest was cut: the late answer must hurt nobody.
constexpr std::uint64_t endless = 1'000'000'000;
constexpr duration too_late = 3s;

// The serial number that a completed call's value carries, and whether it is of this call.
struct receipt {
  std::uint64_t serial = 0;
  bool right = false;
};

receipt read_receipt(const request& what, const wit::value& value) {
  const wit::value* held = &value;
  if (const auto* either = value.get_if<wit::result_value>()) {
    if (!either->is_ok() || !either->payload()) return {};
    held = &*either->payload();
  }
  if (const auto* nap = held->get_if<std::uint64_t>()) return {*nap, true};
  const auto* record = held->get_if<wit::record_value>();
  if (record == nullptr) return {};
  receipt read;
  if (const wit::value* serial = record->find("serial")) read.serial = serial->get<std::uint64_t>();
  if (const wit::value* id = record->find("id")) read.right = id->get<std::uint64_t>() == what.id;
  return read;
}

}  // namespace

bedside::bedside() : busy_(boost::asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}

bedside::~bedside() {
  busy_.reset();
  context_.stop();
  thread_.join();
}

void bedside::sleep(host_call call) {
  const std::uint64_t ms = call.args().at(0).get<std::uint64_t>();
  if (ms > endless) {
    std::move(call).fail("this bed is broken");
    return;
  }
  const duration length = ms == endless ? too_late : std::chrono::milliseconds(ms);
  auto timer = std::make_shared<boost::asio::steady_timer>(context_, length);
  auto sleeping = std::make_shared<host_call>(std::move(call));
  timer->async_wait([timer, sleeping](boost::system::error_code) { std::move(*sleeping).reply(); });
}

held_storm::held_storm(const engine& with, const std::vector<guest_kind>& guests,
                       const held_settings& settings)
    : guests_(guests), settings_(settings), host_(with, {.drain_grace = 1s, .observe = ledger_}) {}

result<void> held_storm::open(const std::vector<component>& components) {
  for (std::size_t i = 0; i < guests_.size(); ++i) {
    pool_options options;
    options.cells = guests_[i].cells;
    options.queue_depth = std::max(64U, settings_.callers);
    options.functions.define("holdfast:demo/host", "sleep",
                             [this](host_call call) { bedside_.sleep(std::move(call)); });
    auto made = host_.open(components[i], std::move(options));
    if (!made) return error(made.error().code, guests_[i].name + ": " + made.error().message());
    pools_.push_back(*made);
  }
  for (std::size_t i = 0; i < pools_.size(); ++i)
    if (const auto ready = pools_[i].wait_ready(); !ready)
      return error(ready.error().code, guests_[i].name + ": " + ready.error().message());
  return {};
}

void held_storm::check(const request& what, const reply& told) {
  if (told.code) return;
  const std::string call = guests_[what.guest].name + "." + function_of(guests_[what.guest], what) + ", id " +
                           std::to_string(what.id) + ", cell " + std::to_string(told.cell);
  if (what.what == deed::trap || what.what == deed::loop) {
    ledger_->note_wrong(call + ": completed, which it cannot");
    return;
  }
  const receipt got = told.value ? read_receipt(what, *told.value) : receipt{};
  if (got.right) {
    ledger_->note_answer(told.cell, told.generation, got.serial);
  } else {
    ledger_->note_wrong(call + ": the answer is for another call");
  }
}

bool held_storm::make_call(const request& what) {
  const guest_kind& guest = guests_[what.guest];
  const pool& target = pools_[what.guest];
  const std::string function = function_of(guest, what);
  call_options options;
  if (what.what == deed::loop) options.run_limit = loop_limit;
  switch (what.how) {
    case patience::stay:
    case patience::give_up: {
      if (what.how == patience::give_up) options.wait = what.wait;
      const reply told = target.call(function, arguments_of(guest, what), options);
      if (told.code == make_error_code(errc::queue_full)) return false;
      if (told.code == make_error_code(errc::detached) || told.code == make_error_code(errc::revoked))
        ledger_->note_left();
      check(what, told);
      return true;
    }
    case patience::drop: {
      const auto claim = target.submit(function, arguments_of(guest, what), options);
      if (!claim) return false;
      if (claim->phase() != call_phase::done) ledger_->note_left();
      return true;
    }
    case patience::wait_and_drop: {
      const auto claim = target.submit(function, arguments_of(guest, what), options);
      if (!claim) return false;
      const reply told = claim->wait(what.wait);
      if (told.code == make_error_code(errc::detached)) ledger_->note_left();
      check(what, told);
      return true;
    }
  }
  return true;
}

void held_storm::be_a_caller(unsigned who) {
  dice fate(settings_.seed * 1'000'003 + who, guests_);
  for (;;) {
    const std::uint64_t id = next_id_.fetch_add(1);
    if (id > settings_.calls) return;
    const request what = fate.roll(id);
    // Refused, the guest never ran: safe to send again.
    for (duration pause = 1ms; !make_call(what); pause = std::min<duration>(2 * pause, 32ms))
      std::this_thread::sleep_for(pause);
  }
}

// Asks until every cell of the pool has answered. What a guest counts must be what its outcomes say.
bool held_storm::ask_every_cell(std::size_t guest, const outcomes& completed, held_result& told) {
  const pool& target = pools_[guest];
  std::set<std::uint32_t> counted;
  const std::string name = guests_[guest].name;
  const auto fail = [&](const std::string& why) {
    told.complaints.push_back(name + ": " + why);
    return false;
  };
  for (int round = 0; round < 2000 && counted.size() < target.cells().size(); ++round) {
    std::vector<ticket> claims;
    for (std::size_t i = 0; i < target.cells().size(); ++i)
      if (auto claim = target.submit("count", {}, {.run_limit = 5s})) claims.push_back(std::move(*claim));
    for (const ticket& claim : claims) {
      const reply answer = claim.wait();
      if (!answer) return fail("the next call failed: " + answer.detail);
      if (!counted.insert(answer.cell).second) continue;
      const auto found = completed.find({answer.cell, answer.generation});
      const std::uint64_t expected = found == completed.end() ? 0 : found->second;
      const std::uint64_t own = answer.value->get<std::uint64_t>();
      if (own == expected) continue;
      ledger_->note_wrong(name + ": cell " + std::to_string(answer.cell) + " counts " + std::to_string(own) +
                          " pieces of work, its outcomes " + std::to_string(expected));
    }
  }
  if (counted.size() < target.cells().size()) return fail("not every instance answered");
  if (!guests_[guest].keeper) return true;
  for (std::size_t i = 0; i < 4 * counted.size(); ++i) {
    const reply answer = target.call("audit", {}, {.run_limit = 5s});
    if (!answer || !answer.value->get<wit::result_value>().is_ok())
      return fail("an audit found the state broken");
  }
  return true;
}

held_result held_storm::run() {
  held_result told;
  const auto begun = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> callers;
    for (unsigned who = 0; who < settings_.callers; ++who)
      callers.emplace_back([this, who] { be_a_caller(who); });
  }
  // The callers are gone; the calls they left behind come to their ends by themselves.
  const auto patience_ends = std::chrono::steady_clock::now() + 120s;
  while (ledger_->done() < ledger_->accepted && std::chrono::steady_clock::now() < patience_ends)
    std::this_thread::sleep_for(1ms);
  told.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  told.calls = ledger_->accepted;
  told.completed = ledger_->count(outcome::completed);
  told.detached = ledger_->left;
  told.trapped = ledger_->count(outcome::trapped);
  told.deadline_killed = ledger_->count(outcome::deadline_killed);
  told.host_failed = ledger_->count(outcome::host_failed);
  told.revoked = ledger_->count(outcome::revoked);
  told.refused = ledger_->refused;
  told.lost = told.calls - ledger_->done();
  told.next_call_ok = true;
  const outcomes completed = ledger_->completed();  // before our own questions add to it
  for (std::size_t i = 0; i < pools_.size(); ++i)
    told.next_call_ok = ask_every_cell(i, completed, told) && told.next_call_ok;
  for (std::string& why : ledger_->complaints()) told.complaints.push_back(std::move(why));
  return told;
}

}  // namespace holdfast::cli::demo
