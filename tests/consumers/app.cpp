// SPDX-License-Identifier: Apache-2.0
//
// A program as its author writes one who has Holdfast installed, or its sources in a folder: with either
// compiler, with exceptions and without. app ASKER ORDERS, such as guests/text/asker.wat and
// guests/orders/orders.wasm.

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/throw_exception.hpp>
#include <cstdlib>
#include <holdfast/holdfast.hpp>
#include <iostream>

namespace asio = boost::asio;
namespace hf = holdfast;
using namespace std::chrono_literals;

#ifndef __cpp_exceptions
// What Boost calls instead of throwing. A program without exceptions brings both.
namespace boost {
void throw_exception(const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  std::abort();
}
void throw_exception(const std::exception& failed, const source_location&) { throw_exception(failed); }
}  // namespace boost
#endif

namespace {

using bytes = std::vector<std::uint8_t>;
using price = hf::wit::expected<std::uint64_t, std::string>;

/// The value, or the end of this program with a sentence.
template <class T>
T had(hf::result<T> got) {
  if (got) return *std::move(got);
  std::cerr << got.error().message() << "\n";
  std::exit(1);
}

std::string shown(const price& told) {
  return told.has_value() ? std::to_string(told.value()) : told.error();
}

}  // namespace

int main(int argc, char** argv) {
  const hf::engine engine;
  hf::host host(engine);

  // What the guest asks of its host: functions with C++ types, and one that gets the call as it is.
  hf::pool_options options;
  options.functions.define("holdfast:demo/shop", "price", [](std::string item) -> price {
    if (item != "book") return hf::wit::err("no " + item);
    return hf::wit::ok(std::uint64_t{1250});
  });
  options.functions.define("holdfast:demo/shop", "add", hf::host_function([](hf::host_call call) {
                             const auto sum =
                                 call.args()[0].get<std::uint32_t>() + call.args()[1].get<std::uint32_t>();
                             std::move(call).reply(sum);
                           }));
  const hf::pool asker =
      had(host.open(had(hf::component::load(engine, argc > 1 ? argv[1] : "asker.wat")), options));
  const hf::pool shop = had(host.open(had(hf::component::load(engine, argc > 2 ? argv[2] : "orders.wasm"))));

  const auto add = had(asker.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"));
  std::cout << "typed: " << *add(2, 3) << "\n";
  const auto ask = had(asker.function<price(std::string_view)>("price"));
  std::cout << "typed: " << shown(*ask.call({.wait = 10s}, "book")) << ", " << shown(*ask("spoon")) << "\n";
  const auto echo = had(shop.function<bytes(bytes)>("echo"));
  std::cout << "typed: " << echo(bytes(1000, 7))->size() << " bytes\n";
  std::cout << "not so: "
            << asker.function<std::string(std::uint32_t, std::uint32_t)>("add").error().message() << "\n";

  const hf::reply told = asker.call("add", hf::args(20U, 22U), {.wait = 10s});
  std::cout << "untyped: " << told.value->get<std::uint32_t>() << "\n";
  const hf::reply refused = asker.call("subtract", hf::args(20U, 22U));
  std::cout << "no such export: " << (refused.code == hf::effect::not_executed ? "never entered" : "?")
            << "\n";

  const hf::ticket claim = had(asker.submit("add", hf::args(1U, 1U)));
  std::cout << "a ticket: " << claim.wait(10s).value->get<std::uint32_t>() << "\n";
  const auto typed_claim = had(add.submit(3, 4));
  std::cout << "a typed ticket: " << *typed_claim.wait(10s) << "\n";
  std::cout << "a future: " << asker.future_call("add", hf::args(5U, 5U)).get().value->get<std::uint32_t>()
            << "\n";

  asio::io_context loop;
  ask.async_call({.wait = 10s}, "book",
                 asio::bind_executor(loop, [](std::error_code code, hf::typed_reply<price> reply) {
                   std::cout << "a callback: " << (code ? code.message() : shown(*reply)) << "\n";
                 }));
  loop.run();
}
