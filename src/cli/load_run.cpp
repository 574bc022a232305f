// SPDX-License-Identifier: Apache-2.0
#include "cli/load_run.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace holdfast::cli::load {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds between_looks(200);
constexpr std::chrono::microseconds shortest_timer(50);

std::string name_of(const call_end& end) {
  switch (end.how) {
    case call_end::seen::outcome:
      return to_string(*end.what);
    case call_end::seen::detached:
      return "detached";
    case call_end::seen::left:
      return "left";
    case call_end::seen::lost:
      return "no_answer";
  }
  return "no_answer";
}

}  // namespace

struct run::one {
  one(asio::io_context& on, target& of) : way(of.make_caller()), timer(on) {}
  std::unique_ptr<caller> way;
  asio::steady_timer timer;  // to the moment a call is due, then to the moment to leave
  clock::time_point due;
  bool calling = false;
  bool given_up = false;
  std::uint64_t turn = 0;
};

run::run(asio::io_context& on, const run_settings& how, target& of)
    : on_(on), how_(how), random_(how.seed), clock_(on) {
  for (unsigned i = 0; i < how.callers; ++i) callers_.push_back(std::make_unique<one>(on, of));
}

run::~run() = default;

std::uint64_t tally::count(const std::string& outcome) const {
  const auto found = by_outcome.find(outcome);
  return found == by_outcome.end() ? 0 : found->second;
}

void run::go(const std::function<void(const tally&)>& progress) {
  begun_ = clock::now();
  end_ = begun_ + std::chrono::duration_cast<clock::duration>(how_.length);
  busy_ = callers_.size();
  for (const auto& each : callers_) asio::post(on_, [this, who = each.get()] { next(*who); });
  look(progress);
  while (busy_ > 0) on_.run_one();
  clock_.cancel();
  for (const auto& each : callers_) each->timer.cancel();
}

void run::end_soon() {
  end_ = std::min(end_, clock::now());
  for (const auto& each : callers_)
    if (!each->calling) each->timer.cancel();
}

void run::look(const std::function<void(const tally&)>& progress) {
  progress(seen_);
  // What has no answer by now is given up: the run has an end whatever the other side does.
  if (clock::now() >= end_ + std::chrono::duration_cast<clock::duration>(how_.grace))
    for (const auto& each : callers_)
      if (each->calling && !std::exchange(each->given_up, true)) each->way->leave();
  clock_.expires_after(between_looks);
  clock_.async_wait([this, progress](boost::system::error_code failed) {
    if (!failed) look(progress);
  });
}

void run::next(one& who) {
  const auto now = clock::now();
  who.due = now;
  if (how_.rate > 0)
    who.due = begun_ + std::chrono::duration_cast<clock::duration>(
                           std::chrono::duration<double>(static_cast<double>(due_++) / how_.rate));
  if (now >= end_ || who.due >= end_) {
    --busy_;
    return;
  }
  if (who.due <= now) return start(who);
  who.timer.expires_at(who.due);
  who.timer.async_wait([this, &who](boost::system::error_code) {
    if (clock::now() < end_)
      start(who);
    else
      --busy_;
  });
}

call_kind run::pick_kind() {
  const double at = dice();
  if (at < how_.trap) return call_kind::trap;
  return at < how_.trap + how_.hang ? call_kind::hang : call_kind::usual;
}

void run::start(one& who) {
  const call_kind what = pick_kind();
  ++seen_.begun;
  who.calling = true;
  const std::uint64_t turn = ++who.turn;
  who.way->call(what, [this, &who](call_end end) { ended(who, std::move(end)); });
  if (dice() >= how_.leave) return;
  ++seen_.meant_to_leave;
  const auto leave = [&who, turn](boost::system::error_code failed) {
    if (!failed && who.calling && turn == who.turn) who.way->leave();
  };
  // Rather early than late: a usual answer is soon there. What is too short for a timer is left once it is
  // sent.
  const double share = dice();
  const auto moment = std::chrono::duration_cast<clock::duration>(typical_ * (share * share));
  if (moment < shortest_timer) {
    asio::post(on_, [leave] { leave({}); });
    return;
  }
  who.timer.expires_after(moment);
  who.timer.async_wait(leave);
}

void run::ended(one& who, call_end end) {
  const auto now = clock::now();
  who.calling = false;
  who.timer.cancel();
  ++seen_.ended;
  if (who.given_up && end.how == call_end::seen::left) end.how = call_end::seen::lost;
  const std::string name = name_of(end);
  ++seen_.by_outcome[name];
  ++seen_.by_effect[to_string(end.ran)];
  if (!end.why.empty() && end.how != call_end::seen::left)
    seen_.examples.try_emplace(name, std::move(end.why));
  const auto took = std::chrono::duration_cast<duration>(now - who.due);
  if (end.how == call_end::seen::outcome) {
    if (end.what == outcome::completed) {
      seen_.completed.add(took);
      typical_ += (took - typical_) / 16;
    } else {
      seen_.others.add(took);
    }
  }
  seen_.seconds = std::chrono::duration<double>(now - begun_).count();
  // A server that is not there is not asked again at once, over and over.
  if (end.how != call_end::seen::lost) return next(who);
  who.timer.expires_after(std::chrono::milliseconds(10));
  who.timer.async_wait([this, &who](boost::system::error_code) { next(who); });
}

}  // namespace holdfast::cli::load
