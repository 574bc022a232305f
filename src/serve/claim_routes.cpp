// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "host/ticket_impl.hpp"
#include "serve/gateway.hpp"
#include "serve/problem.hpp"

/// Calls by their ids: `GET` and `DELETE /v1/calls/{id}`, `POST /v1/calls/{id}/kill`.
namespace holdfast::serve {
namespace {

http_answer told_verb(const ticket& which, const char* what) {
  return json_answer(200, {{"id", which.id().to_string()}, {"state", what}});
}

http_answer still_goes_on(const ticket& which) {
  const std::string id = which.id().to_string();
  const std::string place = "/v1/calls/" + id;
  http_answer still = json_answer(202, {{"id", id},
                                        {"outcome", "detached"},
                                        {"phase", to_string(which.phase())},
                                        {"effect", "unknown"},
                                        {"location", place}});
  still.fields.emplace_back("Location", place);
  return still;
}

// How long the query says that the outcome is to be waited for.
result<duration> wait_of(std::string_view query) {
  const auto pairs = query_pairs(query);
  if (!pairs) return error(errc::bad_arguments, "the query has a wrong percent sign");
  duration limit = duration::zero();
  for (const auto& [name, value] : *pairs) {
    if (name != "wait")
      return error(errc::bad_arguments, "`" + name + "` is nothing that can be asked; `wait` is");
    const auto read = parse_seconds(value);
    if (!read) return error(errc::bad_arguments, "wait: " + read.error().message());
    limit = *read;
  }
  return limit;
}

}  // namespace

void gateway::note_owner(const visit& on, const call_id& call) {
  if (!door_.asks() || call == call_id()) return;
  owners_.note(call, on.who.name);
  ledger_.note(call, on.who.name);  // whose list of calls has it
}

// Another's call is as one that is not known: ids are nobody's to try.
result<ticket> gateway::claim(const visit& on, std::string_view id) const {
  const auto read = call_id::parse(id);
  if (!read)
    return error(errc::bad_arguments, "`" + std::string(id) + "` is not an id: 32 hexadecimal digits");
  if (door_.asks() && !on.who.may.kill && owners_.of(*read) != on.who.name)
    return error(errc::gone, "no call " + read->to_string() + " is known here");
  return service_.owner().attach(*read);
}

task<void> gateway::one_call(visit& on) {
  const bool kill = on.path.size() == 4 && on.path[3] == "kill";
  if (on.path.size() > 4 || (on.path.size() == 4 && !kill)) {
    http_answer answered = problem_of(http_refusal(404, "a call has `/kill` below it, and nothing else"));
    co_return co_await answer(on.turn, std::move(answered));
  }
  if (kill ? on.method != http_method::post : on.method != http_method::get && on.method != http_method::del)
    co_return co_await allow_only(on, kill ? "POST" : "GET, HEAD, DELETE");
  if (kill && !on.who.may.kill) {
    http_answer answered = problem_of(http_refusal(403, "`" + on.who.name + "` has no right to kill"));
    co_return co_await answer(on.turn, std::move(answered));
  }
  const auto which = claim(on, on.path[2]);
  if (!which) co_return co_await refuse(on, which.error());
  on.turn.noted.call = which->id().to_string();
  if (on.method == http_method::get) co_return co_await attach(on, *which);
  http_answer answered = told_verb(*which, kill ? to_string(which->kill()) : to_string(which->revoke()));
  co_await answer(on.turn, std::move(answered));
}

task<void> gateway::attach(visit& on, const ticket& claim) {
  const auto limit = wait_of(on.turn.request().query());
  if (!limit) co_return co_await refuse(on, limit.error());
  reply told{.code = make_error_code(errc::detached), .id = claim.id()};
  if (claim.phase() == call_phase::done || *limit != duration::zero()) {
    auto [code, seen] = co_await claim.async_wait(
        asio::as_tuple(asio::bind_cancellation_slot(on.turn.leaving(), use_task)), *limit);
    told = std::move(seen);
  }
  on.turn.noted.outcome = told.outcome ? holdfast::to_string(*told.outcome) : "detached";
  if (on.turn.left()) co_return;
  if (told.outcome || told.code != make_error_code(errc::detached)) {
    http_answer answered = answer_of(told, claim.internals()->asked->result());
    co_return co_await answer(on.turn, std::move(answered));
  }
  http_answer answered = still_goes_on(claim);
  co_await answer(on.turn, std::move(answered));
}

}  // namespace holdfast::serve
