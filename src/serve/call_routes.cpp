// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <holdfast/actors.hpp>
#include <holdfast/pool.hpp>

#include "serve/ascii.hpp"
#include "serve/gateway.hpp"
#include "serve/on_behalf.hpp"
#include "serve/problem.hpp"
#include "wit/json.hpp"

/// Calls of exports: `POST /v1/call/{component}/{export}` and `POST /v1/actors/{component}/{key}/{export}`.
namespace holdfast::serve {
namespace {

// A call that took so long of late is not begun on the thread of a connection, which others wait for.
constexpr std::chrono::microseconds short_call(300);
constexpr std::uint32_t unknown_pace = 0;

bool is_json(const http_request& request) {
  const std::string_view type = request.field("content-type").value_or("");
  return ascii::equal(ascii::trimmed(type.substr(0, type.find(';'))), "application/json");
}

// The name of an export may have slashes: `ns:pkg/iface#func`.
std::string joined(const std::vector<std::string>& parts, std::size_t from) {
  std::string name = parts[from];
  for (std::size_t i = from + 1; i < parts.size(); ++i) name += "/" + parts[i];
  return name;
}

start how_to_start(const served_export& what) noexcept {
  const std::uint32_t pace = what.pace.load(std::memory_order_relaxed);
  return pace != unknown_pace && pace < std::chrono::nanoseconds(short_call).count() ? start::dispatch
                                                                                     : start::post;
}

void learn_pace(const served_export& what, duration took) noexcept {
  const auto now = static_cast<std::uint32_t>(std::clamp<std::int64_t>(took.count(), 1, 1'000'000'000));
  const std::uint32_t before = what.pace.load(std::memory_order_relaxed);
  what.pace.store(before == unknown_pace ? now : before - before / 8 + now / 8 + 1,
                  std::memory_order_relaxed);
}

// As `async_call`, for somebody: the call is asked for within, whenever it is awaited. `asked` is told
// whether it is done by then, as one is that ran on this thread.
template <class Target, class Asked, class Token>
auto call_for(std::string_view whom, const Target& target, std::string_view name, wit::arguments arguments,
              const call_options& options, Asked asked, Token&& token) {
  return asio::async_initiate<Token, reply_signature>(
      [whom, &target, name, &options, asked, arguments = std::move(arguments)](auto handler) mutable {
        const on_behalf_of whose(whom);
        target.async_call(name, std::move(arguments), options, std::move(handler));
        asked(whose.done());
      },
      token);
}

}  // namespace

task<void> gateway::call_pool(visit& on) {
  if (on.method != http_method::post) co_return co_await allow_only(on, "POST");
  const auto of = service_.components()->find(on.path[2]);
  if (of == nullptr || !of->pool) {
    http_answer answered =
        problem_of(error(errc::no_such_export,
                         of == nullptr ? "there is no component `" + on.path[2] + "`"
                                       : "`" + on.path[2] + "` has actors: they are called at /v1/actors"));
    co_return co_await answer(on.turn, std::move(answered));
  }
  const std::string name = joined(on.path, 3);
  co_await call(on, *of, *of->pool, name);
}

task<void> gateway::call_actor(visit& on) {
  if (on.method != http_method::post) co_return co_await allow_only(on, "POST");
  const auto of = service_.components()->find(on.path[2]);
  if (of == nullptr || !of->actors) {
    http_answer answered =
        problem_of(error(errc::no_such_export,
                         of == nullptr ? "there is no component `" + on.path[2] + "`"
                                       : "`" + on.path[2] + "` has no actors: it is called at /v1/call"));
    co_return co_await answer(on.turn, std::move(answered));
  }
  const auto which = of->actors->at(on.path[3]);
  if (!which) co_return co_await refuse(on, which.error());
  const std::string name = joined(on.path, 4);
  co_await call(on, *of, *which, name);
}

// What keeps a request from being a call before its body is read.
std::optional<http_answer> gateway::admit(visit& on, const hosted& of, rate_pass& pass) {
  if (!is_json(on.turn.request()))
    return problem_of(
        http_refusal{415, "the arguments are read from a body whose Content-Type is application/json"});
  const time_point now = time_.now();
  if (!clients_.unlimited()) {
    const std::string& client = on.who.name.empty() ? on.turn.peer() : on.who.name;
    if (const auto wait = pass.enter(clients_.of(client, now), now))
      return too_many("this client calls more often than it may", *wait);
  }
  if (const auto wait = pass.enter(of.gate, now))
    return too_many("`" + of.settings.name + "` is called more often than it may be", *wait);
  return std::nullopt;
}

template <class Target>
task<void> gateway::call(visit& on, const hosted& of, const Target& target, std::string_view name) {
  on.turn.noted.component = of.settings.name;
  rate_pass pass;
  if (auto refusal = admit(on, of, pass)) {
    http_answer answered = *std::move(refusal);
    co_return co_await answer(on.turn, std::move(answered));
  }
  const auto exports = of.exports;
  const auto what = exports->find(name);
  if (!what) co_return co_await refuse(on, what.error());
  on.turn.noted.function = (*what)->name;
  const auto wish = read_call_wish(on.turn.request());
  if (!wish) co_return co_await refuse(on, wish.error());

  std::string body;
  if (!co_await on.turn.read_all(body, settings_.limits.body_bytes)) {
    if (on.turn.refusal().status != 0) {
      http_answer answered = problem_of(on.turn.refusal());
      co_await answer(on.turn, std::move(answered));
    }
    co_return;
  }
  const auto json = wit::parse_json(body);
  if (!json) co_return co_await refuse(on, json.error());
  auto arguments = wit::arguments_from_json(*(*what)->of, *json);
  if (!arguments) co_return co_await refuse(on, arguments.error());

  // Keys belong to whoever sent them.
  const std::string key =
      wish->key.empty() || on.who.name.empty() ? wish->key : on.who.name + "/" + wish->key;
  call_options options;
  options.key = key;
  if (of.settings.deadline) options.deadline = *of.settings.deadline;
  if (of.settings.run_limit) options.run_limit = *of.settings.run_limit;
  if (wish->deadline) options.deadline = *wish->deadline;
  if (wish->wait || wish->respond_async)
    co_await call_kept(on, target, **what, *std::move(arguments), options, *wish);
  else
    co_await call_bound(on, target, **what, *std::move(arguments), options);
}

// With a key it may be a call that was asked for before, in another life of the server too.
void gateway::note_owner(const visit& on, const call_id& call, const call_options& options) {
  if (!on.who.name.empty() && !options.key.empty() && call != call_id())
    ledger_.note_owner(call, on.who.name);
}

template <class Target>
task<void> gateway::call_bound(visit& on, const Target& target, const served_export& what,
                               wit::arguments arguments, const call_options& options) {
  call_options bound = options;
  bound.how = how_to_start(what);
  const time_point began = time_.now();
  std::optional<duration> took;
  const auto asked = [&](bool done) {
    // Whom it is over for cannot leave it: nothing is armed that would have to be disarmed.
    if (done)
      took = time_.now() - began;
    else
      on.turn.watch();
  };
  const auto [code, told] =
      co_await call_for(on.who.name, target, what.name, std::move(arguments), bound, asked,
                        asio::as_tuple(asio::bind_cancellation_slot(on.turn.when_left(), use_task)));
  // It may have waited for an instance, which says nothing of the export: else a crowd once met would keep
  // all that come after on the longer way.
  if (!took)
    if (const auto record = ledger_.record_of(told.id); record && record->attempt > 0) took = record->run;
  if (took && told.attempts > 0) learn_pace(what, *took);
  note_owner(on, told.id, options);
  on.turn.noted.call = told.id.to_string();
  on.turn.noted.outcome = told.outcome ? holdfast::to_string(*told.outcome) : "detached";
  if (on.turn.left()) co_return;
  http_answer answered = answer_of(told, what.of->result);
  co_await answer(on.turn, std::move(answered));
}

template <class Target>
task<void> gateway::call_kept(visit& on, const Target& target, const served_export& what,
                              wit::arguments arguments, const call_options& options, const call_wish& wish) {
  const auto claim = [&] {
    const on_behalf_of whose(on.who.name);
    return target.submit(what.name, std::move(arguments), options);
  }();
  if (!claim) co_return co_await refuse(on, claim.error());
  note_owner(on, claim->id(), options);
  on.turn.noted.call = claim->id().to_string();
  const duration limit = wish.wait.value_or(duration::zero());
  reply told{.code = make_error_code(errc::detached), .id = claim->id()};
  if (limit != duration::zero()) {
    auto [code, seen] = co_await claim->async_wait(
        asio::as_tuple(asio::bind_cancellation_slot(on.turn.leaving(), use_task)), limit);
    told = std::move(seen);
  }
  on.turn.noted.outcome = told.outcome ? holdfast::to_string(*told.outcome) : "detached";
  if (on.turn.left()) co_return;
  http_answer what_became = answer_of(told, what.of->result);
  what_became.fields.emplace_back(
      "Preference-Applied",
      wish.wait ? "wait=" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count())
                : std::string("respond-async"));
  co_await answer(on.turn, std::move(what_became));
}

}  // namespace holdfast::serve
