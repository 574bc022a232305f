// SPDX-License-Identifier: Apache-2.0
//
// An HTTP service whose handler awaits a component, and a client who leaves in the middle and asks again.
// http_service COMPONENT, such as build/release/guests/orders.wasm. It asks itself, and ends.

#include <array>
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/beast.hpp>
#include <holdfast/holdfast.hpp>
#include <iostream>

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace hf = holdfast;
using asio::ip::tcp;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

// [service]
// The status says what a client has to know: whether it may ask again.
http::status status_of(const std::error_code& code) {
  if (!code) return http::status::ok;
  if (code == hf::effect::not_executed) return http::status::service_unavailable;
  if (code == hf::errc::detached) return http::status::accepted;
  return http::status::internal_server_error;  // it ran, perhaps in part
}

// PUT /18 places order 18, once, however often it is asked for: the path is the key.
asio::awaitable<void> serve(tcp::socket client, hf::pool shop) {
  boost::beast::flat_buffer buffer;
  http::request<http::empty_body> request;
  co_await http::async_read(client, buffer, request, asio::use_awaitable);
  const std::string path = request.target();
  const std::uint64_t order = std::strtoull(path.c_str() + 1, nullptr, 10);
  const hf::call_options options{.key = path, .wait = 10s, .run_limit = 5s};
  // Whichever comes first. One request a connection: what can be read now is that the client has left. That
  // takes its call back from the queue, and one that runs goes on to its end.
  auto first =
      co_await (shop.async_call("place-slowly", hf::args(order, 50'000U), options, asio::use_awaitable) ||
                client.async_wait(tcp::socket::wait_read, asio::use_awaitable));
  if (first.index() == 1) co_return;
  const std::error_code code = std::get<std::error_code>(std::get<0>(first));
  http::response<http::string_body> response(status_of(code), request.version(),
                                             code ? code.message() : "placed");
  response.prepare_payload();
  co_await http::async_write(client, response, asio::use_awaitable);
}

asio::awaitable<void> accept(tcp::acceptor& at, hf::pool shop) {
  for (;;) {
    tcp::socket client = co_await at.async_accept(asio::use_awaitable);
    asio::co_spawn(at.get_executor(), serve(std::move(client), shop), asio::detached);
  }
}
// [/service]

asio::awaitable<void> ask(tcp::acceptor& at) {
  const std::array<std::pair<std::string, bool>, 3> clients{{{"/17", false}, {"/18", true}, {"/18", false}}};
  for (const auto& [path, leaves] : clients) {
    tcp::socket server(at.get_executor());
    co_await server.async_connect(at.local_endpoint(), asio::use_awaitable);
    http::request<http::empty_body> request(http::verb::put, path, 11);
    request.prepare_payload();
    co_await http::async_write(server, request, asio::use_awaitable);
    if (leaves) continue;
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> response;
    co_await http::async_read(server, buffer, response, asio::use_awaitable);
    std::cout << "PUT " << path << ": " << response.result_int() << " " << response.body() << "\n";
  }
  at.close();
}

int main(int argc, char** argv) try {
  asio::io_context io;
  const hf::engine engine;
  hf::host host(engine);
  const auto orders = hf::component::load(engine, argc > 1 ? argv[1] : "orders.wasm");
  const hf::pool shop = host.open(orders.value()).value();
  tcp::acceptor at(io, {asio::ip::address_v4::loopback(), 0});
  asio::co_spawn(io, accept(at, shop), asio::detached);
  asio::co_spawn(io, ask(at), asio::detached);
  io.run();
  const auto count = shop.call<std::uint64_t>("count", {});
  std::cout << count.value.value_or(0) << " orders placed, generation " << count.generation << "\n";
} catch (const std::exception& wrong) {
  std::cerr << wrong.what() << "\n";
  return 1;
}
