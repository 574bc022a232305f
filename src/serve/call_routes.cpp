// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <exception>
#include <holdfast/actors.hpp>
#include <holdfast/pool.hpp>
#include <new>

#include "serve/ascii.hpp"
#include "serve/gateway.hpp"
#include "serve/on_behalf.hpp"
#include "serve/problem.hpp"
#include "serve/prompt_reply.hpp"
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
std::string joined(const path_list& parts, std::size_t from) {
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

// Those of a small body are read without a trip to the heap.
result<wit::arguments> read_arguments(const wit::function& of, std::string_view body) {
  std::array<unsigned char, 1024> first;  // NOLINT: written before it is read
  boost::json::monotonic_resource memory(first.data(), first.size());
  const auto json = wit::parse_json(body, &memory);
  if (!json) return json.error();
  return wit::arguments_from_json(of, *json);
}

call_options options_of(const component_settings& of, const call_wish& wish, std::string_view key) {
  call_options options;
  options.key = key;
  if (of.deadline) options.deadline = *of.deadline;
  if (of.run_limit) options.run_limit = *of.run_limit;
  if (wish.deadline) options.deadline = *wish.deadline;
  return options;
}

}  // namespace

task<gateway::maybe_answer> gateway::call_pool(visit& on) {
  if (on.method != http_method::post) return at_once(allow_only(on, "POST"));
  const hosted* const of = on.serves->peek(on.path[2]);
  if (of == nullptr || !of->pool)
    return at_once(
        problem_of(error(errc::no_such_export,
                         of == nullptr ? "there is no component `" + on.path[2] + "`"
                                       : "`" + on.path[2] + "` has actors: they are called at /v1/actors")));
  return call<const holdfast::pool&>(on, *of, *of->pool, 3);
}

task<gateway::maybe_answer> gateway::call_actor(visit& on) {
  if (on.method != http_method::post) return at_once(allow_only(on, "POST"));
  const hosted* const of = on.serves->peek(on.path[2]);
  if (of == nullptr || !of->actors)
    return at_once(
        problem_of(error(errc::no_such_export,
                         of == nullptr ? "there is no component `" + on.path[2] + "`"
                                       : "`" + on.path[2] + "` has no actors: it is called at /v1/call")));
  auto which = of->actors->at(on.path[3]);
  if (!which) return at_once(problem_of(which.error()));
  return call<actor>(on, *of, *std::move(which), 4);
}

// What keeps a request from being a call before its body is read.
gateway::maybe_answer gateway::admit(visit& on, const hosted& of) {
  if (!is_json(on.turn.request()))
    return problem_of(
        http_refusal{415, "the arguments are read from a body whose Content-Type is application/json"});
  if (clients_.unlimited() && of.gate->unlimited()) return std::nullopt;
  const time_point now = time_.now();
  if (!clients_.unlimited()) {
    const std::string& client = on.who.name.empty() ? on.turn.peer() : on.who.name;
    if (const auto wait = on.turn.admitted.enter(clients_.of(client, now), now))
      return too_many("this client calls more often than it may", *wait);
  }
  if (const auto wait = on.turn.admitted.enter(of.gate, now))
    return too_many("`" + of.settings.name + "` is called more often than it may be", *wait);
  return std::nullopt;
}

template <class Target>
task<gateway::maybe_answer> gateway::call(visit& on, const hosted& of, Target target, std::size_t name_at) {
  http_turn& turn = on.turn;
  turn.noted.component = of.settings.name;
  if (auto refusal = admit(on, of)) co_return refusal;
  const auto found = of.exports->find(joined(on.path, name_at));
  if (!found) co_return problem_of(found.error());
  const served_export& what = **found;
  turn.noted.function = what.name;
  const auto wish = read_call_wish(turn.request());
  if (!wish) co_return problem_of(wish.error());

  std::string kept;
  auto body = turn.take_body(settings_.limits.body_bytes);
  if (!body) {
    if (!co_await turn.read_all(kept, settings_.limits.body_bytes)) {
      if (turn.refusal().status == 0) co_return std::nullopt;
      co_return problem_of(turn.refusal());
    }
    body = kept;
  }
  auto arguments = read_arguments(*what.of, *body);
  if (!arguments) co_return problem_of(arguments.error());

  // Keys belong to whoever sent them.
  const std::string key =
      wish->key.empty() || on.who.name.empty() ? wish->key : on.who.name + "/" + wish->key;
  call_options options = options_of(of.settings, *wish, key);
  if (wish->wait || wish->respond_async)
    co_return co_await call_kept(on, target, what, *std::move(arguments), options, *wish);

  options.how = how_to_start(what);
  const time_point began = time_.now();  // not that of its head: its body may have come slowly
  std::optional<duration> took;
  prompt_reply waited(turn.executor());
  {
    const on_behalf_of whose(on.who.name);
    target.async_call(what.name, *std::move(arguments), options, waited.handler(turn.when_left()));
    // Whom it is over for cannot leave it: nothing is armed that would have to be disarmed.
    if (whose.done()) took = time_.now() - began;
  }
  if (!waited.told()) {
    // Memory that cannot be had ends the process, as within the initiation: the call goes on, and its reply
    // would be told to a frame that is gone.
    try {
      if (!took) turn.watch();
      co_await waited.wait();
    } catch (const std::bad_alloc&) {
      std::terminate();
    }
  }
  const reply& told = *waited.told();
  // It may have waited for an instance, which says nothing of the export: else a crowd once met would keep
  // all that come after on the longer way.
  if (!took)
    if (const auto record = ledger_.record_of(told.id); record && record->attempt > 0) took = record->run;
  if (took && told.attempts > 0) learn_pace(what, *took);
  note_owner(on, told.id, options);
  turn.noted.call = told.id;
  turn.noted.outcome = word_of(told);
  if (turn.left()) co_return std::nullopt;
  co_return answer_of(told, what.of->result);
}

// With a key it may be a call that was asked for before, in another life of the server too.
void gateway::note_owner(const visit& on, const call_id& call, const call_options& options) {
  if (!on.who.name.empty() && !options.key.empty() && call != call_id())
    ledger_.note_owner(call, on.who.name);
}

template <class Target>
task<gateway::maybe_answer> gateway::call_kept(visit& on, const Target& target, const served_export& what,
                                               wit::arguments arguments, const call_options& options,
                                               const call_wish& wish) {
  const auto claim = [&] {
    const on_behalf_of whose(on.who.name);
    return target.submit(what.name, std::move(arguments), options);
  }();
  if (!claim) co_return problem_of(claim.error());
  note_owner(on, claim->id(), options);
  on.turn.noted.call = claim->id();
  const duration limit = wish.wait.value_or(duration::zero());
  reply told{.code = make_error_code(errc::detached), .id = claim->id()};
  if (limit != duration::zero()) {
    auto [code, seen] = co_await claim->async_wait(
        asio::as_tuple(asio::bind_cancellation_slot(on.turn.leaving(), use_task)), limit);
    told = std::move(seen);
  }
  on.turn.noted.outcome = word_of(told);
  if (on.turn.left()) co_return std::nullopt;
  http_answer what_became = answer_of(told, what.of->result);
  what_became.fields.emplace_back(
      "Preference-Applied",
      wish.wait ? "wait=" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count())
                : std::string("respond-async"));
  co_return what_became;
}

}  // namespace holdfast::serve
