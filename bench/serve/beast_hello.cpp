// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

/// The least that a server made with Beast does: it reads a request and answers with a text that is always
/// the same. What the gateway is compared with.
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

class connection : public std::enable_shared_from_this<connection> {
 public:
  explicit connection(tcp::socket&& from) : socket_(std::move(from)) {
    socket_.set_option(tcp::no_delay(true));
    answer_.set(http::field::content_type, "application/json");
    answer_.body() = R"({"id":"00000000000000000000000000000000","outcome":"completed","value":"hello ada"})";
    answer_.prepare_payload();
  }

  void read() {
    asked_ = {};
    http::async_read(socket_, buffer_, asked_, [self = shared_from_this()](auto failed, std::size_t) {
      if (!failed) self->write();
    });
  }

 private:
  void write() {
    http::async_write(socket_, answer_, [self = shared_from_this()](auto failed, std::size_t) {
      if (!failed) self->read();
    });
  }

  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> asked_;
  http::response<http::string_body> answer_;
};

class server {
 public:
  explicit server(std::uint16_t port) {
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
      loops_.push_back(std::make_unique<asio::io_context>(1));
    listener_.emplace(*loops_.front(), tcp::endpoint(asio::ip::address_v4::loopback(), port));
  }

  std::uint16_t port() const { return listener_->local_endpoint().port(); }

  void run() {
    accept();
    std::vector<std::jthread> threads;
    for (const auto& each : loops_)
      threads.emplace_back([&of = *each] {
        const auto work = asio::make_work_guard(of);
        of.run();
      });
  }

 private:
  // Of a connection nothing runs but on its own loop.
  void accept() {
    asio::io_context& into = *loops_[next_++ % loops_.size()];
    listener_->async_accept(into, [this, &into](auto failed, tcp::socket from) {
      if (!failed) asio::post(into, [made = std::make_shared<connection>(std::move(from))] { made->read(); });
      accept();
    });
  }

  std::vector<std::unique_ptr<asio::io_context>> loops_;
  std::optional<tcp::acceptor> listener_;
  std::size_t next_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: holdfast-beast-hello PORT\n", stderr);
    return 2;
  }
  server all(static_cast<std::uint16_t>(std::atoi(argv[1])));
  std::printf("http://127.0.0.1:%u/\n", all.port());
  std::fflush(stdout);
  all.run();
}
