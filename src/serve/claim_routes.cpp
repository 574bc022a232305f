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

constexpr std::chrono::milliseconds look_again(50);

http_answer told_verb(const call_id& which, const char* what) {
  return json_answer(200, {{"id", which.to_string()}, {"state", what}});
}

template <class Answer>
result<const char*> word(const result<Answer>& of) {
  if (!of) return of.error();
  return to_string(*of);
}

http_answer still_goes_on(const call_id& which, call_phase phase) {
  const std::string id = which.to_string();
  const std::string place = "/v1/calls/" + id;
  http_answer still = json_answer(202, {{"id", id},
                                        {"outcome", "detached"},
                                        {"phase", to_string(phase)},
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

// Another's call is as one that is not known: ids are nobody's to try.
result<call_id> gateway::known_call(const visit& on, std::string_view id) const {
  const auto read = call_id::parse(id);
  if (!read)
    return error(errc::bad_arguments, "`" + std::string(id) + "` is not an id: 32 hexadecimal digits");
  if (door_.asks() && !on.who.may.kill && ledger_.owner_of(*read) != on.who.name)
    return error(errc::gone, "no call " + read->to_string() + " is known here");
  return *read;
}

task<gateway::maybe_answer> gateway::one_call(visit& on) {
  const bool kill = on.path.size() == 4 && on.path[3] == "kill";
  if (on.path.size() > 4 || (on.path.size() == 4 && !kill))
    co_return problem_of(http_refusal(404, "a call has `/kill` below it, and nothing else"));
  if (kill ? on.method != http_method::post : on.method != http_method::get && on.method != http_method::del)
    co_return allow_only(on, kill ? "POST" : "GET, HEAD, DELETE");
  if (kill && !on.who.may.kill)
    co_return problem_of(http_refusal(403, "`" + on.who.name + "` has no right to kill"));
  const auto which = known_call(on, on.path[2]);
  if (!which) co_return problem_of(which.error());
  on.turn.noted.call = *which;
  if (on.method == http_method::get) co_return co_await attach(on, *which);
  const host& owner = service_.owner();
  const result<const char*> told = kill ? word(owner.kill(*which)) : word(owner.revoke(*which));
  if (!told) co_return problem_of(told.error());
  co_return told_verb(*which, *told);
}

// A client waits for it on its connection, and its result is for that one alone: what can be told is how it
// stands.
task<gateway::maybe_answer> gateway::look_at_bound(visit& on, call_id which, duration limit) {
  const time_point until = core::later(time_.now(), limit);
  loop_timer next(on.turn.executor());
  for (;;) {
    const auto known = ledger_.record_of(which);
    if (!known || known->phase == call_phase::done) {
      const error over(errc::gone, "call " + which.to_string() +
                                       " is done, and its result went to the client that waited for it");
      co_return problem_of(over);
    }
    if (time_.now() >= until || on.turn.ending()) co_return still_goes_on(which, known->phase);
    next.expires_after(look_again);
    co_await next.async_wait(asio::as_tuple(asio::bind_cancellation_slot(on.turn.leaving(), use_task)));
    if (on.turn.left()) co_return std::nullopt;
  }
}

task<gateway::maybe_answer> gateway::attach(visit& on, call_id which) {
  on.serves.reset();  // what waits goes on past many a reload
  const auto limit = wait_of(on.turn.request().query());
  if (!limit) co_return problem_of(limit.error());
  const auto found = service_.owner().attach(which);
  if (!found) {
    const auto known = ledger_.record_of(which);
    if (!known || known->phase == call_phase::done) co_return problem_of(found.error());
    co_return co_await look_at_bound(on, which, *limit);
  }
  const ticket& claim = *found;
  reply told{.code = make_error_code(errc::detached), .id = claim.id()};
  if (claim.phase() == call_phase::done || *limit != duration::zero()) {
    auto [code, seen] = co_await claim.async_wait(
        asio::as_tuple(asio::bind_cancellation_slot(on.turn.leaving(), use_task)), *limit);
    told = std::move(seen);
  }
  on.turn.noted.outcome = word_of(told);
  if (on.turn.left()) co_return std::nullopt;
  if (told.outcome || told.code != make_error_code(errc::detached))
    co_return answer_of(told, claim.internals()->asked->result());
  co_return still_goes_on(which, claim.phase());
}

}  // namespace holdfast::serve
