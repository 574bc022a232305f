// SPDX-License-Identifier: Apache-2.0
//
// What a component imports of its embedder: docs/guides/host-functions.md.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <holdfast/holdfast.hpp>
#include <thread>

#include "workshop.hpp"

namespace asio = boost::asio;
namespace hf = holdfast;
using namespace std::chrono_literals;
using price = hf::wit::expected<std::uint64_t, std::string>;

namespace {

std::atomic<bool> was_asked = false;

hf::result<hf::pool> asker(hf::host& host, const hf::component& asks, hf::imports functions) {
  hf::pool_options options;
  options.functions = std::move(functions);
  return host.open(asks, options);
}

void plain(hf::host& host, const hf::component& asks) {
  // [plain]
  using price = hf::wit::expected<std::uint64_t, std::string>;  // result<u64, string>
  hf::imports offered;
  offered.define("holdfast:demo/shop", "price", [](std::string item) -> price {
    if (item != "book") return hf::wit::err("no " + item);  // a value: the guest is told
    return hf::wit::ok(std::uint64_t{1250});
  });
  offered.define_inline("holdfast:demo/shop", "add",
                        [](std::uint32_t a, std::uint32_t b) noexcept -> std::uint32_t { return a + b; });

  hf::pool_options options;
  options.functions = offered;  // of an actor: actor_options::functions
  const hf::pool pool = host.open(asks, options).value();
  // [/plain]
  must(pool.call<price>("price", hf::args("book")).get().value() == 1250);
  must(!pool.call<price>("price", hf::args("spoon")).get().has_value());
  must(pool.call<std::uint32_t>("add", hf::args(2U, 3U)).get() == 5);
}

void coroutine(hf::host& host, const hf::component& asks, asio::thread_pool& io) {
  hf::imports offered;
  offered.define("holdfast:demo/shop", "add", [](std::uint32_t a, std::uint32_t b) { return a + b; });
  // [coroutine]
  offered.define(
      "holdfast:demo/shop", "price",
      [](const hf::host_context& of, std::string item) -> asio::awaitable<price> {
        asio::steady_timer looking_up(co_await asio::this_coro::executor, 10s);
        boost::system::error_code ended;
        co_await looking_up.async_wait(asio::redirect_error(asio::use_awaitable, ended));
        if (of.stop_token().stop_requested())
          was_asked = true;  // the guest is to stop: nobody waits for this
        co_return hf::wit::err("no " + item);
      },
      io.get_executor());
  // [/coroutine]
  const hf::pool pool = asker(host, asks, offered).value();
  // [waits]
  const hf::reply told = pool.call("price", hf::args("book"), {.run_limit = 100ms});
  must(told.code == hf::errc::deadline_killed);  // the guest was stopped where it waited in the host
  // [/waits]
  for (int i = 0; !was_asked && i < 500; ++i) std::this_thread::sleep_for(10ms);
  must(was_asked);
  must(pool.call<std::uint32_t>("add", hf::args(2U, 3U)).get() == 5);  // the next generation
}

void throws(hf::host& host, const hf::component& asks) {
  hf::imports offered;
  offered.define("holdfast:demo/shop", "add", [](std::uint32_t a, std::uint32_t b) { return a + b; });
  // [throws]
  offered.define("holdfast:demo/shop", "price",
                 [](std::string) -> price { throw std::runtime_error("the shelf fell over"); });
  // [/throws]
  const hf::pool pool = asker(host, asks, offered).value();
  const hf::reply told = pool.call("price", hf::args("book"));
  must(told.outcome == hf::outcome::host_failed && told.code == hf::effect::executed);
  must(told.detail.find("the shelf fell over") != std::string::npos);
  must(pool.call("add", hf::args(2U, 3U)).generation == 2);
}

void wrong(hf::host& host, const hf::component& asks) {
  hf::imports offered;
  offered.define("holdfast:demo/shop", "add", [](std::uint32_t a, std::uint32_t b) { return a + b; });
  offered.define("holdfast:demo/shop", "price", [](std::uint32_t) -> price { return hf::wit::err("no"); });
  must(asker(host, asks, offered).error() == hf::errc::type_mismatch);
  must(asker(host, asks, {}).error() == hf::errc::unknown_import);
}

// [resource]
struct account {
  explicit account(std::uint64_t start) : cents(start) {}
  std::atomic<std::uint64_t> cents;
};

hf::imports accounts() {
  const char* const bank = "holdfast:demo/accounts";
  hf::imports offered;
  offered.define_resource<account>(bank, "account");
  offered.define(bank, "[constructor]account", [](hf::host_context& of, std::uint64_t start) {
    return of.give(std::make_shared<account>(start));
  });
  offered.define(bank, "[method]account.deposit",
                 [](hf::host_context& of, const hf::wit::handle& self, std::uint64_t n) {
                   return of.object<account>(self)->cents += n;
                 });
  return offered;
}
// [/resource]

void resources(hf::host& host, const hf::engine& engine) {
  hf::pool_options options;
  options.functions = accounts();
  for (const char* unused : {"close", "exchange", "total"})
    options.functions.define("holdfast:demo/accounts", unused,
                             [](hf::host_call call) { std::move(call).fail("not here"); });
  const hf::pool vault = host.open(hf::component::load(engine, "vault.wat").value(), options).value();
  must(bool(vault.call("open", hf::args(1U))));
  must(vault.call<std::uint64_t>("deposit", hf::args(std::uint64_t{7})).get() == 107);
}

void page() {
  const hf::engine engine;
  const hf::component asks = hf::component::load(engine, "asker.wat").value();
  asio::thread_pool io(1);  // outlives the host, whose functions run there
  hf::host host(engine);
  plain(host, asks);
  coroutine(host, asks, io);
  throws(host, asks);
  wrong(host, asks);
  resources(host, engine);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
