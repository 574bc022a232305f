// SPDX-License-Identifier: Apache-2.0
//
// A stream of bytes to a guest: README.md.

#include <boost/asio.hpp>
#include <holdfast/holdfast.hpp>

#include "workshop.hpp"

namespace asio = boost::asio;
namespace hf = holdfast;

namespace {

asio::awaitable<void> send(hf::pool pool, std::string bytes) {
  const auto executor = co_await asio::this_coro::executor;
  // [upload]
  auto [out, in] = hf::make_byte_stream(executor);
  const hf::ticket sum = pool.submit("sum", hf::args(in)).value();
  co_await asio::async_write(out, asio::buffer(bytes), asio::use_awaitable);
  out.close();
  // [/upload]
  auto [ec, told] = co_await sum.async_wait(asio::as_tuple(asio::use_awaitable));
  must(!ec && told.value->get<std::uint32_t>() == 3 * 100'000);
}

void page() {
  asio::io_context io;
  const hf::engine engine;
  hf::host host(engine);
  const hf::pool pool = host.open(hf::component::load(engine, "pipes.wat").value()).value();
  asio::co_spawn(io, send(pool, std::string(100'000, '\3')), [](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
  });
  io.run();
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
