// SPDX-License-Identifier: Apache-2.0
#include "sim/event.hpp"

#include <cstdio>
#include <holdfast/call_phase.hpp>
#include <holdfast/observer.hpp>
#include <holdfast/outcome.hpp>

namespace holdfast::sim {

const char* to_string(seen what) noexcept {
  switch (what) {
    case seen::opened:
      return "opened";
    case seen::cell_made:
      return "cell made";
    case seen::asked:
      return "asked";
    case seen::policed:
      return "policed";
    case seen::held:
      return "held";
    case seen::paced:
      return "paced";
    case seen::shared:
      return "shared";
    case seen::ahead:
      return "ahead";
    case seen::calmed:
      return "calmed";
    case seen::time_moved:
      return "time moved";
    case seen::accepted:
      return "accepted";
    case seen::refused:
      return "refused";
    case seen::started:
      return "started";
    case seen::done:
      return "done";
    case seen::settled:
      return "settled";
    case seen::noted:
      return "noted";
    case seen::recorded:
      return "recorded";
    case seen::erased:
      return "erased";
    case seen::journalled:
      return "journalled";
    case seen::journal_stuck:
      return "journal stuck";
    case seen::detached:
      return "detached";
    case seen::moved:
      return "moved";
    case seen::lost:
      return "lost";
    case seen::backing_off:
      return "backing off";
    case seen::queued_again:
      return "queued again";
    case seen::orphaned:
      return "orphaned";
    case seen::orphan_ended:
      return "orphan ended";
    case seen::parked:
      return "parked";
    case seen::claimed:
      return "claimed";
    case seen::dropped:
      return "dropped";
    case seen::tail_ended:
      return "tail ended";
    case seen::retired:
      return "retired";
    case seen::spare_taken:
      return "spare taken";
    case seen::spare_failed:
      return "spare failed";
    case seen::spare_moved:
      return "spare moved in";
    case seen::ran:
      return "ran";
    case seen::guest_made:
      return "guest made";
    case seen::guest_ready:
      return "guest ready";
    case seen::guest_polled:
      return "guest polled";
    case seen::guest_rested:
      return "guest rested";
    case seen::woken:
      return "woken";
    case seen::guest_failed:
      return "guest failed";
    case seen::guest_gone:
      return "guest gone";
    case seen::guest_asked:
      return "guest asked to stop";
    case seen::entered:
      return "entered";
    case seen::returned:
      return "returned";
    case seen::guest_shut:
      return "guest shut";
    case seen::guest_open:
      return "guest open";
    case seen::holding:
      return "holding";
    case seen::host_called:
      return "host called";
    case seen::host_answered:
      return "host answered";
    case seen::joining:
      return "joining";
    case seen::joined:
      return "joined";
    case seen::unjoined:
      return "unjoined";
    case seen::conflict:
      return "key conflict";
    case seen::handing:
      return "handing over";
    case seen::answered:
      return "answered";
    case seen::attaching:
      return "attaching";
    case seen::attached:
      return "attached";
    case seen::patient:
      return "patient";
    case seen::leaving:
      return "leaving";
    case seen::left:
      return "left";
    case seen::told:
      return "told";
    case seen::revoking:
      return "revoking";
    case seen::revoke_said:
      return "revoke said";
    case seen::killing:
      return "killing";
    case seen::kill_said:
      return "kill said";
    case seen::abandoned:
      return "abandoned";
    case seen::found:
      return "found";
    case seen::draining:
      return "draining";
    case seen::shut:
      return "shut";
    case seen::closing:
      return "closing";
    case seen::depth:
      return "depth";
    case seen::kept:
      return "kept";
    case seen::rested:
      return "rested";
    case seen::counted:
      return "counted";
  }
  return "unknown";
}

const char* to_string(tally what) noexcept {
  switch (what) {
    case tally::calls:
      return "calls";
    case tally::cells:
      return "cells that somebody holds";
    case tally::guests:
      return "guests";
    case tally::waiters:
      return "waiters";
    case tally::timers:
      return "timers";
    case tally::queued:
      return "queued calls";
    case tally::bytes:
      return "queued bytes";
    case tally::members:
      return "cells that serve";
    case tally::tasks:
      return "posted tasks";
    case tally::parked:
      return "parked results";
    case tally::orphans:
      return "orphans";
  }
  return "unknown";
}

namespace {

std::string code_text(const event& what) {
  switch (what.what) {
    case seen::done:
    case seen::settled:
    case seen::told:
      return to_string(static_cast<outcome>(what.code));
    case seen::refused:
    case seen::lost:
    case seen::spare_failed:
    case seen::backing_off:
      return to_string(static_cast<errc>(what.code));
    case seen::answered:
      if (what.code == outrun) return "outrun";
      return what.code == 0 ? "accepted" : to_string(static_cast<errc>(what.code));
    case seen::moved:
      return std::string(to_string(static_cast<cell_state>(what.number))) + " -> " +
             to_string(static_cast<cell_state>(what.code));
    case seen::revoke_said:
      return to_string(static_cast<revoke_answer>(what.code));
    case seen::attached:
    case seen::left:
    case seen::kill_said:
    case seen::found:
      return what.code != 0 ? "yes" : "no";
    case seen::host_answered:
      return what.code != 0 ? "too late" : "in time";
    case seen::asked:
      return (what.code & trait::bound) != 0 ? "bound" : "kept";
    case seen::counted:
      return to_string(static_cast<tally>(what.code));
    default:
      return what.code != 0 ? std::to_string(what.code) : std::string();
  }
}

std::string number_text(std::uint64_t nanoseconds) {
  if (nanoseconds == static_cast<std::uint64_t>(duration::max().count())) return "never";
  return to_text(duration(static_cast<duration::rep>(nanoseconds)));
}

}  // namespace

std::string to_text(duration length) {
  char text[48];
  std::snprintf(text, sizeof(text), "%lld.%06lld", static_cast<long long>(length.count() / 1'000'000),
                static_cast<long long>(length.count() % 1'000'000));
  std::string all(text);
  while (all.back() == '0') all.pop_back();
  if (all.back() == '.') all.pop_back();
  return all + " ms";
}

std::string to_line(const event& what, const std::string& who) {
  char head[96];
  std::snprintf(head, sizeof(head), "%14s  %-12s %-19s", to_text(what.at).c_str(), who.c_str(),
                to_string(what.what));
  std::string line(head);
  const auto add = [&line](const char* name, std::int64_t value) {
    line += ' ';
    line += name;
    line += ' ';
    line += std::to_string(value);
  };
  if (what.pool >= 0) add("pool", what.pool);
  if (what.cell >= 0) add("cell", what.cell);
  if (what.generation != 0) add("generation", static_cast<std::int64_t>(what.generation));
  if (what.call >= 0) add("call", what.call);
  if (what.waiter >= 0) add("waiter", what.waiter);
  if (what.parent >= 0) add("child of", what.parent);
  if (const std::string code = code_text(what); !code.empty()) line += "  " + code;
  switch (what.what) {
    case seen::asked:
      line += "  deadline " + number_text(what.number) + "  run limit " + number_text(what.second) +
              "  grace " + number_text(what.third);
      break;
    case seen::opened:
      line += " cells  depth " + std::to_string(what.number) + "  bytes " + std::to_string(what.second);
      break;
    case seen::policed:
      line += " at once  retries " + std::to_string(what.number) + " + " + std::to_string(what.second) +
              "/1000  old after " + std::to_string(what.third);
      break;
    case seen::depth:
      line += "  " + std::to_string(what.number) + " calls  " + std::to_string(what.second) + " bytes  " +
              std::to_string(what.third) + " outside";
      break;
    case seen::kept:
      line += "  " + std::to_string(what.number) + " results  " + std::to_string(what.third) + " bytes";
      break;
    case seen::backing_off:
      line += "  after attempt " + std::to_string(what.number);
      break;
    case seen::counted:
      line += "  " + std::to_string(what.number) + " of " + std::to_string(what.second);
      break;
    case seen::told:
      line += "  value " + std::to_string(what.number) + "  attempts " + std::to_string(what.second);
      break;
    case seen::patient:
      line += "  until " + number_text(what.number);
      break;
    case seen::spare_moved:
      line += "  spare " + std::to_string(what.number);
      break;
    case seen::entered:
    case seen::returned:
      line += "  value " + std::to_string(what.number);
      break;
    default:
      break;
  }
  while (line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace holdfast::sim
