// SPDX-License-Identifier: Apache-2.0
//
// Exports as C++ functions, and a C++ coroutine as a host function. typed_calls ORDERS ASKER, such as
// build/release/guests/orders.wasm and build/release/guests/asker.wat.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe.hpp>
#include <holdfast/holdfast.hpp>
#include <iostream>

namespace asio = boost::asio;
namespace hf = holdfast;
using namespace std::chrono_literals;

// The records and variants of the component's WIT.
struct receipt {
  std::uint64_t serial, id, total;
};
BOOST_DESCRIBE_STRUCT(receipt, (), (serial, id, total))
using order_error = std::variant<std::string, std::uint32_t>;  // unknown-item(string), too-many(u32)
using placed = hf::wit::expected<receipt, order_error>;
using price = hf::wit::expected<std::uint64_t, std::string>;

int main(int argc, char** argv) try {
  asio::thread_pool io(1);  // outlives the host, whose functions run there
  const hf::engine engine;
  hf::host host(engine);

  const hf::pool shop =
      host.open(hf::component::load(engine, argc > 1 ? argv[1] : "orders.wasm").value()).value();
  // [call]
  const auto place = shop.function<placed(std::uint64_t, std::string, std::uint32_t)>("place").value();
  const auto bought = place.call({.wait = 2s}, 17, "book", 2);
  if (bought && bought->has_value()) std::cout << "two books cost " << (*bought)->total << " cents\n";
  const auto refused = place(18, "spoon", 1);  // an error of the guest's is a value
  if (refused && !refused->has_value()) std::cout << "no " << std::get<0>(refused->error()) << "s here\n";
  const auto wrong = shop.function<placed(std::uint64_t, std::string, std::string)>("place");
  std::cout << wrong.error().message() << "\n";
  // [/call]

  // [functions]
  hf::pool_options options;
  options.functions.on(io.get_executor());
  options.functions.define("holdfast:demo/shop", "add",
                           [](std::uint32_t a, std::uint32_t b) -> std::uint32_t { return a + b; });
  options.functions.define("holdfast:demo/shop", "price", [](std::string item) -> asio::awaitable<price> {
    asio::steady_timer looking_up(co_await asio::this_coro::executor, 10ms);
    co_await looking_up.async_wait(asio::use_awaitable);  // ends early when the guest is stopped
    if (item != "book") co_return hf::wit::err("no " + item);
    co_return hf::wit::ok(std::uint64_t{1250});
  });
  // [/functions]
  const hf::pool asker =
      host.open(hf::component::load(engine, argc > 2 ? argv[2] : "asker.wat").value(), options).value();
  const auto ask = asker.function<price(std::string_view)>("price").value();
  std::cout << "the guest was told " << *ask("book").get() << "\n";
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}
