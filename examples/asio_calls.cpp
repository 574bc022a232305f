// SPDX-License-Identifier: Apache-2.0
//
// An event loop that calls a component, and callers who leave in the middle. asio_calls COMPONENT, such as
// build/release/guests/orders.wasm.

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <holdfast/holdfast.hpp>
#include <iostream>

namespace asio = boost::asio;
namespace hf = holdfast;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

// [call]
// The options end the waiting, or the guest; the error says whether the guest ran.
asio::awaitable<void> buy(hf::pool shop) {
  hf::call_options options{.key = "order-17", .wait = 10s, .run_limit = 2s};
  auto [ec, reply] = co_await shop.async_call("place", hf::args(17U, "book", 2U), options,
                                              asio::as_tuple(asio::use_awaitable));
  if (ec == hf::effect::not_executed) co_return;  // safe to send again
  if (ec == hf::errc::detached) std::cout << "still running as " << reply.id.to_string() << "\n";
  if (!ec) std::cout << "placed, by generation " << reply.generation << "\n";
}
// [/call]

// [leave]
// A caller with a timer of its own. What loses is cancelled, and to cancel is to leave: no guest is stopped.
asio::awaitable<void> lose_patience(hf::pool shop) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 50ms);
  auto first = co_await (shop.async_call("place-slowly", hf::args(18U, 300'000U), {}, asio::use_awaitable) ||
                         timer.async_wait(asio::use_awaitable));
  std::cout << (first.index() == 1 ? "out of patience" : "quicker than its timer") << "\n";
  // The next caller waits in the queue until the guest has come to its end, and finds its books in order.
  auto [ec, audit] = co_await shop.async_call("audit", hf::args(), {}, asio::as_tuple(asio::use_awaitable));
  const bool whole = !ec && audit.value->get<hf::wit::result_value>().is_ok();
  std::cout << (whole ? "the books add up" : "the books are broken") << ", generation " << audit.generation
            << "\n";
}
// [/leave]

int main(int argc, char** argv) try {
  asio::io_context io;
  const hf::engine engine;
  const hf::component orders = hf::component::load(engine, argc > 1 ? argv[1] : "orders.wasm").value();
  hf::host host(engine, {.callbacks = io.get_executor()});  // for handlers without an executor of their own
  const hf::pool shop = host.open(orders).value();

  asio::co_spawn(io, buy(shop), asio::detached);
  io.run();
  io.restart();
  asio::co_spawn(io, lose_patience(shop), asio::detached);
  io.run();
  io.restart();

  shop.async_call("count", hf::args(), {}, [](std::error_code, const hf::reply& told) {
    std::cout << "a callback: " << told.value->get<std::uint64_t>() << " placed\n";
  });
  io.run();

  // An event loop that ends with calls in flight leaves them. The host brings them to their end.
  asio::io_context shorter;
  asio::co_spawn(shorter, lose_patience(shop), asio::detached);
  shorter.poll();
} catch (const std::exception& wrong) {
  std::cerr << wrong.what() << "\n";
  return 1;
}
