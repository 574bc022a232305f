// SPDX-License-Identifier: Apache-2.0
#include "serve/http_server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "serve/listen_address.hpp"
#include "serve/tls_context.hpp"

namespace holdfast::serve {
namespace {

constexpr std::chrono::milliseconds sweep_every(50);
constexpr std::chrono::milliseconds after_failed_accept(100);

}  // namespace

struct http_server::loop {
  asio::io_context context{1};
  asio::executor_work_guard<loop_executor> work = asio::make_work_guard(context);
  serve::connections live;
  loop_timer tick{context.get_executor()};
  loop_timer room{context.get_executor()};  // of the loop that accepts: whoever waits for a connection to end
  std::thread thread;
};

http_server::http_server(const server_settings& settings, http_handler& handler,
                         const core::time_source& time)
    : settings_(settings), handler_(handler), time_(time) {}

http_server::~http_server() { stop(); }

result<void> http_server::start() {
  if (settings_.tls) {
    auto made = make_tls_context(*settings_.tls);
    if (!made) return made.error();
    tls_ = *std::move(made);
  }
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < (settings_.threads != 0 ? settings_.threads : cores); ++i)
    loops_.push_back(std::make_unique<loop>());
  std::vector<listen_address> wanted = settings_.listen;
  if (wanted.empty()) wanted.push_back(parse_listen_address("127.0.0.1:8080").value());
  for (const listen_address& each : wanted) {
    auto opened = listener::open(each, loops_.front()->context);
    if (!opened) return opened.error();
    for (auto& one : *opened) listeners_.push_back(std::move(one));
  }
  for (const auto& each : listeners_)
    asio::co_spawn(loops_.front()->context, accept(*loops_.front(), *each), asio::detached);
  for (const auto& each : loops_) {
    asio::co_spawn(each->context, sweep(*each), asio::detached);
    each->thread = std::thread([&context = each->context] { context.run(); });
  }
  return {};
}

std::vector<listen_address> http_server::addresses() const {
  std::vector<listen_address> all;
  for (const auto& each : listeners_) all.push_back(each->where());
  return all;
}

result<void> http_server::renew_certificates() {
  if (!settings_.tls) return {};
  auto made = make_tls_context(*settings_.tls);
  if (!made) return made.error();
  asio::post(loops_.front()->context, [this, next = *std::move(made)] { tls_ = next; });
  return {};
}

task<void> http_server::accept(loop& on, listener& from) {
  while (!ending_) {
    if (connections_ >= settings_.limits.connections) {
      // The next one waits in the kernel until somebody has left.
      on.room.expires_after(sweep_every);
      co_await on.room.async_wait(use_tuple);
      continue;
    }
    loop& into = *loops_[next_loop_++ % loops_.size()];
    stream_socket socket(into.context.get_executor());
    asio::generic::stream_protocol::endpoint peer;
    const auto [failed] = co_await from.from().async_accept(socket, peer, use_tuple);
    if (failed) {
      if (failed == asio::error::operation_aborted || ending_) co_return;
      on.room.expires_after(after_failed_accept);  // no descriptor is left, as a rule
      co_await on.room.async_wait(use_tuple);
      continue;
    }
    if (from.tcp()) {
      const int yes = 1;
      setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    ++connections_;
    take(std::move(socket), tls_ != nullptr && from.tcp(), peer_of(peer), into);
  }
}

void http_server::take(stream_socket socket, bool tls, std::string peer, loop& into) {
  asio::post(into.context, [this, &into, with = tls ? tls_ : nullptr, peer = std::move(peer),
                            socket = std::move(socket)]() mutable {
    auto stream =
        with != nullptr ? tls_stream(std::move(socket), std::move(with)) : plain_stream(std::move(socket));
    const auto made =
        std::make_shared<connection>(connection_setting{settings_.limits, handler_, time_}, std::move(stream),
                                     std::move(peer), into.context.get_executor());
    into.live.push_back(*made);
    if (figures_ != nullptr) figures_->connection_opened();
    if (ending_) made->begin_end();
    asio::co_spawn(into.context, made->run(), [this, made](const std::exception_ptr&) {
      made->unlink();
      if (figures_ != nullptr) figures_->connection_closed();
      const std::scoped_lock lock(mutex_);
      --connections_;
      over_.notify_all();
    });
  });
}

task<void> http_server::sweep(loop& of) {
  for (;;) {
    of.tick.expires_after(sweep_every);
    const auto [failed] = co_await of.tick.async_wait(use_tuple);
    if (failed) co_return;
    const time_point now = time_.now();
    for (connection& each : of.live) each.sweep(now);
  }
}

void http_server::begin_end() {
  if (ending_.exchange(true)) return;
  if (loops_.empty()) return;
  // Whoever comes from now on is refused by the kernel.
  asio::post(loops_.front()->context, [this] {
    boost::system::error_code ignored;
    for (const auto& each : listeners_) each->from().close(ignored);
    loops_.front()->room.cancel();
  });
  for (const auto& each : loops_)
    asio::post(each->context, [&of = *each] {
      for (connection& one : of.live) one.begin_end();
    });
}

bool http_server::wait_ended(duration limit) {
  std::unique_lock lock(mutex_);
  return over_.wait_for(lock, limit, [this] { return connections_ == 0; });
}

void http_server::stop() {
  if (loops_.empty()) return;
  begin_end();
  for (const auto& each : loops_) {
    if (!each->thread.joinable()) continue;
    asio::post(each->context, [&of = *each] {
      for (connection& one : of.live) one.reset();
    });
  }
  wait_ended(std::chrono::seconds(5));
  for (const auto& each : loops_) {
    each->work.reset();
    each->context.stop();
    if (each->thread.joinable()) each->thread.join();
  }
  // Listeners are of a loop. Coroutines go with their loop, connections with their coroutine.
  listeners_.clear();
  loops_.clear();
}

}  // namespace holdfast::serve
