// SPDX-License-Identifier: Apache-2.0
//
// Calls as operations of Boost.Asio: README.md and docs/guides/asio.md.

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <holdfast/holdfast.hpp>
#include <optional>

#include "workshop.hpp"

namespace asio = boost::asio;
namespace hf = holdfast;
using namespace std::chrono_literals;

namespace {

// [buy]
asio::awaitable<void> buy(hf::pool shop) {
  hf::call_options options{.key = "order-17", .wait = 500ms, .run_limit = 2s};
  auto [ec, reply] = co_await shop.async_call("place", hf::args(17U, "book", 2U), options,
                                              asio::as_tuple(asio::use_awaitable));
  if (ec == hf::effect::not_executed) co_return;  // safe to send again
  if (ec == hf::errc::detached) std::cout << "still running as " << reply.id.to_string() << "\n";
}
// [/buy]

// [patience]
asio::awaitable<bool> within(hf::pool shop, hf::duration patience) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, patience);
  auto first = co_await (shop.async_call("place-slowly", hf::args(18U, 300'000U), {}, asio::use_awaitable) ||
                         timer.async_wait(asio::use_awaitable));
  co_return first.index() == 0;  // false: the caller has left, and the call goes on
}
// [/patience]

// [later]
asio::awaitable<void> come_back(hf::pool shop) {
  const hf::ticket kept = shop.submit("place-slowly", hf::args(19U, 1000U)).value();
  auto [ec, told] = co_await kept.async_wait(asio::as_tuple(asio::use_awaitable), 10s);
  if (ec == hf::errc::detached) co_return;  // ten seconds were not enough; `kept` may be waited for again
  must(told.outcome == hf::outcome::completed);
}
// [/later]

void slots(asio::io_context& io, const hf::pool& shop) {
  const hf::ticket busy = shop.submit("spin", hf::args(1U), {.run_limit = 500ms}).value();
  std::optional<std::error_code> heard;
  // [slot]
  asio::cancellation_signal leave;
  shop.async_call(
      "count", hf::args(), {},
      asio::bind_cancellation_slot(leave.slot(), [&](std::error_code ec, const hf::reply&) { heard = ec; }));
  leave.emit(asio::cancellation_type::terminal);
  // [/slot]
  io.restart();
  io.run();
  must(heard == hf::errc::revoked);  // it was queued
  must(busy.wait().code == hf::errc::deadline_killed);
}

void page() {
  // [loop]
  asio::io_context io;
  const hf::engine engine;
  const hf::component orders = hf::component::load(engine, "orders.wasm").value();
  hf::host host(engine, {.callbacks = io.get_executor()});  // for handlers without an executor of their own
  const hf::pool shop = host.open(orders).value();

  asio::co_spawn(io, buy(shop), asio::detached);
  io.run();
  // [/loop]
  must(shop.call("count", {}).value->get<std::uint64_t>() == 1);

  bool in_time = true;
  io.restart();
  asio::co_spawn(io, within(shop, 20ms), [&](const std::exception_ptr&, bool was) { in_time = was; });
  io.run();
  must(!in_time);
  must(shop.call("count", {}).value->get<std::uint64_t>() == 2);  // it went on to its end
  must(shop.call("count", {}).generation == 1);                   // in the instance that it began in

  io.restart();
  asio::co_spawn(io, come_back(shop), asio::detached);
  io.run();
  slots(io, shop);

  // [context-ends]
  {
    asio::io_context shorter;
    asio::co_spawn(shorter, within(shop, 10s), asio::detached);
    shorter.poll();
  }  // ends with its caller in the middle of a call, which the host brings to its end
  // [/context-ends]
  must(shop.call("count", {}).outcome == hf::outcome::completed);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
