// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <charconv>
#include <holdfast/http_exchange.hpp>

#include "serve/ascii.hpp"
#include "serve/gateway.hpp"
#include "serve/problem.hpp"

/// Web applications: components that export `wasi:http/incoming-handler`, served as they are, streaming both
/// ways.
///
/// A client that is gone leaves its exchange; the guest goes on to its end.
namespace holdfast::serve {
namespace {

constexpr std::size_t piece_bytes = 16U << 10;

http_request_head head_of(const http_turn& turn) {
  const http_request& asked = turn.request();
  http_request_head head;
  head.method = asked.method_name;
  head.scheme = turn.encrypted() ? "https" : "http";
  head.authority = asked.host.empty() ? "localhost" : asked.host;
  head.target = asked.target;
  head.fields.reserve(asked.fields.size());
  for (const http_field& each : asked.fields)
    head.fields.push_back({std::string(each.name), std::string(each.value)});
  if (turn.traced) pass_on(*turn.traced, head.fields);
  return head;
}

// The guest's fields, but for what the connection says itself.
std::optional<std::uint64_t> take_fields(http_response_head& from, http_answer& into) {
  std::optional<std::uint64_t> length;
  for (auto& [name, value] : from.fields) {
    const std::string small = ascii::lowered(name);
    if (small == "content-length") {
      std::uint64_t bytes = 0;
      const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), bytes);
      if (failed == std::errc() && end == value.data() + value.size()) length = bytes;
      continue;
    }
    if (small == "transfer-encoding" || small == "connection" || small == "date" || small == "keep-alive")
      continue;
    into.fields.emplace_back(std::move(name), std::move(value));
  }
  return length;
}

// The request's body on its way to the guest, beside the response.
struct body_pump {
  explicit body_pump(loop_executor on) : ended(on) {}
  bool over = true;
  loop_timer ended;  // cancelled at the end
  std::array<char, piece_bytes> piece{};
};

task<void> pump(http_turn& turn, const http_exchange& to, body_pump& state, std::uint64_t most) {
  std::uint64_t all = 0;
  for (;;) {
    const http_turn::piece got = co_await turn.read_some(asio::buffer(state.piece));
    all += got.bytes;
    if (got.wrong || all > most) {
      to.fail();
      break;
    }
    if (got.bytes == 0) {
      to.end();
      break;
    }
    const auto [failed, put] =
        co_await to.async_write(asio::buffer(state.piece.data(), got.bytes), asio::as_tuple(use_task));
    if (failed) break;  // abandoned
  }
  state.over = true;
  state.ended.cancel();
}

// What there is no response of: the call's outcome says why, or the guest has said nothing.
http_answer without_response(const reply& told, const http_trouble& why) {
  if (told.code) return answer_of(told, std::nullopt);
  std::string text = why.what == http_fault::guest_error
                         ? "the application answered with the error `" + why.detail + "`"
                     : why.what == http_fault::too_large ? "the application's answer has too large a head"
                                                         : "the application returned without an answer";
  return problem_of(http_refusal(502, std::move(text)), outcome::completed, effect::executed);
}

}  // namespace

task<gateway::maybe_answer> gateway::serve_web(visit& on, std::shared_ptr<const hosted> of) {
  http_turn& turn = on.turn;
  turn.noted.component = of->settings.name;
  on.serves.reset();  // a stream goes on past many a reload
  const time_point now = time_.now();
  std::optional<duration> wait;
  if (!clients_.unlimited()) wait = turn.admitted.enter(clients_.of(turn.peer(), now), now);
  if (!wait) wait = turn.admitted.enter(of->gate, now);
  if (wait) co_return too_many("requests come more often than they may", *wait);

  const http_request& asked = turn.request();
  if (asked.framing == body_framing::length && asked.length > settings_.limits.web_body_bytes)
    co_return problem_of(http_refusal(
        413, "the body is longer than " + std::to_string(settings_.limits.web_body_bytes) + " bytes"));
  auto made = http_exchange::make(head_of(turn), asio::any_io_executor(turn.executor()));
  if (!made) co_return problem_of(made.error());
  http_exchange exchange = *std::move(made);
  call_options options;
  options.deadline = of->settings.deadline.value_or(no_limit);
  if (of->settings.run_limit) options.run_limit = *of->settings.run_limit;
  const auto claim = of->pool->serve(exchange, options);
  if (!claim) co_return problem_of(claim.error());
  turn.noted.call = claim->id();

  body_pump up(turn.executor());
  if (asked.framing == body_framing::none) {
    exchange.end();
  } else {
    up.over = false;
    asio::co_spawn(turn.executor(), pump(turn, exchange, up, settings_.limits.web_body_bytes),
                   asio::detached);
  }
  // Whatever becomes of the response: the other direction has this one's frame.
  std::exception_ptr failed;
  maybe_answer answered;
  try {
    answered = co_await give_response(turn, exchange, *claim);
  } catch (...) {
    failed = std::current_exception();
  }
  exchange.abandon();                // nothing, where the response was whole
  if (turn.left()) claim->revoke();  // one that waits; one that runs goes on
  if (!up.over) {
    turn.stop_reading();
    while (!up.over) {
      up.ended.expires_after(std::chrono::hours(24));
      co_await up.ended.async_wait(use_tuple);
    }
  }
  if (failed) std::rethrow_exception(failed);
  if (claim->phase() == call_phase::done)
    turn.noted.outcome =
        holdfast::to_string(claim->wait(duration::zero()).outcome.value_or(outcome::completed));
  co_return answered;
}

task<gateway::maybe_answer> gateway::give_response(http_turn& turn, http_exchange& exchange,
                                                   const ticket& claim) {
  auto [failed, head] =
      co_await exchange.async_head(asio::as_tuple(asio::bind_cancellation_slot(turn.leaving(), use_task)));
  if (turn.left()) co_return std::nullopt;
  if (failed || head.status < 200) {
    // The outcome is there, or about to be.
    const auto [code, told] = co_await claim.async_wait(
        asio::as_tuple(asio::bind_cancellation_slot(turn.leaving(), use_task)), no_limit);
    if (turn.left()) co_return std::nullopt;
    co_return without_response(told, exchange.trouble());
  }
  http_answer begun(head.status);
  const std::optional<std::uint64_t> length = take_fields(head, begun);
  if (!co_await turn.begin_answer(begun, length)) co_return std::nullopt;
  std::array<char, piece_bytes> piece;  // NOLINT: written before it is read
  const bool counts = length && turn.request().method != http_method::head && has_content(head.status);
  std::uint64_t sent = 0;
  for (;;) {
    const auto [over, got] = co_await exchange.async_read_some(
        asio::buffer(piece), asio::as_tuple(asio::bind_cancellation_slot(turn.leaving(), use_task)));
    if (turn.left()) co_return std::nullopt;
    sent += got;
    const bool ended = over == asio::error::eof;
    // A body of another length than was told would be read as the next answer.
    if ((over && !ended) || (counts && (sent > *length || (ended && sent != *length)))) {
      turn.abort_answer();
      co_return std::nullopt;
    }
    if (ended) break;
    if (!co_await turn.write(asio::buffer(piece.data(), got))) co_return std::nullopt;
  }
  co_await turn.end_answer();
  co_return std::nullopt;
}

}  // namespace holdfast::serve
