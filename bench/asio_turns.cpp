// SPDX-License-Identifier: Apache-2.0
#include "bench/asio_turns.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;

// As callers' chain: on the heap, and passed on from handler to handler.
struct chain {
  asio::any_io_executor on;
  unsigned left;

  static void next(std::unique_ptr<chain> self) {
    const auto& on = self->on;
    asio::post(asio::bind_executor(on, [self = std::move(self)]() mutable {
      if (--self->left != 0) next(std::move(self));
    }));
  }
};

asio::awaitable<void> turn(asio::any_io_executor on, unsigned count) {
  for (unsigned i = 0; i < count; ++i) co_await asio::post(on, asio::use_awaitable);
}

void run(asio::io_context& loop) {
  loop.restart();
  loop.run();
}

}  // namespace

void turn_handlers(asio::io_context& loop, unsigned count) {
  chain::next(std::make_unique<chain>(chain{loop.get_executor(), count}));
  run(loop);
}

void turn_coroutine(asio::io_context& loop, unsigned count) {
  asio::co_spawn(loop, turn(loop.get_executor(), count), asio::detached);
  run(loop);
}

}  // namespace holdfast::bench
