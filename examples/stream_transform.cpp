// SPDX-License-Identifier: Apache-2.0
//
// Bytes go through a component as they come: whoever is slower sets the pace, and little lies between.
// stream_transform COMPONENT, such as build/release/guests/company-py.wasm.

#include <algorithm>
#include <array>
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <holdfast/holdfast.hpp>
#include <iostream>

namespace asio = boost::asio;
namespace hf = holdfast;
using namespace asio::experimental::awaitable_operators;

constexpr std::string_view line = "the quick brown fox\n";
constexpr std::size_t all = 20'000 * line.size();

// Stands for an upload, or a file that is read: how much the guest took. Its end is the stream's end.
asio::awaitable<std::size_t> feed(hf::byte_writer out) {
  std::size_t written = 0;
  boost::system::error_code left;  // broken_pipe: nobody reads any more
  while (written < all && !left) {
    written +=
        co_await asio::async_write(out, asio::buffer(line), asio::redirect_error(asio::use_awaitable, left));
  }
  co_return written;
}

// Stands for a download, or a file that is written. To have enough is to leave, and that ends no call.
asio::awaitable<std::size_t> drain(hf::byte_reader in, std::size_t enough) {
  std::size_t read = 0;
  std::array<char, 4096> chunk;
  boost::system::error_code over;  // eof: that was all; connection_reset: the guest was lost
  while (read < enough && !over) {
    const std::size_t got =
        co_await in.async_read_some(asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, over));
    if (read == 0) std::cout << std::string_view(chunk.data(), std::min(got, line.size()));
    read += got;
  }
  co_return read;
}

// [stream]
asio::awaitable<void> shout(hf::pool guests, std::size_t enough) {
  const auto executor = co_await asio::this_coro::executor;
  auto [out, in] = hf::make_byte_stream(executor, 16U << 10);  // bytes that wait for the guest, at most
  const auto transform = guests.function<hf::wit::readable(hf::wit::readable)>("shout").value();
  auto [ec, result] = co_await transform.async_call(in, asio::as_tuple(asio::use_awaitable));
  if (ec) co_return;
  // The call has its result, a stream, and the guest goes on: it reads, changes and writes.
  hf::byte_reader back(executor, *result);
  auto [written, read] = co_await (feed(std::move(out)) && drain(std::move(back), enough));
  std::cout << (read == all         ? "all of it came back"
                : written < all / 4 ? "the reader left, and the writer was not far ahead"
                                    : "the reader left, and the writer had not waited")
            << ", generation " << result.generation << "\n";
}
// [/stream]

int main(int argc, char** argv) try {
  const hf::engine engine;
  hf::host host(engine);
  // An interpreter takes its seconds to compile, the first time.
  const auto shouter = hf::component::load(engine, argc > 1 ? argv[1] : "company-py.wasm",
                                           {.cache = hf::default_compile_cache()});
  hf::pool_options options;  // other exports of the component would ask for this
  options.functions.define("holdfast:demo/host", "pause", [](hf::host_call) {});
  const hf::pool guests = host.open(shouter.value(), options).value();
  for (const std::size_t enough : {all, all / 100, all}) {
    asio::io_context io;
    asio::co_spawn(io, shout(guests, enough), asio::detached);
    io.run();
  }
} catch (const std::exception& wrong) {
  std::cerr << wrong.what() << "\n";
  return 1;
}
